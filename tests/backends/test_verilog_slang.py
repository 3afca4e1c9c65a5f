"""The Verilog target's text read by slang, which refuses what Vivado, ModelSim and Design Compiler refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lgnc.backends.artifact import Options
from lgnc.backends.verilog.emit import emit
from tests.backends.test_verilog import COMBINATIONS, network
from tests.support import random_circuit

pyslang = pytest.importorskip("pyslang")

REFUSED = {"implicit-net-port", "implicit-net", "multi-driven", "unconnected-port"}
"""Warnings of slang that other tools give as errors."""


def complaints(files: Mapping[str, bytes]) -> list[str]:
    """What slang says of all Verilog files of a folder together: its errors, and the warnings of REFUSED."""
    from pyslang import ast, syntax

    compilation = ast.Compilation()
    for path, data in sorted(files.items()):
        if path.endswith((".v", ".sv")):
            compilation.addSyntaxTree(syntax.SyntaxTree.fromText(data.decode(), path))
    engine = pyslang.DiagnosticEngine(compilation.sourceManager)
    found = compilation.getAllDiagnostics()
    return [
        engine.formatMessage(each) for each in found if each.isError() or engine.getOptionName(each.code) in REFUSED
    ]


@pytest.mark.parametrize("index", range(len(COMBINATIONS)))
def test_slang_reads_whatever_is_asked(index: int) -> None:
    """Every interface, every choice of outputs and registers; designs, wrappers and testbenches."""
    settings, dtype = COMBINATIONS[index], ("bool", "int16", "float32")[(index + index // 3) % 3]
    beat = {"beat_width": 4} if settings["interface"] == "axis" else {}
    assert complaints(emit(network(dtype), Options("net", settings | beat)).files) == []


@pytest.mark.parametrize(
    "settings",
    [{"board": "hx8k"}, {"board": "ulx3s"}, {"board": "gatemate-a1-evb"}, {}, {"interface": "axis", "registers": True}],
    ids=str,
)
def test_slang_reads_boards_and_circuits_without_a_head(settings: dict[str, Any]) -> None:
    assert complaints(emit(random_circuit(3, outputs=2), Options("net", settings)).files) == []


@pytest.mark.parametrize(
    ("file", "was", "planted", "message"),
    [
        ("net.v", "input wire clk", "input clk", "implicit net port"),
        ("net_axis.v", "input wire aresetn", "input aresetn", "implicit net port"),
        ("net_axil.v", "output wire s_axil_bvalid", "output s_axil_bvalid", "implicit net port"),
        ("net.v", "  wire g1_0 = ", "  wire later = g1_0;\n  wire g1_0 = ", "used before"),
    ],
    ids=["a port that is no net", "the same of a wrapper", "the same of an output", "used before it is declared"],
)
def test_slang_catches_what_vivado_refuses(file: str, was: str, planted: str, message: str) -> None:
    files = dict(emit(network("uint8"), Options("net", {"interface": "axis", "stages": 3, "registers": True})).files)
    text = files[file].decode()
    assert was in text
    files[file] = text.replace(was, planted, 1).encode()
    assert any(message in each for each in complaints(files))
