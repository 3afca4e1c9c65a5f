"""What cocotb runs against a simulated bus: both sides stall at random, packets are wrong, resets come in.

`buses.py` writes `case.json` and starts it; the answers in there are numpy's. Masters and sinks of AXI4-Stream and
AXI4-Lite are cocotbext-axi's.
"""

import itertools
import json
import logging
import os
import random
from collections import deque
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer

CASE: dict[str, Any] = json.loads((Path(os.environ["LGNC_FOLDER"]) / "case.json").read_text())
PERIOD = 10
"""Nanoseconds of the clock."""


def pauses(rng: random.Random) -> Any:
    """For a pause generator: how often it pauses changes now and then."""
    while True:
        often = rng.choice([0.0, 0.2, 0.7])
        for _ in range(rng.randint(5, 60)):
            yield rng.random() < often


class Board:
    """What went in since the last reset, and what of it is still to come out."""

    def __init__(self, answers: dict[int, Any]) -> None:
        self.answers, self.checked, self.resets, self.wrong_packets = answers, 0, 0, 0
        self.clear()
        self.resets = 0

    def clear(self) -> None:
        self.waiting: deque[Any] = deque()
        self.history: list[Any] = []
        self.packets = self.wrong = self.begun = 0
        self.resets += 1

    def take(self, vector: int) -> None:
        self.waiting.append(self.answers[vector])

    def give(self, answer: Any) -> None:
        assert self.waiting, "a result that no vector asked for"
        right = self.waiting.popleft()
        assert answer == right, f"{answer}, not {right}"
        self.history.append(answer)
        self.checked += 1


def results(dut: Any) -> list[int]:
    return [int(getattr(dut, port).value) for port in CASE["ports"]]


async def parallel(dut: Any, rng: random.Random, board: Board) -> None:
    """No clock: results follow the input."""
    vectors = list(board.answers)
    while board.checked < CASE["results"]:
        vector = rng.choice(vectors)
        getattr(dut, CASE["source"]).value = vector
        await Timer(1, "ns")
        board.take(vector)
        board.give(results(dut))


async def stream(dut: Any, rng: random.Random, board: Board) -> None:
    """ready and valid on both sides. What is offered stays as it is until it is taken."""
    vectors, held, source = list(board.answers), None, getattr(dut, CASE["source"])
    stalls_in, stalls_out = pauses(rng), pauses(rng)
    dut.rst.value, dut.in_valid.value, dut.out_ready.value, vector = 1, 0, 0, 0
    await ClockCycles(dut.clk, 3)
    while board.checked < CASE["results"]:
        resetting = rng.random() < 0.01
        dut.rst.value = int(resetting)
        if not int(dut.in_valid.value) and not next(stalls_in):
            vector, dut.in_valid.value = rng.choice(vectors), 1
            source.value = vector
        dut.out_ready.value = 1 - next(stalls_out)
        await FallingEdge(dut.clk)
        taken = int(dut.in_valid.value) and int(dut.in_ready.value)
        offered = results(dut) if int(dut.out_valid.value) else None
        assert held is None or offered == held, "a result changed, or went, before it was taken"
        held = offered if offered and not int(dut.out_ready.value) else None
        if resetting:
            board.clear()
            held, taken = None, 0
        elif offered and int(dut.out_ready.value):
            board.give(offered)
        if taken:
            board.take(vector)
        await RisingEdge(dut.clk)
        if taken:
            dut.in_valid.value = 0


async def serial(dut: Any, rng: random.Random, board: Board) -> None:
    """Rows by a line of two pins, with pauses, and now and then half a row that a break ends."""
    bit = CASE["divider"] * PERIOD
    octets, vectors = CASE["row_bytes"], list(board.answers)
    dut.rst.value, dut.rx.value = 1, 1
    await ClockCycles(dut.clk, 4)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 4)

    async def send(octet: int, stop: int = 1) -> None:
        for level in (0, *(octet >> k & 1 for k in range(8)), stop):
            dut.rx.value = level
            await Timer(bit, "ns")
        dut.rx.value = 1
        if not stop or rng.random() < 0.2:
            await Timer(rng.randint(1, 3) * bit, "ns")

    async def receive() -> int:
        while int(dut.tx.value):
            await FallingEdge(dut.tx)
        await Timer(bit // 2, "ns")
        levels = []
        for _ in range(9):
            await Timer(bit, "ns")
            levels.append(int(dut.tx.value))
        assert levels.pop() == 1, "no stop bit"
        return sum(level << k for k, level in enumerate(levels))

    while board.checked < CASE["results"]:
        vector = rng.choice(vectors)
        row = [vector >> 8 * k & 255 for k in range(octets)]
        if rng.random() < 0.05:
            for octet in row[: rng.randrange(octets)]:
                await send(octet)
            await send(0, stop=0)
            board.wrong_packets += 1
        board.take(vector)
        answer = cocotb.start_soon(receive())
        for octet in row:
            await send(octet)
        found = [await answer]
        while len(found) < CASE["result_bytes"]:
            found.append(await receive())
        board.give(found)


async def watch(dut: Any, board: Board, finished: list[bytes]) -> None:
    """Note every beat and every word that passes, and every reset. `clear` is the soft reset of AXI4-Lite registers."""
    beats, total, width = CASE["beats"], CASE["source_bits"], CASE["beat_width"]
    soft = getattr(dut, "clear", None)
    packet: list[int] = []
    words: list[int] = []
    bad = cut = low = False
    while True:
        await RisingEdge(dut.aclk)
        if not int(dut.aresetn.value):
            if not low:
                board.clear()
            low = True
            packet, words, bad, cut = [], [], False, False
            continue
        low = False
        if int(dut.s_axis_tvalid.value) and int(dut.s_axis_tready.value):
            board.begun += not packet
            packet.append(int(dut.s_axis_tdata.value) & (1 << width) - 1)
            bad |= bool(int(dut.s_axis_tuser.value))
            if int(dut.s_axis_tlast.value):
                board.packets += not cut
                if len(packet) == beats and not bad and not cut:
                    board.take(sum(beat << k * width for k, beat in enumerate(packet)) & (1 << total) - 1)
                elif not cut:
                    board.wrong += 1
                    board.wrong_packets += 1
                packet, bad, cut = [], False, False
        if int(dut.m_axis_tvalid.value) and int(dut.m_axis_tready.value):
            words.append(int(dut.m_axis_tdata.value))
            assert int(dut.m_axis_tkeep.value) == 15
            if int(dut.m_axis_tlast.value):
                board.give(words)
                finished.append(b"".join(word.to_bytes(4, "little") for word in words))
                words = []
        if soft is not None and int(soft.value):
            assert not words, "a soft reset cut a result"
            board.clear()
            cut = bool(packet)


async def axis(dut: Any, rng: random.Random, board: Board) -> None:
    """Packets of any length, some in error, by cocotbext-axi's source, to its sink; registers where there are some."""
    from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

    vectors, finished, octets = list(board.answers), list[bytes](), CASE["beat_bytes"]
    often = 0.004 if CASE["kind"] == "axis" else 0.001
    dut.aresetn.value = 0
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.aclk, dut.aresetn, reset_active_level=False)
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.aclk, dut.aresetn, reset_active_level=False)
    source.set_pause_generator(pauses(rng))
    sink.set_pause_generator(pauses(rng))
    await ClockCycles(dut.aclk, 3)
    cocotb.start_soon(watch(dut, board, finished))
    dut.aresetn.value = 1
    program = cocotb.start_soon(Software(dut, rng, board).run()) if CASE["kind"] == "axil" else None

    def frame() -> Any:
        vector, length = rng.choice(vectors), CASE["beats"]
        if rng.random() < 0.15:
            length = rng.randint(1, 2 * length + 2)
        beats = [
            vector >> k % CASE["beats"] * CASE["beat_width"] & (1 << CASE["beat_width"]) - 1 for k in range(length)
        ]
        error = [0] * length
        error[rng.randrange(length)] = int(rng.random() < 0.05)
        data = b"".join(beat.to_bytes(octets, "little") for beat in beats)
        return AxiStreamFrame(data, tuser=[each for each in error for _ in range(octets)])

    while board.checked < CASE["results"]:
        if source.count() < 2:
            await source.send(frame())
        await ClockCycles(dut.aclk, 4)
        if rng.random() < often:
            dut.aresetn.value = 0
            await ClockCycles(dut.aclk, rng.randint(1, 3))
            dut.aresetn.value = 1
    if program is not None:
        CASE["stop"] = True
        await program
    await ClockCycles(dut.aclk, 400 + 40 * CASE["beats"])
    assert not board.waiting, "a result did not come out"
    got = [bytes(sink.recv_nowait().tdata) for _ in range(sink.count())]
    assert got == finished, "cocotbext-axi's sink saw other packets"
    if program is not None:
        await Software(dut, rng, board).count()


class Software:
    """A program that reads and writes the AXI4-Lite registers while packets go through."""

    masters: Any = None

    def __init__(self, dut: Any, rng: random.Random, board: Board) -> None:
        from cocotbext.axi import AxiLiteBus, AxiLiteMaster

        self.dut, self.rng, self.board, self.at = dut, rng, board, CASE["registers"]
        if Software.masters is None:
            bus = AxiLiteBus.from_prefix(dut, "s_axil")
            Software.masters = AxiLiteMaster(bus, dut.aclk, dut.aresetn, reset_active_level=False)
            write, read = Software.masters.write_if, Software.masters.read_if
            for channel in (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel):
                channel.set_pause_generator(pauses(rng))

    async def read(self, name: str, count: int = 1, offset: int = 0) -> list[int] | None:
        """Words behind each other; None where a reset came in between."""
        answer = await self.masters.read(self.at[name] + offset, 4 * count)
        if answer is None:
            return None
        assert int(answer.resp) == 0, f"{name}: {answer.resp}"
        return [int.from_bytes(answer.data[4 * k : 4 * k + 4], "little") for k in range(count)]

    async def control(self, value: int) -> bool:
        answer = await self.masters.write(self.at["CONTROL"], value.to_bytes(4, "little"))
        assert answer is None or int(answer.resp) == 0
        return answer is not None

    async def run(self) -> None:
        doings = (self.constants, self.holes, self.lanes, self.hold, self.disable, self.soft_reset)
        for doing in itertools.chain.from_iterable(itertools.repeat(doings)):
            if "stop" in CASE:
                break
            await doing()
            await ClockCycles(self.dut.aclk, self.rng.randint(1, 60))
        await self.control(1)

    async def constants(self) -> None:
        for name, values in CASE["constants"].items():
            found = await self.read(name, len(values))
            assert found in (values, None), f"{name}: {found}"

    async def holes(self) -> None:
        for address in (0x3C, 0x80, self.at["RESULT"] - 4, self.at["RESULT"] + 4 * CASE["words"]):
            answer = await self.masters.read(address, 4)
            assert answer is None or (int(answer.resp), answer.data) == (2, bytes(4)), f"{address:x}"
        answer = await self.masters.write(self.at["PACKETS"], bytes(4))
        assert answer is None or int(answer.resp) == 2

    async def lanes(self) -> None:
        """Bytes beside the lowest change nothing, whatever is written there."""
        await self.masters.write(self.at["CONTROL"] + 1, bytes([255] * self.rng.randint(1, 3)))
        assert await self.read("CONTROL") in ([1], None)

    async def hold(self) -> None:
        """NUMBER, RESULT and MARGIN are of one result."""
        if not await self.control(5):
            return
        age, number = self.board.resets, await self.read("NUMBER")
        words = await self.read("RESULT", CASE["words"])
        margin = await self.read("MARGIN") if "MARGIN" in self.at else None
        again = await self.read("NUMBER")
        if number is not None and words is not None and age == self.board.resets:
            assert number == again, "a result came while RESULT was held"
            right = self.board.history[number[0] - 1] if number[0] else [0] * CASE["words"]
            assert words == right, f"result {number}: {words}, not {right}"
            if margin is not None:
                scores = sorted(word - (word >> 31 << 32) for word in right[CASE["first_score"] :])
                assert margin == [scores[-1] - scores[-2]], f"margin {margin} of {scores}"
            CASE["held"] = CASE.get("held", 0) + 1
        await self.control(1)

    async def disable(self) -> None:
        """Without ENABLE no packet begins."""
        await self.control(0)
        for _ in range(40):
            if (await self.read("STATUS") or [1])[0] & 1 == 0:
                break
        else:
            await self.control(1)
            return
        age, begun = self.board.resets, self.board.begun
        await ClockCycles(self.dut.aclk, 50)
        assert age != self.board.resets or begun == self.board.begun, "a packet began"
        await self.control(1)

    async def soft_reset(self) -> None:
        age = self.board.resets
        if not await self.control(3):
            return
        for _ in range(1000):
            found = await self.read("CONTROL")
            if found is None or not found[0] & 2:
                break
        assert self.board.resets > age, "no soft reset came"
        age = self.board.resets
        for _ in range(20 + 2 * CASE["beats"]):
            if self.board.packets or age != self.board.resets:
                return
            await ClockCycles(self.dut.aclk, 10)
        raise AssertionError("no packet went in after a soft reset")

    async def count(self) -> None:
        """When all is still, the counters are what went by."""
        board = self.board
        wanted = {"PACKETS": board.packets, "RESULTS": len(board.history), "DROPPED": board.wrong}
        for name, value in wanted.items():
            assert await self.read(name) == [value], f"{name} is not {value}"


@cocotb.test()
async def bus(dut: Any) -> None:
    rng = random.Random(CASE["seed"])
    logging.getLogger("cocotb").setLevel(logging.WARNING)
    board = Board({int(vector, 16): answer for vector, answer in CASE["answers"].items()})
    if CASE["kind"] != "parallel":
        clock = dut.aclk if CASE["kind"].startswith("axi") else dut.clk
        Clock(clock, PERIOD, "ns").start()
    runs = {"parallel": parallel, "stream": stream, "serial": serial, "axis": axis, "axil": axis}
    await runs[CASE["kind"]](dut, rng, board)
    told = f"{board.checked} results, {board.wrong_packets} wrong packets, {board.resets} resets"
    told += f", {CASE.get('held', 0)} held"
    (Path(os.environ["LGNC_FOLDER"]) / "said.txt").write_text(told)
