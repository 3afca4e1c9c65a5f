"""Structural Verilog -> Circuit: what `lgnc compile -t verilog` writes, read back from its text alone.

pyverilog parses; everything after that is here and shares nothing with the writer. Read are: modules with vector
ports, wires, registers under one clock and at most one enable, a queue of whole words, continuous assignments of
& | ^ ~^ ~ and reductions, bit and part selects, concatenations, comparisons of an input's part with a constant, and
instances joined by port names. Anything else is refused.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.files import read_file
from lgnc.ir.check import check
from lgnc.ir.circuit import Circuit, Encoder

if TYPE_CHECKING:
    from lgnc.readback.verilog_netlist import Netlist


def circuit_from_verilog(text: str, where: str = "verilog", top: str = "") -> Circuit:
    """The headless circuit of the one module that no other instantiates, over its one input that is no handshake.

    top: which one it is, in a file with more than one.

    Registers under one clock, and one enable or none, are stages of a pipeline: they are taken out once every path to
    an output is seen to cross as many of them, and so is a queue that hands on whole words of one input. The handshake
    itself is left out: a testbench covers it.
    Comparisons become the encoder: features `f0`, `f1` ... of the width that they compare, signed or not. An input
    that is never compared is as many bool features. Outputs are named PORT_BIT, `class_index` as `class_BIT`.
    Raises BadInput for what does not parse, and for every construct not named above.
    """
    from lgnc.readback.verilog_netlist import Netlist

    netlist = Netlist(where)
    try:
        outputs = _elaborate(parse(text, where), netlist, where, top)
    except RecursionError:
        raise BadInput("an expression is nested too deeply", where=where, fix="give flat Verilog") from None
    return check(netlist.circuit(outputs), where)


def parse(text: str, where: str) -> list[Any]:
    """The module definitions of a Verilog text, as pyverilog's syntax trees. Raises BadInput with the line."""
    for number, line in enumerate(text.split("\n"), 1):
        found = _DIRECTIVE.search(line.split("//")[0])
        if found is not None:
            what = f"directive '`{found[1]}' is not read back: other tools would read another design"
            raise BadInput(what, where=f"{where}:{number}", fix="give Verilog without directives")
    parser, error_type = _parser()
    parser.lexer.reset_lineno()
    try:
        return list(parser.parse(text).description.definitions)
    except error_type as error:
        message = " ".join(str(error).split())[:120]
        raise BadInput(f"does not parse as Verilog: {message}", where=where, fix="give a Verilog-2001 file") from None


_DIRECTIVE = re.compile(r"`(?!default_nettype (?:none|wire)\s*$)(\w*)")
"""A compiler directive that may change what is read."""


@cache
def _parser() -> tuple[Any, type[Exception]]:
    """pyverilog's parser and its error: building the tables takes 0.7 s, so once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        from pyverilog.vparser.parser import ParseError, VerilogParser
    with tempfile.TemporaryDirectory() as tables:
        return VerilogParser(outputdir=tables, debug=False), ParseError


def _elaborate(definitions: list[Any], netlist: Netlist, where: str, name: str) -> dict[str, list[int]]:
    """Port name -> literals, of the top module's outputs."""
    from lgnc.readback.verilog_cells import CELLS
    from lgnc.readback.verilog_module import Module

    modules: dict[str, Module] = {}
    for definition in definitions:
        if type(definition).__name__ == "Pragma":
            continue
        module = Module(definition, where)
        if module.name in modules:
            raise BadInput(f"module '{module.name}' is defined twice", where=where, fix="keep one of them")
        if module.name in CELLS:
            raise BadInput(f"module '{module.name}' has the name of an FPGA's cell", where=where, fix="rename it")
        modules[module.name] = module
    used = {name for module in modules.values() for name in module.instantiated}
    tops = [module for each, module in modules.items() if each not in used and name in ("", each)]
    if len(tops) != 1:
        names = ", ".join(module.name for module in tops) or "none"
        wanted = f"'{name}' as a" if name else "one"
        what = f"expected {wanted} top module, found {names}"
        raise BadInput(what, where=where, fix="give one design per file")
    top = tops[0]
    if top.odd is not None:
        raise top.refuse(top.odd)
    data = [port for port in top.inputs if port not in _HANDSHAKE]
    if len(data) != 1:
        what = f"top module '{top.name}' has {len(data)} inputs beside clk, rst, in_valid and out_ready, not one"
        raise BadInput(what, where=where, fix="give a file that lgnc wrote")
    inputs = {port: netlist.opaque(width) for port, width in top.inputs.items() if port in _HANDSHAKE}
    inputs[data[0]] = netlist.input_port(top.inputs[data[0]])
    results = top.evaluate(inputs, netlist, modules)
    return {port: bits for port, bits in results.items() if port not in _HANDSHAKE}


_HANDSHAKE = ("clk", "rst", "in_valid", "in_ready", "out_valid", "out_ready")


def read_back(folder: Path, name: str, circuit: Circuit) -> Circuit:
    """What the text of `NAME.v` in the folder computes, over the features of `circuit`. Raises BadInput."""
    path, encoder = folder / f"{name}.v", circuit.encoder
    text = read_file(path).decode(errors="replace")
    read = over_features(of_ports(circuit_from_verilog(text, str(path), name), circuit, str(path)), encoder)
    if read.encoder.dtype != encoder.dtype:
        raise BadInput(f"the Verilog compares bits, not features of {encoder.dtype}", where=str(path), fix=_AGAIN)
    return read


_AGAIN = "compile it again"


def of_ports(read: Circuit, circuit: Circuit, where: str) -> Circuit:
    """`read`, whose ports have the names and widths that the circuit's class, scores or outputs have in Verilog, the
    class before the scores.

    A prover only sees bits in a row. Raises BadInput for other ports.
    """
    found = dict(Counter(name.rpartition("_")[0] for name in read.output_names))
    wanted = {"outputs": len(circuit.outputs)}
    if circuit.head is not None:
        head = circuit.head
        spread = int((np.diff(head.starts) + head.offset).max()) - int(head.offset.min())
        index, score = (head.classes - 1).bit_length(), spread.bit_length()
        wanted = {"class": max(1, index), "scores": head.classes * max(1, score)}
    if not found or any(wanted.get(port) != width for port, width in found.items()):
        told = ", ".join(f"{width} bits of '{port}'" for port, width in found.items()) or "nothing"
        raise BadInput(f"gives {told}, not what the circuit has", where=where, fix=_AGAIN)
    if next(iter(found)) != "scores":
        return read
    order = sorted(range(len(read.outputs)), key=lambda k: read.output_names[k].startswith("scores_"))
    return read.with_(outputs=read.outputs[order], output_names=tuple(read.output_names[k] for k in order))


def over_features(read: Circuit, encoder: Encoder) -> Circuit:
    """`read` over the features of `encoder`, where the text alone cannot say them: their names, in the order of the
    input's bits; the comparisons where it takes the encoder's bits (`over_bits`); and all where it reads none of its
    input, whose ports are as wide as ever, or one bit for no features at all.

    What takes the features apart itself is over their bits, `NAME[bit]`. Raises BadInput when the input has another
    width, or features are compared as of another type.
    """
    own = read.encoder
    if encoder.is_float and read.inputs:
        return over_bits(read, encoder)
    width = max(1, encoder.bits if encoder.is_float else encoder.feature_bits * len(encoder.names))
    if own.feature_bits * len(own.names) != width:
        what = f"the Verilog takes {own.feature_bits * len(own.names)} bits, not the {width} of the circuit's features"
        raise BadInput(what, where="verilog", fix=_AGAIN)
    if not read.inputs:
        return read.with_(encoder=replace(encoder, feature=encoder.feature[:0], threshold=encoder.threshold[:0]))
    if own.dtype not in ("bool", encoder.dtype):
        what = f"the Verilog compares features of {own.dtype}, not of {encoder.dtype}"
        raise BadInput(what, where="verilog", fix=_AGAIN)
    if own.dtype == encoder.dtype:
        return read.with_(encoder=replace(own, names=encoder.names))
    names = tuple(f"{name}[{bit}]" for name in encoder.names for bit in range(encoder.feature_bits))
    return read.with_(encoder=replace(own, names=names))


def over_bits(read: Circuit, encoder: Encoder) -> Circuit:
    """`read`, whose input is the encoder's bits themselves, over that encoder: bit i of the input is bit i of it.

    Verilog of a network with float features takes bits; its manifest says which comparisons they are.
    Raises BadInput when the input has another number of bits.
    """
    if read.encoder.dtype != "bool" or len(read.encoder.names) != encoder.bits:
        what = f"the Verilog takes {len(read.encoder.names)} inputs, not the {encoder.bits} bits of the encoder"
        raise BadInput(what, where="verilog", fix="compile it again")
    bits = read.encoder.feature
    return read.with_(encoder=Encoder(encoder.names, encoder.dtype, encoder.feature[bits], encoder.threshold[bits]))
