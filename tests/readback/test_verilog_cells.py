"""Verilog of FPGA cells read back: each cell does what its simulation model does, and faults in the text are seen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.backends.artifact import Options
from lgnc.backends.verilog.emit import emit
from lgnc.backends.verilog.mapped import MAPPED, cell_models
from lgnc.diagnostics import BadInput
from lgnc.flows.stations.mapped import prove_mapped
from lgnc.formats import lift
from lgnc.ir import Circuit
from lgnc.ir.gates import TABLE
from lgnc.readback.verilog import circuit_from_verilog
from lgnc.readback.verilog_cells import lookup
from lgnc.readback.verilog_netlist import Netlist
from lgnc.toolchain import require_tool, run
from tests.arithmetic.test_head import outputs_of
from tests.support import needs, random_circuit, random_model

MODELS = {family: cell_models(family).decode("ascii") for family in MAPPED}


def text_of(circuit: Circuit, family: str = "xilinx", **settings: Any) -> str:
    artifact = emit(circuit, Options("net", {"family": family, **settings}))
    return artifact.files[f"net_{family}.v"].decode()


def top(instance: str, inputs: int, outputs: int, wires: str = "") -> str:
    return (
        f"module top(input wire [{inputs - 1}:0] x, output wire [{outputs - 1}:0] y);\n{wires}{instance}\nendmodule\n"
    )


def cells() -> list[tuple[str, str, str, int]]:
    """(family, kind, an instance that drives y, inputs)."""
    rng = np.random.default_rng(0)
    made = []
    for pins in range(1, 7):
        init = f"{int.from_bytes(rng.bytes(8), 'little') % (1 << (1 << pins)):x}"
        ports = ", ".join(f".I{pin}(x[{pin}])" for pin in range(pins))
        one = f"wire o; LUT{pins} #(.INIT({1 << pins}'h{init})) t (.O(o), {ports}); assign y = {{o, ~o}};"
        made.append(("xilinx", f"LUT{pins}", one, pins))
        if pins == 6:
            two = f"wire o, p; LUT6_2 #(.INIT(64'h{init})) t (.O6(o), .O5(p), {ports}); assign y = {{o, p}};"
            made.append(("xilinx", "LUT6_2", two, 6))
    carry = (
        "wire [3:0] c, o; CARRY4 t (.CO(c), .O(o), .CI(x[0]), .CYINIT(x[1]), .DI({x[5:2]}), .S({x[9:6]}));"
        " assign y = {c, o};"
    )
    made.append(("xilinx", "CARRY4", carry, 10))
    carry = (
        "wire [7:0] c, o; CARRY8 t (.CO(c), .O(o), .CI(x[0]), .CI_TOP(1'b0), .DI({x[4:1], x[4:1]}), .S({x[12:5]}));"
        " assign y = {c, o};"
    )
    made.append(("xilinxup", "CARRY8", carry, 13))
    return made + lattice_cells(rng)


def lattice_cells(rng: np.random.Generator) -> list[tuple[str, str, str, int]]:
    made = []
    for family, kind, parameter, names, output in (
        ("ice40", "SB_LUT4", "LUT_INIT", ("I0", "I1", "I2", "I3"), "O"),
        ("ecp5", "LUT4", "INIT", tuple("ABCD"), "Z"),
    ):
        ports = ", ".join(f".{name}(x[{pin}])" for pin, name in enumerate(names))
        init = f"16'h{int(rng.integers(1 << 16)):04x}"
        one = f"wire o; {kind} #(.{parameter}({init})) t (.{output}(o), {ports}); assign y = {{o, ~o}};"
        made.append((family, kind, one, 4))
    one = "wire o; SB_CARRY t (.CO(o), .I0(x[0]), .I1(x[1]), .CI(x[2])); assign y = {o, ~o};"
    made.append(("ice40", "SB_CARRY", one, 3))
    ports = ", ".join(f".{pin}{half}(x[{4 * half + at}])" for half in (0, 1) for at, pin in enumerate("ABCD"))
    contents = ", ".join(f".INIT{half}(16'h{int(rng.integers(1 << 16)):04x})" for half in (0, 1))
    pair = (
        f'wire s, t, c; CCU2C #({contents}, .INJECT1_0("NO"), .INJECT1_1("NO")) u '
        f"(.CIN(x[8]), {ports}, .S0(s), .S1(t), .COUT(c)); assign y = {{c, t, s}};"
    )
    return [*made, ("ecp5", "CCU2C", pair, 9)]


@needs("iverilog")
@pytest.mark.parametrize(("family", "kind", "body", "inputs"), cells(), ids=[kind for _, kind, *_ in cells()])
def test_each_cell_is_its_model(family: str, kind: str, body: str, inputs: int, tmp_path: Path) -> None:
    """Every value of every pin, read back and run by Icarus."""
    outputs = {"CARRY4": 8, "CARRY8": 16, "CCU2C": 3}.get(kind, 2)
    text = top(body, inputs, outputs)
    rows = (np.arange(1 << inputs)[:, None] >> np.arange(inputs) & 1).astype(np.bool_)
    bench = (
        f"module bench; reg [{inputs}:0] x; wire [{outputs - 1}:0] y; top t (.x(x[{inputs - 1}:0]), .y(y));\n"
        f'initial for (x = 0; x < {1 << inputs}; x = x + 1) #1 $display("%b", y); endmodule\n'
    )
    (tmp_path / "x.v").write_text(text + bench)
    (tmp_path / "cells.v").write_text(MODELS[family])
    run([require_tool("iverilog"), "-g2001", "-s", "bench", "-o", "x.vvp", "x.v", "cells.v"], cwd=tmp_path)
    said = run([require_tool("vvp"), "-N", "x.vvp"], cwd=tmp_path).decode().split()
    wanted = np.array([[int(digit) for digit in reversed(line)] for line in said])
    read = circuit_from_verilog(text)
    np.testing.assert_array_equal(outputs_of(read, rows), wanted)


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
@pytest.mark.parametrize("family", MAPPED)
def test_what_was_written_is_read_and_proven(family: str, dtype: str, settings: dict[str, Any]) -> None:
    circuit = lift(random_model(3, dtype=dtype, layers=2))
    read = over(circuit, text_of(circuit, family, **settings))
    assert prove_mapped(circuit, read, family, 1 if "outputs" in settings else 2).equal is True


def over(circuit: Circuit, text: str) -> Circuit:
    from lgnc.readback.verilog import over_features

    return over_features(circuit_from_verilog(text), circuit.encoder)


@needs("verilator")
@pytest.mark.parametrize("family", MAPPED)
def test_the_text_is_clean(family: str, tmp_path: Path) -> None:
    """Behind a handshake, with a rank at every level: nothing is unread, and widths agree."""
    (tmp_path / "net.v").write_text(text_of(lift(random_model(3, layers=2)), family, pipeline_depth=1))
    (tmp_path / "cells.v").write_text(MODELS[family])
    run([require_tool("verilator"), "--lint-only", "-Wall", "--top-module", "net", "net.v", "cells.v"], cwd=tmp_path)


@pytest.mark.parametrize("family", MAPPED)
def test_circuits_without_a_head(family: str) -> None:
    circuit = random_circuit(8, outputs=15)
    assert prove_mapped(circuit, over(circuit, text_of(circuit, family)), family).equal is True


SWAPS = {
    "xilinx": (r"\.DI\(\{(.*?)\}\), \.S\(\{(.*?)\}\)", ".DI({{{1}}}), .S({{{0}}})"),
    "xilinxup": (r"\.DI\(\{(.*?)\}\), \.S\(\{(.*?)\}\)", ".DI({{{1}}}), .S({{{0}}})"),
    "ice40": (r"\.I1\(([^)]+)\), \.CI\((c[^)]+)\)\);", ".I1({1}), .CI({1}));"),
    "ecp5": (r"\.CIN\((c[^)]+)\), \.A0\(([^)]+)\)", ".CIN({1}), .A0({1})"),
}
"""Pins of a carry cell, and others in their places."""


@pytest.mark.parametrize("family", MAPPED)
def test_every_changed_table_is_seen(family: str) -> None:
    """A table changed where its inputs are all 0, or a chain's pins exchanged, is refuted or proven harmless."""
    circuit = lift(random_model(1, features=8, thresholds=1, layers=1, width=24, classes=3, dtype="uint8"))
    text = text_of(circuit, family)
    places = [match.start(1) for match in re.finditer(r"INIT[01]?\([0-9]+'h[0-9a-f]*([0-9a-f])\)", text)][::3]
    seen = 0
    for place in places:
        planted = text[:place] + f"{int(text[place], 16) ^ 1:x}" + text[place + 1 :]
        verdict = prove_mapped(circuit, over(circuit, planted), family, 2)
        assert verdict.equal is not None
        seen += verdict.equal is False
    assert seen > len(places) // 2
    pins, other = SWAPS[family]
    chain = re.search(pins, text)
    assert chain is not None
    planted = text.replace(chain[0], other.format(chain[1], chain[2]))
    assert planted != text
    assert prove_mapped(circuit, over(circuit, planted), family, 2).equal is False


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
        ("SB_CARRY #(.INIT(4'h8)) t (.CO(y), .CI(x[0]));", "no parameters"),
        ("SB_LUT4 #(.INIT(16'h8)) t (.O(y));", "not one LUT_INIT of 16 bits"),
        ("LUT4 #(.INIT(16'h8)) t (.Z(y), .A(x[0]));", "leaves ports open"),
        ("CCU2C #(.INIT0(16'h8), .INIT1(16'h8)) t (.COUT(y));", "INJECT1_0 and 1 at NO"),
    ],
)
def test_what_is_refused(body: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        circuit_from_verilog(top(body, 2, 1))


def test_a_design_does_not_define_cells_itself() -> None:
    own = "module LUT1(output wire O, input wire I0); assign O = I0; endmodule\n"
    with pytest.raises(BadInput, match="name of an FPGA's cell"):
        circuit_from_verilog(own + top("LUT1 #(.INIT(2'h1)) t (.O(y), .I0(x[0]));", 2, 1))


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_every_table_is_read_as_it_is(count: int) -> None:
    rows = np.arange(8)
    for table in range(1 << (1 << count)):
        netlist = Netlist("net.v")
        pins = [netlist.compare([pin], False, 0) for pin in netlist.input_port(3)[:count]]
        literal = lookup(netlist, table, pins)
        values = {number: rows >> key[0] & 1 for key, number in netlist.comparisons.items()}
        for gate, (op, a, b) in enumerate(zip(netlist.op, netlist.a, netlist.b, strict=True)):
            zero = np.zeros(8, np.int64)
            values[(1 << 40) + gate] = TABLE[op, 2 * values.get(a, zero) + values.get(b, zero)].astype(np.int64)
        assert (values[literal >> 1] ^ (literal & 1) == table >> rows % (1 << count) & 1).all(), table
