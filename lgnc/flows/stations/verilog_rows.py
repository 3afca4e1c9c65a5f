"""The station of NAME_row.v: the features that it makes of a table's cells, and the results behind it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.row import features_of
from lgnc.backends.verilog.row import ColumnPorts, column_ports, joined_row, row_bench, row_words
from lgnc.backends.verilog.testbench import VECTORS, expected, feature_words, filled, hex_lines
from lgnc.backends.verilog.text import Port, header, vector
from lgnc.backends.verilog.top import HANDSHAKE
from lgnc.diagnostics import BadInput
from lgnc.flows.row_columns import row_columns
from lgnc.flows.stations.bench import facts_of, simulate
from lgnc.flows.stations.cells import row_cells
from lgnc.flows.stations.visit import Visit
from lgnc.ir.simulate import encode
from lgnc.verify.verdict import Station


def row_module(visit: Visit) -> Station:
    """The station 'rows' of a Verilog folder."""
    _, source, results, latency, interval = facts_of(visit)
    encoder, name = visit.circuit.encoder, visit.name
    try:
        row = row_columns(visit.circuit, visit.manifest.columns, "manifest.json")
    except BadInput as error:
        return Station("rows", False, "read", str(error)[:300])
    if not row or encoder.is_float:
        return Station("rows", False, "read", "the manifest has no columns that give the design's features")
    columns = column_ports(row, encoder, name, results)
    numbers, codes, missing = row_cells(visit, row)
    missing &= np.array([column.missing for column in row])
    features = features_of(row, encoder.dtype, numbers, codes, missing)
    words = row_words(columns, numbers, codes, missing)
    with tempfile.TemporaryDirectory(prefix="lgnc-rows-") as place:
        at = Path(place)
        visit.copy(at, f"{name}.v", f"{name}_row.v", f"{name}_row.vh")
        (at / "stub.v").write_text(_stub(name, source, results, clocked=latency > 0), "ascii")
        (at / "features.v").write_text(_bench(name, columns, words.shape[1], source, len(words)), "ascii")
        _vectors(at, "features", words, feature_words(features))
        simulate(at, "tb_features", [f"{name}_row.v", "stub.v", "features.v"])
        few = np.arange(VECTORS) % len(words)
        (at / "bench.v").write_text(row_bench(name, columns, results, latency, interval), "ascii")
        _vectors(at, f"{name}_row", words[few], expected(visit.circuit, encode(encoder, features[few]), results))
        simulate(at, f"tb_{name}_row", [f"{name}_row.v", f"{name}.v", "bench.v"])
    gaps = " with missing cells" if missing.any() else ""
    told = f"features of {len(words)} rows of {len(row)} columns{gaps}, and results of {VECTORS} of them"
    return Station("rows", True, "tested", told)


def _vectors(at: Path, stem: str, words: NDArray[Any], answers: NDArray[np.bool_]) -> None:
    (at / f"{stem}_vectors.hex").write_bytes(hex_lines(words))
    (at / f"{stem}_expected.hex").write_bytes(hex_lines(answers))


def _stub(name: str, source: Port, results: Sequence[Port], *, clocked: bool) -> str:
    """A module in the design's place."""
    control = [f"{way}put wire {port}" for port, way in HANDSHAKE.items()] if clocked else []
    ports = [*control, source.declared("input"), *(port.declared("output") for port in results)]
    return "\n".join([*header(name, ports), "endmodule", ""])


def _bench(name: str, columns: Sequence[ColumnPorts], width: int, source: Port, count: int) -> str:
    """A bench that compares what the design, a stub, is given, and the codes that NAME_row.vh gives to categories."""
    words = {"NAME": "features", "COUNT": str(count), "IN": vector(width), "OUT": vector(source.width)}
    words |= {"SOURCE": "row", "WIRES": f'`include "{name}_row.vh"', "RESULT": f"dut.net.{source.name}"}
    text = filled("testbench.v.in", words | {"PORTS": joined_row(columns)}).replace(
        "  features dut", f"  {name}_row dut"
    )
    codes = [
        f"    if ({constant} !== {code}) failed = failed + 1;"
        for each in columns
        for code, constant in enumerate(each.constants)
    ]
    return text.replace("    failed = 0;\n", "\n".join(["    failed = 0;", *codes, ""]))
