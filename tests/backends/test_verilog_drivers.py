"""The programs beside the AXI4-Stream wrapper: what they pack is what the wrapper takes, and back."""

from __future__ import annotations

import ctypes
import struct
import tkinter
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.backends.artifact import Artifact, Options
from lgnc.backends.verilog.drivers import driver_files
from lgnc.backends.verilog.emit import emit
from lgnc.backends.verilog.registers import identity, register_map, thresholds_version
from lgnc.backends.verilog.text import Port
from lgnc.formats.lift import lift
from lgnc.ir import Circuit, Encoder, simulate
from lgnc.ir.simulate import encode
from lgnc.toolchain import require_tool
from lgnc.toolchain import run as run_tool
from tests.support import needs, random_circuit, random_features, random_model

CASES: list[tuple[str, dict[str, Any]]] = [
    ("int16", {"beat_width": 32}),
    ("uint8", {"beat_width": 12, "outputs": "scores"}),
    ("bool", {"beat_width": 7, "outputs": "class"}),
    ("float32", {"beat_width": 64}),
]


def circuit_of(dtype: str) -> Circuit:
    return lift(random_model(3, dtype=dtype, features=9, width=30, layers=1, classes=3))


def made(dtype: str, settings: dict[str, Any]) -> Artifact:
    return emit(circuit_of(dtype), Options("net", {"interface": "axis", **settings}))


def driver(artifact: Artifact) -> dict[str, Any]:
    module: dict[str, Any] = {}
    exec(compile(artifact.files["net_overlay.py"], "net_overlay.py", "exec"), module)
    return module


BENCH = """`default_nettype none
module bench;
  reg [WIDTH-1:0] beats [0:COUNT*BEATS-1];
  reg clk = 0, rst = 1;
  integer at = 0, file;
  wire ready, valid, last;
  wire [31:0] data;
  net_axis dut (.aclk(clk), .aresetn(~rst), .s_axis_tdata(beats[at % (COUNT*BEATS)]), .s_axis_tkeep(KEEP'd0),
    .s_axis_tvalid(!rst && at < COUNT*BEATS), .s_axis_tready(ready), .s_axis_tlast(at % BEATS == BEATS - 1),
    .s_axis_tuser(1'b0), .m_axis_tdata(data), .m_axis_tvalid(valid), .m_axis_tready(1'b1), .m_axis_tlast(last));
  initial begin
    $readmemh("beats.hex", beats);
    file = $fopen("words.hex", "w");
    repeat (4) begin #5 clk = 1; #5 clk = 0; end
    rst = 0;
    repeat (COUNT * (BEATS + 40) + 200) begin
      #4 if (valid) $fdisplay(file, "%h %d", data, last);
      if (!rst && at < COUNT*BEATS && ready) begin #1 clk = 1; #1 at = at + 1; #4 clk = 0; end
      else begin #1 clk = 1; #5 clk = 0; end
    end
    $finish;
  end
endmodule
"""


@needs("iverilog")
@pytest.mark.parametrize(("dtype", "settings"), CASES)
def test_the_overlay_talks_to_the_simulated_wrapper(dtype: str, settings: dict[str, Any], tmp_path: Path) -> None:
    circuit, artifact, count = circuit_of(dtype), made(dtype, settings), 12
    module, x = driver(artifact), random_features(circuit, count)
    rows = encode(circuit.encoder, x) if dtype == "float32" else x
    packets, octets = module["pack"](rows), module["BEAT_BYTES"]
    beats = packets.reshape(-1, octets)[:, ::-1]
    (tmp_path / "beats.hex").write_text("".join(f"{each.tobytes().hex()}\n" for each in beats))
    words = {"WIDTH": 8 * octets, "COUNT": count, "BEATS": module["BEATS"], "KEEP": octets}
    bench = BENCH
    for key, value in words.items():
        bench = bench.replace(key, str(value))
    (tmp_path / "bench.v").write_text(bench)
    for name in ("net.v", "net_axis.v"):
        (tmp_path / name).write_bytes(artifact.files[name])
    run_tool(
        [require_tool("iverilog"), "-g2001", "-o", "a", "-s", "bench", "bench.v", "net.v", "net_axis.v"], cwd=tmp_path
    )
    run_tool([require_tool("vvp"), "-N", "a"], cwd=tmp_path)
    got = [line.split() for line in (tmp_path / "words.hex").read_text().splitlines()]
    sent = np.array([int(word, 16) for word, _ in got], np.uint32).view(np.int32)
    assert [int(last) for _, last in got] == ([0] * (len(module["WORDS"]) - 1) + [1]) * count
    results = module["unpack"](sent)
    scores, classes = simulate(circuit, x)
    if "class" in results:
        assert (results["class"] == classes).all()
    if "score 0" in results:
        assert all((results[f"score {c}"] == scores[:, c]).all() for c in range(3))
    assert len(results) == len(module["WORDS"]) > 0


def board_of(module: dict[str, Any]) -> Any:
    """A net on a stand-in for PYNQ's DMA, which answers with the number of the row in its first word."""

    class Channel:
        def __init__(self) -> None:
            self.moved: list[Any] = []

        def transfer(self, buffer: Any) -> None:
            self.moved.append(np.array(buffer))
            if buffer.dtype == np.int32:
                buffer[0] = len(self.moved)

        def wait(self) -> None:
            pass

    net = module["Net"].__new__(module["Net"])
    net.dma = type("Dma", (), {"sendchannel": Channel(), "recvchannel": Channel()})()
    net.sent = np.zeros(module["BEATS"] * module["BEAT_BYTES"], np.uint8)
    net.got = np.zeros(len(module["WORDS"]), np.int32)
    return net


def test_the_overlay_moves_each_row_and_refuses_others() -> None:
    module = driver(made("int16", {}))
    net = board_of(module)
    x = random_features(circuit_of("int16"), 3)
    assert net.predict(x).tolist() == [1, 2, 3]
    assert (np.array(net.dma.sendchannel.moved) == module["pack"](x)).all()
    for wrong in (x.astype(np.int32), x[0], x[:, :4]):
        with pytest.raises(ValueError, match="rows"):
            module["pack"](wrong)


def test_a_class_is_the_first_of_the_highest_scores_or_refused() -> None:
    module = driver(made("int16", {"outputs": "scores"}))
    net = board_of(module)
    net.got[1:] = 2
    found = net.predict(random_features(circuit_of("int16"), 3))
    assert (found.tolist(), found.dtype) == ([1, 0, 0], np.int32)
    module = driver(emit(random_circuit(1), Options("net", {"interface": "axis"})))
    with pytest.raises(ValueError, match="no classes"):
        board_of(module).predict(np.zeros((1, 1)))


def compiled(folder: Path, artifact: Artifact, source: str) -> ctypes.CDLL:
    """C functions that call those of the design's headers."""
    for name in ("net_dma.h", "net_regs.h"):
        if name in artifact.files:
            (folder / name).write_bytes(artifact.files[name])
    (folder / "t.c").write_text(f'#include "net_dma.h"\n{source}')
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1", "-shared", "-fPIC"]
    run_tool([require_tool("cc"), *flags, "-o", "t.so", "t.c"], cwd=folder)
    return ctypes.CDLL(str(folder / "t.so"))


@needs("cc")
@pytest.mark.parametrize(("dtype", "settings"), CASES[:3])
def test_the_header_packs_alike_and_drives_the_registers(dtype: str, settings: dict[str, Any], tmp_path: Path) -> None:
    artifact = made(dtype, settings)
    library = compiled(
        tmp_path,
        artifact,
        "void pack(const uint8_t *bits, uint8_t *packet) { net_pack(bits, packet); }\n"
        "int start(uint32_t *dma) { return net_start(dma); }\n"
        "int row(uint32_t *dma, const uint8_t *packet, int32_t *words) { return net_row(dma, packet, words); }\n",
    )
    module = driver(artifact)
    rows: Any = random_features(circuit_of(dtype), 20)
    packets = module["pack"](rows)
    octets = [np.packbits(row, bitorder="little") if dtype == "bool" else row.view(np.uint8) for row in rows]
    for packet, octet in zip(packets, octets, strict=True):
        got = (ctypes.c_uint8 * len(packet))()
        library.pack(np.ascontiguousarray(octet).ctypes.data_as(ctypes.c_void_p), got)
        assert bytes(got) == packet.tobytes()
    dma = (ctypes.c_uint32 * 32)()
    assert library.start(dma) == -1  # A DMA that stays in its reset.
    dma[1], dma[13] = 2, 2
    assert library.row(dma, packets.ctypes.data_as(ctypes.c_void_p), None) == 0
    assert (dma[10], dma[22]) == (packets.shape[1], 4 * len(module["WORDS"]))
    dma[13] = 0x12
    assert library.row(dma, packets.ctypes.data_as(ctypes.c_void_p), None) == -1


@needs("cc")
def test_the_header_of_the_registers_knows_its_core(tmp_path: Path) -> None:
    artifact = made("uint8", {"registers": True, "beat_width": 8})
    library = compiled(
        tmp_path,
        artifact,
        "int known(uint32_t *registers) { return net_known(registers); }\n"
        "int open_(uint32_t *dma, uint32_t *registers) { return net_open(dma, registers); }\n"
        "uint32_t span(void) { return net_SPAN; }\n",
    )
    at = artifact.details["verilog"]["axil"]["registers"]
    registers, dma = (ctypes.c_uint32 * (library.span() // 4))(), (ctypes.c_uint32 * 32)()
    assert library.known(registers) == -1
    rows = register_map(artifact.details["verilog"]["axis"], identity(circuit_of("uint8"), {}))
    for offset, value in (pair for row in rows for pair in row.constants):
        registers[offset // 4] = value
    assert library.known(registers) == 0
    assert library.open_(dma, registers) == -1  # A soft reset that does not end.
    assert registers[at["CONTROL"] // 4] == 3
    for offset in (at["ID"], at["CIRCUIT"] + 28, at["THRESHOLDS"]):
        registers[offset // 4] ^= 1
        assert library.known(registers) == -1
        registers[offset // 4] ^= 1


def test_fields_are_the_bits_that_a_register_reads() -> None:
    axis = made("uint8", {"registers": True}).details["verilog"]["axis"]
    rows = [row for row in register_map(axis, identity(circuit_of("uint8"), {})) if row.fields]
    assert [row.name for row in rows] == ["CONTROL", "STATUS"]
    for row in rows:
        zeros, *bits = row.signal.strip("{}").split(", ")
        assert zeros == f"{32 - len(bits)}'d0"
        assert [(field.low, field.width) for field in row.fields] == [(k, 1) for k in range(len(bits))]


def test_thresholds_have_a_version() -> None:
    encoder = Encoder(("a", "b"), "int16", np.array([0, 1], np.int32), np.array([-5, 7]))
    data = struct.pack("<iiqq", 0, 1, -5, 7)
    assert thresholds_version(encoder) == zlib.crc32(data)
    floats = Encoder(("a", "b"), "float32", np.array([0, 1], np.int32), np.array([-0.5, 7.0]))
    assert thresholds_version(floats) == zlib.crc32(struct.pack("<iidd", 0, 1, -0.5, 7.0))


def test_the_overlay_and_the_block_design_reach_the_registers() -> None:
    artifact = made("int16", {"beat_width": 64, "registers": True})
    module, at = driver(artifact), artifact.details["verilog"]["axil"]["registers"]
    net = module["Net"].__new__(module["Net"])
    net.net = type("Ip", (), {"read": staticmethod(lambda offset: offset)})
    assert {name: net.register(name) for name in at} == at
    tcl = artifact.files["pynq_z2.tcl"].decode()
    assert "-reference net_axil net\n" in tcl
    assert "ps/S_AXI_HP0 ps/M_AXI_GP0 net/s_axil} {" in tcl
    without = made("int16", {"beat_width": 64})
    assert "s_axil" not in without.files["pynq_z2.tcl"].decode()
    net = driver(without)["Net"].__new__(driver(without)["Net"])
    net.net = None  # As `__init__` leaves it where there are no registers.
    with pytest.raises(KeyError):
        net.register("ID")


def test_the_block_design_is_tcl_and_joins_both_streams() -> None:
    """Every command is a stand-in that notes its words: the script was not run by Vivado."""
    artifact = made("int16", {"beat_width": 64})
    tcl, noted = tkinter.Tcl(), list[tuple[str, ...]]()

    def note(*words: str) -> str:
        noted.append(words)
        return words[-1]

    tcl.createcommand("unknown", note)
    tcl.eval("rename glob {}; rename file {}")
    tcl.eval(artifact.files["pynq_z2.tcl"].decode())
    joined = [words[1:] for words in noted if words[0] == "connect_bd_intf_net"]
    assert joined == [("dma/M_AXIS_MM2S", "net/s_axis"), ("net/m_axis", "dma/S_AXIS_S2MM")]
    text = " ".join(word for words in noted for word in words)
    assert "CONFIG.c_m_axis_mm2s_tdata_width 64" in text
    assert "CONFIG.c_m_axi_mm2s_data_width 64" in text
    assert "CONFIG.c_sg_length_width 16" in text
    assert sum(words[0] == "apply_bd_automation" for words in noted) == 5
    assert "pynq_z2.tcl" not in made("int16", {"beat_width": 24}).files


@pytest.mark.parametrize(("beats", "bits"), [(2**16 - 1, 16), (2**16, 17)])
def test_the_dma_counts_the_bytes_of_a_packet(beats: int, bits: int) -> None:
    axis = {"beat_width": 1, "beats": beats, "words": [{"name": "class"}]}
    files = driver_files("net", circuit_of("bool").encoder, Port("features", beats), axis, ["net.v", "net_axis.v"])
    assert f"CONFIG.c_sg_length_width {bits} " in files["pynq_z2.tcl"].decode()
