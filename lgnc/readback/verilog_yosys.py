"""Verilog -> Circuit through yosys: the second reader of emitted Verilog, which shares nothing with the first.

yosys parses, flattens and makes ANDs, inverters and flip-flops of the text, as synthesis does, and writes AIGER; what
is here reads that file, and takes a clocked design clock by clock from a reset to its result.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from lgnc.diagnostics import BadInput, Failed
from lgnc.files import read_file
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.readback.clocked_aiger import OTHER, Clocked, Clocks, clocked_aiger
from lgnc.readback.source import MOST_BYTES, bytes_of
from lgnc.readback.symbols import Symbols, word_names
from lgnc.readback.verilog import of_ports, over_bits
from lgnc.toolchain import TookTooLong, require_tool, run

_SCRIPT = """read_verilog design.v
hierarchy -check -top {top}
setattr -mod -unset keep_hierarchy
proc
flatten
setundef -undriven -anyseq
check -assert -noinit
memory_nordff
memory_map
opt_clean
techmap
dffunmap
select -set clocked w:clk %co1:+$_DFF_P_[C]
select -assert-none t:$_*DFF* t:$_*LATCH* t:$_SR* t:$_FF_ %u %u %u @clocked %d
aigmap
opt_clean
write_aiger -ascii -symbols design.aag
"""
"""Signals that nothing drives, and x, become inputs of their own; every flip-flop must be of the port `clk`'s rising
edge, because AIGER has one clock and no edges."""

_SECONDS = 600.0
_HANDSHAKE = ("clk", "rst", "in_valid", "in_ready", "out_valid", "out_ready")
_GIVEN = ("in_ready", "out_valid")
_MOST_WAIT = 16
"""Clocks after a reset within which a vector is taken."""


def read_back(
    folder: Path, name: str, circuit: Circuit, latency: int = 0, coded: tuple[str, Encoder] | None = None
) -> Circuit:
    """What the text of `NAME.v` in the folder computes, over the bits of its input port.

    The bits are bool features: those of `circuit`'s features, feature 0 lowest; or, where its features are floats, its
    encoder's bits, over these features. latency: clocks from a vector to its result, 0 for a design without a clock;
    a design whose result comes at another clock is refused. coded: another top module of the file, and the encoder
    whose bits are its input. Raises BadInput; ToolMissing without yosys; TookTooLong.
    """
    path = folder / f"{name}.v"
    top, encoder = coded or (name, circuit.encoder)
    over = coded is not None or encoder.is_float
    design = clocked_aiger(as_aiger(path, top), str(path))
    bits = encoder.bits if over else encoder.feature_bits * len(encoder.names)
    read = of_ports(_one_vector(design, max(1, bits), latency, str(path)), circuit, str(path))
    return over_bits(read, encoder) if over else read


def as_aiger(path: Path, top: str) -> bytes:
    """The ASCII AIGER file that yosys makes of a Verilog file. Raises BadInput with what yosys said."""
    text = bytes_of(path)
    yosys = require_tool("yosys")
    with tempfile.TemporaryDirectory(prefix="lgnc-yosys-") as place:
        at = Path(place)
        (at / "design.v").write_bytes(text)
        (at / "read.ys").write_text(_SCRIPT.format(top=top), "ascii")
        try:
            run([yosys, "-q", "read.ys"], cwd=at, timeout=_SECONDS)
        except TookTooLong:
            raise
        except Failed as error:
            raise BadInput(f"yosys refuses it: {error.what}"[:400], where=str(path), fix="compile it again") from None
        return read_file(at / "design.aag", MOST_BYTES)


def _one_vector(design: Clocked, width: int, latency: int, where: str) -> Circuit:
    """The outputs of a design for one vector of `width` bits, over these bits."""
    data = [port for port in design.inputs if port not in _HANDSHAKE]
    if len(data) != 1 or len(design.inputs[data[0]]) != width:
        found = ", ".join(f"'{port}' of {len(design.inputs[port])} bits" for port in data) or "nothing"
        raise BadInput(f"its input is {found}, not {width} bits", where=where, fix="compile it again")
    nothing = np.zeros(0, np.int32)
    names = tuple(f"{data[0]}[{bit}]" for bit in range(width))
    symbols = Symbols(Encoder(names, "bool", nothing, nothing.astype(np.int64)), where)
    vector = {literal >> 1: symbols.above(bit, 0) for bit, literal in enumerate(design.inputs[data[0]])}
    clocks = Clocks(design, symbols)
    at = _handed_over(clocks, vector, latency) if latency else 0
    if not latency:
        clocks.drive[0] = vector
    results = [port for port in design.outputs if port not in _HANDSHAKE]
    results.sort(key=lambda port: port != "class_index")
    literals: list[int] = []
    called: list[str] = []
    for port in results:
        literals += [clocks.value(literal, at) for literal in design.outputs[port]]
        called += word_names("class" if port == "class_index" else port, len(design.outputs[port]))
    if OTHER in literals:
        what = f"'{called[literals.index(OTHER)]}' depends on more than its vector, such as an older one"
        raise BadInput(what, where=where, fix="compile it again")
    return symbols.circuit(literals, tuple(called))


def _handed_over(clocks: Clocks, vector: dict[int, int], latency: int) -> int:
    """The clock at which the result of `vector` is handed over: `latency` after it was taken, and at no other.

    There is a reset at clock 0, then the vector waits until it is taken; results are taken at once. Whatever else comes
    at the input is OTHER.
    """
    design, where = clocks.design, clocks.symbols.where
    for port in _HANDSHAKE:
        if len((design.outputs if port in _GIVEN else design.inputs).get(port, ())) != 1:
            raise BadInput(f"it has no port '{port}' of one bit", where=where, fix="compile it again")
    rst, in_valid, out_ready = (design.inputs[port][0] >> 1 for port in ("rst", "in_valid", "out_ready"))
    (in_ready,), (out_valid,) = design.outputs["in_ready"], design.outputs["out_valid"]
    clocks.drive[0] = {rst: 1, in_valid: 0, out_ready: 0}
    taken = 1
    while True:
        clocks.drive[taken] = {**vector, rst: 0, in_valid: 1, out_ready: 1}
        clocks.forget()
        ready = clocks.value(in_ready, taken)
        if ready == 1:
            break
        if ready != 0 or taken == _MOST_WAIT:
            raise BadInput(f"in_ready is not high {taken} clocks after a reset", where=where, fix="compile it again")
        clocks.drive[taken] = {rst: 0, in_valid: 1, out_ready: 1}
        taken += 1
    for clock in range(taken + 1, taken + latency + 1):
        clocks.drive[clock] = {rst: 0, in_valid: 0, out_ready: 1}
    clocks.forget()
    for clock in range(1, taken + latency + 1):
        if clocks.value(out_valid, clock) != (clock == taken + latency):
            what = f"out_valid {clock - taken} clocks after a vector was taken is not as its latency of {latency} says"
            raise BadInput(what, where=where, fix="compile it again")
    return taken + latency
