"""The area of a whole classifier is that of its emitted design, and its clock is what its longest path says."""

from __future__ import annotations

import re

import numpy as np
import pytest

from lgnc.backends.artifact import Options
from lgnc.backends.verilog.emit import emit
from lgnc.formats.lift import lift
from lgnc.ir.circuit import Circuit, Encoder, Head
from lgnc.ir.gates import AND
from lgnc.mapping.area import classifier_area
from lgnc.mapping.costs import costs
from lgnc.mapping.families import FAMILIES
from lgnc.mapping.netlist import FABRICS
from lgnc.passes.manager import run_pipeline
from tests.support import random_model


def classifier(seed: int, dtype: str) -> Circuit:
    return run_pipeline(lift(random_model(seed, dtype=dtype)), 2)[0]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "bool"])
@pytest.mark.parametrize(("family", "chain"), [("xilinx", "CARRY4"), ("xilinxup", "CARRY8")])
def test_on_xilinx_it_is_the_cells_that_are_written(family: str, chain: str, dtype: str) -> None:
    circuit = classifier(3, dtype)
    area = classifier_area(circuit, family)
    text = emit(circuit, Options("n", {"family": family, "outputs": "class"})).files[f"n_{family}.v"].decode()
    assert area.luts == len(re.findall(r"^ *LUT[1-6](?:_2)? ", text, re.M))
    assert area.carry == len(re.findall(rf"^ *{chain} ", text, re.M)) > 0
    assert area.encoder


@pytest.mark.parametrize("family", ["ice40", "ecp5"])
def test_on_lattice_s_it_is_the_cells_that_the_mapped_form_counts(family: str) -> None:
    circuit = classifier(3, "uint8")
    area = classifier_area(circuit, family)
    mapped = emit(circuit, Options("n", {"family": family, "outputs": "class"})).details["verilog"]["mapped"]
    assert area.luts == mapped["cells"] + mapped["encoder"]["tables"]
    assert area.carry == 0


@pytest.mark.parametrize("family", ["generic", "gowin", "gatemate"])
def test_elsewhere_it_is_what_the_statistics_count(family: str) -> None:
    circuit, inputs = classifier(4, "uint8"), FAMILIES[family].inputs
    area, whole = classifier_area(circuit, family), costs(circuit)["whole"]
    assert (area.luts, area.levels) == (whole[f"lut{inputs}"], whole[f"lut{inputs}_depth"])
    assert area.carry == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_encoders_of_floats_are_outside(family: str) -> None:
    """The same network takes more where its comparisons are counted."""
    circuit = classifier(5, "uint8")
    alone = circuit.with_(encoder=Encoder(circuit.encoder.names, "float64", *_floats(circuit)))
    outside, inside = classifier_area(alone, family), classifier_area(circuit, family)
    assert (outside.encoder, inside.encoder) == (False, True)
    assert outside.luts < inside.luts
    assert outside.clock_mhz > inside.clock_mhz


def _floats(circuit: Circuit) -> tuple[np.ndarray, np.ndarray]:
    return circuit.encoder.feature, circuit.encoder.threshold.astype(np.float64)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_clock_is_that_of_the_longest_path(family: str) -> None:
    """Two classes of one literal each: `a & b` is compared with `c`, in one table, or in a mapped form in two."""
    names = ("a", "b", "c")
    bits = Encoder(names, "bool", np.arange(3, dtype=np.int32), np.zeros(3, np.int64))
    head = Head(("p", "q"), np.array([0, 1, 2], np.int32), np.zeros(2, np.int64), 1.0)
    gate, pins, outputs = np.array([AND], np.uint8), np.array([[0], [1]], np.int32), np.array([6, 4], np.int32)
    circuit = Circuit(bits, gate, pins[0], pins[1], outputs, head)
    area, kind = classifier_area(circuit, family), FAMILIES[family]
    levels = 2 if family in FABRICS else 1
    assert (area.luts, area.levels) == (levels, levels)
    period = kind.register + levels * (kind.wire_delay(1) + kind.table) + kind.wire
    assert area.clock_mhz == pytest.approx(1000 / period, abs=0.06)


def test_more_readers_make_a_slower_wire() -> None:
    kind = FAMILIES["ecp5"]
    assert kind.wire_delay(0) == kind.wire_delay(1) == kind.wire
    assert kind.wire_delay(16) == pytest.approx(kind.wire + 4 * kind.fanout)
