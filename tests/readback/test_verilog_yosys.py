"""The second reader of Verilog: what yosys makes of a text is the circuit; faults are seen or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.arithmetic.encoder import lower_encoder
from lgnc.backends.artifact import Options
from lgnc.backends.verilog.emit import emit
from lgnc.diagnostics import BadInput
from lgnc.formats import lift
from lgnc.ir import Circuit, Encoder
from lgnc.readback.clocked_aiger import OTHER, Clocks, clocked_aiger
from lgnc.readback.symbols import Symbols
from lgnc.readback.verilog_yosys import read_back
from lgnc.verify.prove import prove
from lgnc.verify.verdict import Verdict
from tests.support import needs, random_model

COUNTER = b"aag 4 1 2 1 1\n2\n4 2\n6 4\n8\n8 6 2\ni0 d\no0 q\n"
"""q = d & (d two clocks ago)."""


def small(dtype: str = "uint8") -> Circuit:
    return lift(random_model(1, features=3, thresholds=2, layers=1, width=12, classes=3, dtype=dtype))


def proven(at: Path, circuit: Circuit, change: tuple[str, str] = ("", ""), **settings: Any) -> Verdict:
    """Whether a text, perhaps changed in one place, is the circuit that it was written from."""
    made = emit(circuit, Options("net", settings))
    text = made.files["net.v"].decode()
    assert change[0] in text
    (at / "net.v").write_text(text.replace(*change, 1))
    read = read_back(at, "net", circuit, made.details["verilog"]["latency"])
    return prove(circuit if circuit.encoder.is_float else lower_encoder(circuit), read)


@needs("yosys")
@pytest.mark.parametrize(
    ("dtype", "settings"),
    [
        ("int16", {}),
        ("float32", {"outputs": "class"}),
        ("bool", {"stages": 3}),
        ("uint8", {"popcount": "serial", "interface": "stream"}),
    ],
)
def test_what_was_written_is_read_and_proven(dtype: str, settings: dict[str, Any], tmp_path: Path) -> None:
    assert proven(tmp_path, small(dtype), **settings).equal is True


@needs("yosys")
@pytest.mark.parametrize("inputs", [1, 2])
def test_a_design_of_a_bit_or_two(inputs: int, tmp_path: Path) -> None:
    none = np.zeros(0, np.int32)
    encoder = Encoder.binary(tuple("ab"[:inputs]))
    outputs = 2 * np.arange(inputs, dtype=np.int32) + 1
    circuit = Circuit(encoder, none.astype(np.uint8), none, none, outputs, None, tuple("xy"[:inputs]))
    assert proven(tmp_path, circuit).equal is True


FAULTS = [
    ({}, ("> 8'd", ">= 8'd")),
    ({}, (" ^ ", " | ")),
    ({"popcount": "serial", "interface": "stream"}, ("count_1 + ", "count_1 - ")),
]


@needs("yosys")
@pytest.mark.parametrize(("settings", "change"), FAULTS)
def test_a_fault_is_refuted(settings: dict[str, Any], change: tuple[str, str], tmp_path: Path) -> None:
    assert proven(tmp_path, small(), change, **settings).equal is False


TOP_READY = "module net (\n  input wire clk,\n  input wire rst,\n  input wire in_valid,\n  output wire in_ready"
REFUSED = [
    ({}, ("endmodule", "endmodul"), "yosys refuses"),
    ({}, ("wire g1_0 = ", "wire g1_0; wire other = "), "more than its vector"),
    ({}, ("wire g1_0 = ", "wire g1_0 = 1'bx ^ "), "more than its vector"),
    ({"stages": 2}, (TOP_READY, TOP_READY.replace("wire in_ready", "wire [1:0] in_ready")), "'in_ready' of one bit"),
    ({"stages": 2}, ("always @(posedge clk)", "always @(negedge clk)"), "yosys refuses"),
    ({"stages": 2}, ("load | (full & ~out_ready)", "1'b1"), "latency"),
    ({"stages": 2}, ("reg ready, full", "reg ready = 1'b1; reg full"), "yosys refuses"),
    (
        {"popcount": "serial", "interface": "stream"},
        ("? literals_1 :", "? shift_1 :"),
        "more than its vector",
    ),
]


@needs("yosys")
@pytest.mark.parametrize(("settings", "change", "said"), REFUSED)
def test_what_is_no_such_design_is_refused(
    settings: dict[str, Any], change: tuple[str, str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=said):
        proven(tmp_path, small(), change, **settings)


def test_values_go_from_clock_to_clock() -> None:
    nothing = np.zeros(0, np.int32)
    symbols = Symbols(Encoder(("x", "y"), "bool", nothing, nothing.astype(np.int64)), "here")
    x, y = symbols.above(0, 0), symbols.above(1, 0)
    clocks = Clocks(clocked_aiger(COUNTER, "here"), symbols, {0: {1: x}, 1: {1: 0}, 2: {1: y}, 3: {1: 0}})
    (q,) = clocks.design.outputs["q"]
    assert [clocks.value(q, clock) for clock in (0, 1, 3)] == [OTHER, 0, 0]
    read = symbols.circuit([clocks.value(q, 2)], ("q",))
    assert (read.gates, len(read.encoder.feature)) == (1, 2)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (COUNTER.replace(b"6 4\n", b"6 4 1\n"), "initial value"),
        (COUNTER.replace(b"aag 4", b"aag 9999999999"), "damaged"),
        (COUNTER[:12], "damaged"),
        (b"", "damaged"),
    ],
)
def test_aiger_that_is_damaged_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        clocked_aiger(data, "here")
