"""Verilog of FPGA cells read back: each cell does what its simulation model does, and faults in the text are seen."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.backends.artifact import Options
from lgnc.backends.verilog.emit import emit
from lgnc.diagnostics import BadInput
from lgnc.flows.stations.mapped import prove_mapped
from lgnc.formats import lift
from lgnc.ir import Circuit
from lgnc.readback.verilog import circuit_from_verilog
from lgnc.toolchain import require_tool, run
from tests.arithmetic.test_head import outputs_of
from tests.support import needs, random_circuit, random_model

MODELS = (files("lgnc.backends.verilog") / "runtime" / "cells_xilinx.v").read_text("ascii")


def text_of(circuit: Circuit, **settings: Any) -> str:
    artifact = emit(circuit, Options("net", {"family": "xilinx", **settings}))
    return artifact.files["net_xilinx.v"].decode()


def top(instance: str, inputs: int, outputs: int, wires: str = "") -> str:
    return (
        f"module top(input wire [{inputs - 1}:0] x, output wire [{outputs - 1}:0] y);\n{wires}{instance}\nendmodule\n"
    )


def cells() -> list[tuple[str, str, int]]:
    rng = np.random.default_rng(0)
    made = []
    for pins in range(1, 7):
        init = f"{int.from_bytes(rng.bytes(8), 'little') % (1 << (1 << pins)):x}"
        ports = ", ".join(f".I{pin}(x[{pin}])" for pin in range(pins))
        one = f"wire o; LUT{pins} #(.INIT({1 << pins}'h{init})) t (.O(o), {ports}); assign y = {{o, ~o}};"
        made.append((f"LUT{pins}", one, pins))
        if pins == 6:
            two = f"wire o, p; LUT6_2 #(.INIT(64'h{init})) t (.O6(o), .O5(p), {ports}); assign y = {{o, p}};"
            made.append(("LUT6_2", two, 6))
    carry = (
        "wire [3:0] c, o; CARRY4 t (.CO(c), .O(o), .CI(x[0]), .CYINIT(x[1]), .DI({x[5:2]}), .S({x[9:6]}));"
        " assign y = {c, o};"
    )
    return [*made, ("CARRY4", carry, 10)]


@needs("iverilog")
@pytest.mark.parametrize(("kind", "body", "inputs"), cells(), ids=[kind for kind, *_ in cells()])
def test_each_cell_is_its_model(kind: str, body: str, inputs: int, tmp_path: Path) -> None:
    """Every value of every pin, read back and run by Icarus."""
    text = top(body, inputs, 8 if kind == "CARRY4" else 2)
    rows = (np.arange(1 << inputs)[:, None] >> np.arange(inputs) & 1).astype(np.bool_)
    bench = (
        f"module bench; reg [{inputs}:0] x; wire [7:0] y; top t (.x(x[{inputs - 1}:0]), .y(y));\n"
        f'initial for (x = 0; x < {1 << inputs}; x = x + 1) #1 $display("%b", y); endmodule\n'
    )
    (tmp_path / "x.v").write_text(
        text.replace("[1:0] y", "[7:0] y").replace("assign y = {o", "assign y = {6'b0, o") + bench
    )
    (tmp_path / "cells.v").write_text(MODELS)
    run([require_tool("iverilog"), "-g2001", "-s", "bench", "-o", "x.vvp", "x.v", "cells.v"], cwd=tmp_path)
    said = run([require_tool("vvp"), "-N", "x.vvp"], cwd=tmp_path).decode().split()
    wanted = np.array([[int(digit) for digit in reversed(line)] for line in said])
    read = circuit_from_verilog(text)
    found = outputs_of(read, rows)
    np.testing.assert_array_equal(found, wanted[:, : found.shape[1]])


@pytest.mark.parametrize(
    ("dtype", "settings"),
    [
        ("uint8", {}),
        ("int16", {"outputs": "class"}),
        ("bool", {"outputs": "scores"}),
        ("float32", {"stages": 4}),
        ("uint8", {"pipeline_depth": 1}),
    ],
    ids=str,
)
def test_what_was_written_is_read_and_proven(dtype: str, settings: dict[str, Any]) -> None:
    circuit = lift(random_model(3, dtype=dtype, layers=2))
    read = over(circuit, text_of(circuit, **settings))
    assert prove_mapped(circuit, read, 1 if "outputs" in settings else 2).equal is True


def over(circuit: Circuit, text: str) -> Circuit:
    from lgnc.readback.verilog import over_features

    return over_features(circuit_from_verilog(text), circuit.encoder)


def test_circuits_without_a_head() -> None:
    circuit = random_circuit(8, outputs=15)
    assert prove_mapped(circuit, over(circuit, text_of(circuit))).equal is True


def test_every_changed_table_is_seen() -> None:
    """A table changed where its inputs are all 0, or a chain's pins exchanged, is refuted or proven harmless."""
    circuit = lift(random_model(1, features=8, thresholds=1, layers=1, width=24, classes=3, dtype="uint8"))
    text = text_of(circuit)
    places = [match.start(1) for match in re.finditer(r"'h[0-9a-f]*([0-9a-f])\)\)", text)][::3]
    seen = 0
    for place in places:
        planted = text[:place] + f"{int(text[place], 16) ^ 1:x}" + text[place + 1 :]
        verdict = prove_mapped(circuit, over(circuit, planted), 2)
        assert verdict.equal is not None
        seen += verdict.equal is False
    assert seen > len(places) // 2
    chain = re.search(r"\.DI\(\{(.*?)\}\), \.S\(\{(.*?)\}\)", text)
    assert chain is not None
    assert chain[1] != chain[2]
    planted = text.replace(chain[0], f".DI({{{chain[2]}}}), .S({{{chain[1]}}})")
    assert prove_mapped(circuit, over(circuit, planted), 2).equal is False


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("LUT2 t (.O(y), .I0(x[0]), .I1(x[1]));", "not one INIT of 4 bits"),
        ("LUT2 #(.INIT(8'h12)) t (.O(y), .I0(x[0]), .I1(x[1]));", "not one INIT of 4 bits"),
        ("LUT2 #(.INIT(4'b1010)) t (.O(y), .I0(x[0]), .I1(x[1]));", "not one INIT of 4 bits"),
        ("LUT2 #(.INIT(4'h8), .INIT(4'h8)) t (.O(y), .I0(x[0]), .I1(x[1]));", "not one INIT of 4 bits"),
        ("LUT2 #(.INIT(4'h8)) t (.O(y), .I0(x[0]));", "leaves ports open"),
        ("LUT7 #(.INIT(4'h8)) t (.O(y), .I0(x[0]));", "parameters and arrays"),
        ("CARRY4 #(.INIT(4'h8)) t (.O(y), .CI(x[0]));", "no parameters"),
    ],
)
def test_what_is_refused(body: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        circuit_from_verilog(top(body, 2, 1))


def test_a_design_does_not_define_cells_itself() -> None:
    own = "module LUT1(output wire O, input wire I0); assign O = I0; endmodule\n"
    with pytest.raises(BadInput, match="name of an FPGA's cell"):
        circuit_from_verilog(own + top("LUT1 #(.INIT(2'h1)) t (.O(y), .I0(x[0]));", 2, 1))
