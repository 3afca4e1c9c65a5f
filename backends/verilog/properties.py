"""Assertions beside a clocked design, and what proves them: `TOP_props.sv`, a yosys script and a SymbiYosys file.

The sections of gates are cut out, so that a proof does not grow with them: what they make is free. It grows with ranks
and, of a pipelined top, with the bits of a result.
`docs/targets-verilog.md` says what is proven, and what that leaves to the function's own proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lgnc.backends.verilog.axil import axil_words
from lgnc.backends.verilog.axis import Word, octets, wanted_word
from lgnc.backends.verilog.beats import beat_groups
from lgnc.backends.verilog.coded import Coding
from lgnc.backends.verilog.control import queue_bits
from lgnc.backends.verilog.counters import counting_clocks
from lgnc.backends.verilog.picked import Picked, picked_bit
from lgnc.backends.verilog.registers import Register
from lgnc.backends.verilog.testbench import filled
from lgnc.backends.verilog.text import Port, vector, wrapper_words
from lgnc.ir.circuit import Head

INDUCTION = 3
"""Clocks in a row that an induction may look at. Two are enough: yosys looks at an assertion a clock later."""

_CONTROL = ("valid", "ready", "full", "some", "freed", "head", "tail", "after", "room")


def stream_properties(
    top: str, source: Port, results: Sequence[Port], sections: Sequence[str], stages: int, name: str
) -> dict[str, bytes]:
    """The files for a pipelined top of the design `name`. sections: its modules of gates, without `NAME_`."""
    total, bits = sum(port.width for port in results), queue_bits(stages)
    words = {
        **wrapper_words(source, results, total),
        "NAME": top,
        "STAGES": str(stages),
        "WIDTH": str(total),
        "BITS": str(bits),
        "IN": vector(source.width),
    }
    joined = [("made", "made"), *((f"inside_{each}", f"control.{each}") for each in _CONTROL)]
    for k in range(2**bits):
        joined.append((f"inside_store[{total * (k + 1) - 1}:{total * k}]", f"control.store[{k}]"))
    return _files(top, "props.sv.in", words, _cut(top, name, sections, "made"), joined, [f"{name}.v"])


def counted_properties(
    top: str, source: Port, results: Sequence[Port], sections: Sequence[str], head: Head, name: str
) -> dict[str, bytes]:
    """The files for a top of `name` with a serial popcount. sections: what stands before it, without `NAME_`."""
    clocks = counting_clocks(head)
    runs = {c: run for c, run in enumerate((head.starts[1:] - head.starts[:-1]).tolist()) if run}
    words = {
        **wrapper_words(source, results, sum(port.width for port in results)),
        "NAME": top,
        "IN": vector(source.width),
        "COUNTBITS": str(clocks.bit_length()),
        "INSIDE": "\n".join(f"  (* keep *) wire {vector(run)}inside_shift_{c};" for c, run in runs.items()),
        "JOINED": "\n".join(f"  assign inside_shift_{c} = dut.popcount.shift_{c};" for c in runs),
        "EMPTY": "\n".join(f"          assert (due == 0 | (inside_shift_{c} >> inside_left) == 0);" for c in runs),
    }
    inside = ["left", "ready", "valid", *(f"shift_{c}" for c in runs)]
    joined = [(f"inside_{each}", f"popcount.{each}") for each in inside]
    return _files(top, "props_counted.sv.in", words, _cut(top, name, sections), joined, [f"{name}.v"])


def _cut(top: str, name: str, sections: Sequence[str], *others: str) -> list[str]:
    """Lines that read a top of the design `name` and cut its sections of gates out.

    An error where the handshake has any say in what they make, or in `others`: they must run freely.
    """
    ports = [f"{top}/w:{port}" for port in ("rst", "in_valid", "out_ready", "in_ready", "out_valid")]
    cells = [f"{top}/t:{name}_{section}" for section in sections]
    free = [*cells, *(f"{top}/w:{other}" for other in others)]
    handshake = " ".join([*ports, *["%u"] * (len(ports) - 1)])
    return [
        f"read_verilog {name}.v",
        f"hierarchy -check -top {top}",
        "proc",
        f"select -assert-none {handshake} %co* {' '.join([*free, *['%u'] * (len(free) - 1)])} %i %R",
        f"delete {' '.join(cells)}",
    ]


def _files(
    top: str,
    template: str,
    words: Mapping[str, str],
    read: Sequence[str],
    joined: Sequence[tuple[str, str]],
    sources: Sequence[str],
    clock: str = "clk",
) -> dict[str, bytes]:
    """The three files. joined: signals of the properties' module, and those of the design that they are.

    An x may be anything at any time, and all registers must be of the rising edge of `clock`: a proof by yosys takes
    each x for 0, and lets all registers step at once.
    """
    script = {
        "TOP": top,
        "CLOCK": clock,
        "READ": "\n".join(read),
        "JOIN": "\n".join(f"connect -nounset -set {own} \\dut.{other}" for own, other in joined),
        "STEPS": str(INDUCTION),
        "FILES": "\n".join([*sources, f"{top}_props.sv"]),
    }
    script["SCRIPT"] = filled("props_read.ys.in", script)
    return {
        f"{top}_props.sv": filled(template, words).encode(),
        f"{top}_props.ys": filled("props.ys.in", script).encode(),
        f"{top}_props.sby": filled("props.sby.in", script).encode(),
    }


_SLICE = (
    "ready", "valid", "spare", "last", "spare_last", "error", "spare_error", "full", "spoilt", "bad", "brim", "data",
    "spare_data", "collected", "ones",
)  # fmt: skip


def axis_properties(
    name: str,
    source: Port,
    results: Sequence[Port],
    beat: int,
    sent: Sequence[Word],
    capacity: int,
    coded: Coding | None = None,
) -> dict[str, bytes]:
    """The files for the AXI4-Stream wrapper. sent: a result's words. capacity: the most vectors in the design.
    coded: how it compares beats, if it does.
    """
    total = sum(port.width for port in results)
    beats, padded = -(-source.width // beat), 8 * octets(beat)
    several = len(sent) > 1
    picked = picked_bit(source, beats, beat, coded)
    source = coded.port if coded else source
    words = {
        **wrapper_words(source, results, total),
        "NAME": name,
        "BEAT": str(beat),
        "BEATS": str(beats),
        "DATAHIGH": str(padded - 1),
        "KEEPHIGH": str(padded // 8 - 1),
        **picked.words,
        "IN": vector(source.width),
        "SENT": str(len(sent)),
        "CAPACITY": str(capacity),
        "COUNTED": str((capacity + 8).bit_length()),
        "WORDBITS": str(max(1, len(sent).bit_length())),
        "WHOLE": "sent" if several else "result",
        "TABLE": "\n".join(wanted_word(index, word, total) for index, word in enumerate(sent)),
        "COREWIRES": "\n".join(f"  (* keep *) wire {vector(port.width)}core_{port.name};" for port in results),
        "COREPORTS": "\n".join(f"  assign core_{port.name} = dut.core.{port.name};" for port in results),
        "CORERESULT": f"{{{', '.join(f'core_{port.name}' for port in reversed(results))}}}",
        "PLACES": _place_wires(beats, picked),
        "SENDER": _sender_wires(sent, total) if several else "",
        "SENDING": _SENDING if several else "",
        "SENDERLEMMAS": _sender_lemmas(sent, total) if several else "",
    }
    read = [f"read_verilog {name}.v {name}_axis.v", f"hierarchy -check -top {name}_axis"]
    read.append(f"expose -evert -sep _ {name}_axis/c:core")
    core = ["clk", "rst", "in_valid", "in_ready", "out_valid", "out_ready", source.name, *(p.name for p in results)]
    joined = [(f"core_{each}", f"core_{each}") for each in core]
    joined += [(f"inside_{each}", each) for each in (*_SLICE, *_place_registers(beats, picked))]
    joined += picked.joined
    joined += [(f"inside_{each}", each) for each in ("busy", "word", "rest", "left") if several]
    return _files(f"{name}_axis", "props_axis.sv.in", words, read, joined, [f"{name}.v", f"{name}_axis.v"], "aclk")


def _place_registers(beats: int, picked: Picked) -> dict[str, int]:
    """The registers that say where beats go, and hold those under way -> bits."""
    groups, row = beat_groups(beats)
    if groups == 1:
        return {"slot": beats}
    return {
        "group": groups,
        "mine": groups,
        "place": row,
        "copy": picked.copied,
        "spot": groups * row,
        "ended": 1,
        "waits": 1,
    }


def _place_wires(beats: int, picked: Picked) -> str:
    """The same for the lemmas, and what they read of them: `props_slots.sv.in` says what."""
    groups, row = beat_groups(beats)
    widths = _place_registers(beats, picked)
    lines = [f"  (* keep *) wire {vector(width)}inside_{each};" for each, width in widths.items()]
    lines += ["`ifndef YOSYS", *(f"  assign inside_{each} = dut.{each};" for each in widths), "`endif"]
    lines += picked.declared
    read = filled("props_slots.sv.in" if groups == 1 else "props_groups.sv.in", {"ROW": str(row), **picked.words})
    return "\n".join([*lines, read.rstrip("\n")])


def _sender_wires(sent: Sequence[Word], total: int) -> str:
    """The signals of a sender of several words that the lemmas read."""
    count, rest = (len(sent) - 1).bit_length(), max(total - sent[0].width, sent[1].width)
    widths = {"busy": 1, "word": 32, "rest": rest, "left": count}
    lines = [f"  (* keep *) wire {vector(width)}inside_{each};" for each, width in widths.items()]
    lines += ["`ifndef YOSYS", *(f"  assign inside_{each} = dut.{each};" for each in widths), "`endif"]
    return "\n".join(lines)


_SENDING = """    busy <= rst ? 1'b0 : core_give | (busy & ~done);
    if (core_give) sent <= result;"""


def _sender_lemmas(sent: Sequence[Word], total: int) -> str:
    """What the registers of a sender of several words hold: the word that is due, and those that follow."""
    field, bits = sent[1].width, total - sent[0].width
    width = max(bits, field)
    later = f"sent[{total - 1}:{sent[0].width}]"
    later = f"{{{width - bits}'d0, {later}}}" if width > bits else later
    lines = [
        "assert (busy == inside_busy);",
        "assert (busy | number == 0);",
        "assert (~busy | inside_left + number == SENT - 1);",
        "assert (~busy | inside_word == wanted);",
        f"assert (~busy | inside_rest == ({later} >> ({field} * number)));",
    ]
    return "\n".join(f"          {line}" for line in lines)


_AXIL = {
    "open": 1, "mid": 1, "skip": 1, "shown": 1, "sending": 1, "resetting": 1, "clear": 1, "enable": 1, "hold": 1,
    "packets": 32, "results": 32, "stalled_in": 32, "stalled_out": 32, "number": 32, "bank": 1,
    "address_held": 1, "data_held": 1, "written": 3, "lane": 1, "read_held": 1, "fetched": 1, "some": 1, "word": 32,
}  # fmt: skip
"""Registers of `NAME_axil` that the lemmas read, beside those whose widths depend on the map."""


def axil_properties(name: str, axis: Mapping[str, Any], rows: Sequence[Register]) -> dict[str, bytes]:
    """The files for the AXI4-Lite registers, around an AXI4-Stream wrapper that may be any: it is cut out."""
    words = axil_words(name, axis, rows)
    padded, index, place = 8 * octets(axis["beat_width"]), int(words["INDEX"]), int(words["PLACE"])
    inside = {**_AXIL, "index": index, "write_place": place, "read_place": place}
    cells = 2 ** (index + 1)
    sides = {"s": padded, "m": 32}
    ports = {"aclk": 1, "aresetn": 1, "dropped": 32}
    for side, width in sides.items():
        ports |= {f"{side}_axis_t{each}": 1 for each in ("valid", "ready", "last")}
        ports |= {f"{side}_axis_tdata": width, f"{side}_axis_tkeep": width // 8}
    ports["s_axis_tuser"] = 1
    lines = [f"  (* keep *) wire {vector(width)}axis_{each};" for each, width in ports.items()]
    lines += [f"  (* keep *) wire {vector(width)}inside_{each};" for each, width in inside.items()]
    lines += [f"  (* keep *) wire [{32 * cells - 1}:0] inside_store;", "`ifndef YOSYS"]
    lines += [f"  assign axis_{each} = dut.axis.{each};" for each in ports]
    lines += [f"  assign inside_{each} = dut.{each};" for each in inside]
    lines += [f"  assign inside_store[{32 * k + 31}:{32 * k}] = dut.store[{k}];" for k in range(cells)]
    reads = [line.replace("value = margin", "known = 32'd0") for line in words["READS"].splitlines()]
    words |= {"WIRES": "\n".join([*lines, "`endif"]), "READS": "\n".join(reads)}
    read = [f"read_verilog {name}.v {name}_axis.v {name}_axil.v", f"hierarchy -check -top {name}_axil"]
    read.append(f"expose -evert -sep _ {name}_axil/c:axis")
    joined = [(f"axis_{each}", f"axis_{each}") for each in ports]
    joined += [(f"inside_{each}", each) for each in inside]
    joined += [(f"inside_store[{32 * k + 31}:{32 * k}]", f"store[{k}]") for k in range(cells)]
    sources = [f"{name}.v", f"{name}_axis.v", f"{name}_axil.v"]
    return _files(f"{name}_axil", "props_axil.sv.in", words, read, joined, sources, "aclk")
