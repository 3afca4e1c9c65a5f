"""NAME_row.v: a port for each column of the table in front of NAME; its testbench; codes of categories in NAME_row.vh.

A number has the features' width, a category the width of its codes; a column that had missing cells in training has a
bit more that says so. The median, or no category, then stands in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.c.row_names import as_field
from lgnc.backends.row import RowColumn, features_of, first_features
from lgnc.backends.row_names import Identifiers, constant_word, field_word
from lgnc.backends.verilog.encoder import sized
from lgnc.backends.verilog.head_comment import line_comment
from lgnc.backends.verilog.names import KEYWORDS
from lgnc.backends.verilog.testbench import (
    VECTORS,
    bits_of,
    expected,
    hex_lines,
    integer_rows,
    noise,
    testbench_text,
)
from lgnc.backends.verilog.text import Port, header, unused, vector
from lgnc.backends.verilog.top import HANDSHAKE, HANDSHAKE_PORTS, instance
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.simulate import encode


@dataclass(frozen=True)
class ColumnPorts:
    """What a column is outside. port: of its cell. missing: the name of the bit that says that it has none, or ''.
    constants: the names of a category's codes and of the code of all others; none for a number.
    """

    column: RowColumn
    port: Port
    missing: str
    constants: tuple[str, ...]

    @property
    def ports(self) -> list[Port]:
        """Both, in the order in which they are declared."""
        return [self.port, *([Port(self.missing, 1)] if self.missing else [])]


def column_ports(row: Sequence[RowColumn], encoder: Encoder, name: str, results: Sequence[Port]) -> list[ColumnPorts]:
    """Ports and constants of all columns, each name once, and none of the design's own."""
    names = Identifiers(*HANDSHAKE, "features", "net", name, f"{name}_row", *(port.name for port in results))
    ports = []
    for place, column in enumerate(row, 1):
        word = field_word(column.name, f"column_{place}")
        field = as_field(word)  # Verilator makes C++ of it
        cell = names.of(f"{field}_" if field in KEYWORDS else field)
        width = encoder.feature_bits if column.values is None else max(1, len(column.values).bit_length())
        ports.append((column, word, Port(cell, width), names.of(f"{word}_missing") if column.missing else ""))
    return [
        ColumnPorts(column, port, missing, tuple(names.of(f"{name}_{word}_{each}") for each in _listed(column)))
        for column, word, port, missing in ports
    ]


def _listed(column: RowColumn) -> tuple[str, ...]:
    return () if column.values is None else (*map(constant_word, column.values), "OTHER")


def row_files(
    circuit: Circuit,
    name: str,
    row: Sequence[RowColumn],
    source: Port,
    results: Sequence[Port],
    latency: int,
    interval: int,
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """(files, what the manifest says of them). latency, interval: of the design; latency 0 is one without a clock."""
    columns = column_ports(row, circuit.encoder, name, results)
    cells = _stimulus(circuit.encoder, row)
    features = features_of(row, circuit.encoder.dtype, *cells)
    answers = expected(circuit, encode(circuit.encoder, features), results)
    files = {
        f"{name}_row.v": _module(circuit.encoder, name, columns, source, results, clocked=latency > 0),
        f"{name}_row.vh": _constants(name, columns),
        f"tb_{name}_row.v": row_bench(name, columns, results, latency, interval),
    }
    made = {path: text.encode() for path, text in files.items()}
    made[f"{name}_row_vectors.hex"] = hex_lines(row_words(columns, *cells))
    made[f"{name}_row_expected.hex"] = hex_lines(answers)
    return made, {"top": f"{name}_row", "ports": _told(columns)}


def row_bench(name: str, columns: Sequence[ColumnPorts], results: Sequence[Port], latency: int, interval: int) -> str:
    """`tb_NAME_row.v`: the design's testbench around NAME_row, whose ports lie side by side in a word."""
    width = sum(port.width for each in columns for port in each.ports)
    text = testbench_text(f"{name}_row", Port("row", width), results, latency, interval)
    return text.replace(".row(row)", joined_row(columns))


def joined_row(columns: Sequence[ColumnPorts]) -> str:
    """Every column's ports, joined to their bits of the word `row`, the first lowest."""
    ports = [port for each in columns for port in each.ports]
    ends = np.cumsum([port.width for port in ports]).tolist()
    if ends[-1] == 1:
        return f".{ports[0].name}(row)"
    return ", ".join(f".{port.name}(row[{end - 1}:{end - port.width}])" for port, end in zip(ports, ends, strict=True))


def row_words(
    columns: Sequence[ColumnPorts], numbers: NDArray[Any], codes: NDArray[np.int64], missing: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """bool[n, bits]: the words of `joined_row`, lowest bit first, of cells as `features_of` takes them."""
    parts = []
    for place, each in enumerate(columns):
        cells = numbers[:, place].astype(np.int64) if each.column.values is None else codes[:, place]
        parts.append(bits_of(cells, each.port.width))
        if each.missing:
            parts.append(missing[:, [place]])
    return np.concatenate(parts, axis=1)


def _stimulus(encoder: Encoder, row: Sequence[RowColumn]) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.bool_]]:
    """Cells of VECTORS rows: numbers at the thresholds and anywhere, each category, every eighth missing."""
    drawn = (noise(VECTORS, len(row), 2) >> np.uint64(8)).astype(np.int64)
    codes = drawn % np.array([len(column.values or ()) + 1 for column in row])
    missing = (noise(VECTORS, len(row), 3) % np.uint64(8) == 0) & np.array([column.missing for column in row])
    return integer_rows(encoder, VECTORS)[:, first_features(row)], codes, missing


def _told(columns: Sequence[ColumnPorts]) -> list[dict[str, Any]]:
    """The ports as the manifest has them, with their places in the testbench's word."""
    told, at = [], 0
    for each in columns:
        for port in each.ports:
            entry: dict[str, Any] = {"port": port.name, "column": each.column.name, "width": port.width, "offset": at}
            if port is not each.ports[0]:
                entry["missing"] = True
            elif each.column.values is None:
                entry["median"] = each.column.median
            else:
                entry["values"] = list(each.column.values)
            told.append(entry)
            at += port.width
    return told


def _constants(name: str, columns: Sequence[ColumnPorts]) -> str:
    """NAME_row.vh."""
    lines = [
        f"// Codes of categories for the ports of {name}_row: include it in a module. Written by lgnc.",
        "// verilator lint_off UNUSEDPARAM",
    ]
    for each in columns:
        values = (*(each.column.values or ()), "any other")
        for code, (constant, value) in enumerate(zip(each.constants, values, strict=False)):
            width = each.port.width
            lines.append(f"localparam {vector(width)}{constant} = {width}'d{code}; // {line_comment(value)}")
    return "\n".join([*lines, "// verilator lint_on UNUSEDPARAM", ""])


def _module(
    encoder: Encoder,
    name: str,
    columns: Sequence[ColumnPorts],
    source: Port,
    results: Sequence[Port],
    *,
    clocked: bool,
) -> str:
    """NAME_row.v."""
    shown = [*(HANDSHAKE_PORTS if clocked else ())]
    for each in columns:
        sign = "signed " if each.column.values is None and encoder.range[0] < 0 else ""
        shown.append(f"input wire {sign}{vector(each.port.width)}{each.port.name}")
        shown += [f"input wire {each.missing}"] if each.missing else []
    shown += [port.declared("output") for port in results]
    lines = [
        f"// {name}_row: a row of the table in front of {name}, written by lgnc. {name}_row.vh names the categories.",
        *(f"// {line}" for each in columns for line in _comment(each)),
        "// verilator lint_off DECLFILENAME",
        "`default_nettype none",
        "",
        *header(f"{name}_row", shown),
        f'`include "{name}_row.vh"',
    ]
    values = [value for each in columns for value in _features(each, encoder)]
    lines += [f"  wire {vector(source.width)}features;", "  assign features = {"]
    lines += [*(f"    {value}," for value in values[:0:-1]), f"    {values[0]}", "  };"]
    joined = [(each, each) for each in (*(HANDSHAKE if clocked else ()), source.name)]
    joined += [(port.name, port.name) for port in results]
    lines += instance(name, "net", joined)
    lines += unused([each.port.name for each in columns if each.column.values == ()], "_categories")
    return "\n".join([*lines, "endmodule", "", "`default_nettype wire", ""])


def _comment(each: ColumnPorts) -> list[str]:
    """What a port is, in a line."""
    said = f"{each.port.name}: {line_comment(each.column.name)}"
    if each.column.values is not None:
        return [f"{said}, a category: {each.constants[0]} to {each.constants[-1]}"]
    return [f"{said}, a number; {each.column.median} where it is missing"]


def _features(each: ColumnPorts, encoder: Encoder) -> list[str]:
    """An expression of the features' width for every feature of a column."""
    column, width, found = each.column, encoder.feature_bits, []
    high = f"{width - 1}'d0, " if width > 1 else ""
    if column.values is None:
        median = sized(int(column.median), width, int(encoder.range[0]))
        found = [f"{each.missing} ? {median} : {each.port.name}" if each.missing else each.port.name]
    else:
        here = f" & ~{each.missing}" if each.missing else ""
        for constant in each.constants[:-1]:
            bit = f"({each.port.name} == {constant}){here}"
            found.append(f"{{{high}{bit}}}" if high else f"({bit})" if here else bit)
    if each.missing:
        found.append(f"{{{high}{each.missing}}}" if high else each.missing)
    return found
