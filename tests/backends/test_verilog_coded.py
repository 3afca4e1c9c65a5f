"""The encoder beat by beat: where it is chosen, what its benches and proofs show, and faults that each of them sees."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.backends.artifact import Options
from lgnc.backends.verilog.coded import coding, saves
from lgnc.backends.verilog.emit import emit
from lgnc.diagnostics import Failed
from lgnc.flows.stations import coded, hardware, wrappers
from lgnc.formats import lift
from lgnc.ir.circuit import Circuit
from lgnc.ir.simulate import encode
from lgnc.toolchain import require_tool, run
from lgnc.verify.verdict import Station
from tests.backends.support import visit_of, write
from tests.flows.test_compare import edit, edit_manifest
from tests.support import needs, random_features, random_model


def network(features: int = 4, dtype: str = "uint8", thresholds: int = 2, width: int = 24) -> Circuit:
    model = random_model(3, layers=1, width=width, classes=3, features=features, thresholds=thresholds, dtype=dtype)
    return lift(model)


def with_thresholds(circuit: Circuit, *rows: list[int]) -> Circuit:
    """The circuit with thresholds of the bits in order, feature by feature."""
    threshold = np.array([each for row in rows for each in row], np.int64)
    return circuit.with_(encoder=replace(circuit.encoder, threshold=threshold))


def chosen(circuit: Circuit, **settings: Any) -> dict[str, int] | None:
    made = emit(circuit, Options("net", {"interface": "axis", **settings}))
    found: dict[str, int] | None = made.details["verilog"]["axis"].get("coded")
    assert (found is not None) == (b"module net_coded" in made.files["net.v"])
    return found


def test_lanes_share_comparators_and_places_hold_what_is_read() -> None:
    circuit = with_thresholds(network(), [9, 5], [7, 1], [9, 3], [7, 2])
    found = coding(circuit, 16)
    assert found is not None
    read = circuit.fanout[: circuit.inputs] > 0
    assert found.lanes.feature.tolist() == sorted(found.lanes.feature.tolist())
    pairs = {(f % 2, t) for f, t, r in zip(circuit.encoder.feature, circuit.encoder.threshold, read, strict=True) if r}
    assert set(zip(found.lanes.feature.tolist(), found.lanes.threshold.tolist(), strict=True)) == pairs
    rows = random_features(circuit, 200)
    held = encode(found.comparisons(circuit.encoder), rows)
    bits = encode(circuit.encoder, rows)
    for own, at in zip(bits.T[read], np.array(found.wired)[read], strict=True):
        assert np.array_equal(own, held[:, at])


def test_comparisons_that_are_bits_weigh_against_registers() -> None:
    """A feature's three thresholds read its two highest bits: three registers and no table, or two and a table each."""
    circuit = with_thresholds(network(features=8, thresholds=3, width=200), *[[63, 127, 191]] * 8)
    found = coding(circuit, 16)
    assert found is not None
    assert (len(found.held), found.lanes.bits) == (24, 6)
    assert saves(found, circuit.encoder, 0)  # 24 registers and 4 tables against 16 and 16
    assert not saves(found._replace(ranks=1), circuit.encoder, 0)
    assert saves(found._replace(ranks=1), circuit.encoder, 1)


def test_constants_and_bits_that_nothing_reads_are_not_held() -> None:
    circuit = with_thresholds(network(), [-1, 5], [255, 1], [9, 3], [7, 2])
    found = coding(circuit, 8)
    assert found is not None
    assert (found.wired[0], found.wired[2]) == (-2, -1)
    read = int((circuit.fanout[: circuit.inputs] > 0).sum())
    assert len(found.held) <= read


@pytest.mark.parametrize(
    ("circuit", "settings"),
    [
        (network(), {"beat_width": 12}),
        (network(dtype="bool"), {}),
        (network(dtype="float32"), {}),
        (network(), {"beat_width": 16, "family": "xilinx", "stages": 3}),
        (network(features=1, thresholds=12), {"beat_width": 8}),
        (with_thresholds(network(), *[[127, 255]] * 4), {"beat_width": 16, "pipeline_depth": 2}),
    ],
    ids=["a feature in two beats", "bits", "floats", "ranks in comparators", "many thresholds", "a rank behind them"],
)
def test_elsewhere_features_are_held(circuit: Circuit, settings: dict[str, Any]) -> None:
    assert chosen(circuit, **settings) is None


SLOTS: dict[str, Any] = {"beat_width": 16, "outputs": "class"}
GROUPS: dict[str, Any] = {"beat_width": 16}
BESIDE = with_thresholds(network(features=5), [-1, 5], [255, 1], [9, 3], [7, 2], [4, 4])
"""Constants, an odd number of lanes, and a comparison twice."""
LONG = network(features=32, thresholds=1, dtype="int8")
LATE: dict[str, Any] = {"beat_width": 16, "outputs": "class", "family": "ecp5", "stages": 3}
CASES = [
    (network(), SLOTS, True),
    (BESIDE, {"beat_width": 64, "popcount": "serial", "outputs": "class"}, True),
    (LONG, GROUPS, False),
    (LONG, LATE, True),
    (LONG, {"beat_width": 8, "outputs": "class", "family": "ecp5", "pipeline_depth": 2}, False),
    (network(features=1, thresholds=1, width=6, dtype="int16"), {"outputs": "class"}, False),
]
"""Circuits, settings, and whether the handshake of the network behind is proven too."""


def written(at: Path, circuit: Circuit, settings: dict[str, Any]) -> None:
    for name, data in emit(circuit, Options("net", {"interface": "axis", **settings})).files.items():
        (at / name).write_bytes(data)


def bench(at: Path, *sources: str) -> None:
    """Run the wrapper's testbench. Raises Failed where it does not pass."""
    files = [*(sources or ("net.v",)), "net_axis.v", "tb_net_axis.v"]
    run([require_tool("iverilog"), "-g2001", "-s", "tb_net_axis", "-o", "a.vvp", *files], cwd=at)
    assert b"PASS: 128 vectors" in run([require_tool("vvp"), "-N", "a.vvp"], cwd=at)


def prove(at: Path, top: str) -> None:
    run([require_tool("yosys"), "-q", f"{top}_props.ys"], cwd=at, timeout=120)


@needs("iverilog")
@needs("verilator")
@needs("yosys")
@pytest.mark.parametrize(("circuit", "settings", "whole"), CASES)
def test_beats_compared_as_they_come_are_tested_and_proven(
    circuit: Circuit, settings: dict[str, Any], whole: bool, tmp_path: Path
) -> None:
    assert chosen(circuit, **settings)
    written(tmp_path, circuit, settings)
    bench(tmp_path)
    run(
        [require_tool("verilator"), "--lint-only", "-Wall", "--top-module", "net_axis", "net.v", "net_axis.v"],
        cwd=tmp_path,
    )
    for top in ("net_coded", "net_axis") if whole else ("net_axis",):
        prove(tmp_path, top)


def behind(text: str, mark: str, old: str, new: str) -> str:
    """The text with its first `old` behind `mark` replaced."""
    before, after = text[: text.index(mark)], text[text.index(mark) :]
    assert old in after, old
    return before + after.replace(old, new, 1)


FAULTS = [
    (network(), SLOTS, "net.v", "module net_lanes", "8'd84", "8'd85"),
    (network(), SLOTS, "net_axis.v", "net_lanes", "{coded[3], coded[2]", "{coded[1], coded[2]"),
    (network(), SLOTS, "net_axis.v", "net_lanes", "if (slot[1])", "if (slot[0] & take)"),
    (network(), {"beat_width": 16}, "net_axis.v", "net_lanes", ".features(data)", ".features(spare_data)"),
    (LONG, GROUPS, "net_axis.v", "net_lanes", "copy[3:2] <= {coded[1], coded[0]", "copy[3:2] <= {coded[0], coded[1]"),
    (LONG, LATE, "net_axis.v", "late_take", "ended <= there_end", "ended <= good"),
]


@needs("iverilog")
@needs("yosys")
@pytest.mark.parametrize(("circuit", "settings", "file", "mark", "old", "new"), FAULTS)
def test_planted_faults_are_seen_by_the_bench_and_refuted(
    circuit: Circuit, settings: dict[str, Any], file: str, mark: str, old: str, new: str, tmp_path: Path
) -> None:
    written(tmp_path, circuit, settings)
    (tmp_path / file).write_text(behind((tmp_path / file).read_text(), mark, old, new))
    with pytest.raises(Failed, match="FAIL"):
        bench(tmp_path)
    with pytest.raises(Failed, match="did fail"):
        prove(tmp_path, "net_axis")


def folder(at: Path, circuit: Circuit, settings: dict[str, Any]) -> Path:
    write("verilog", circuit, at, interface="axis", **settings)
    return at


@needs("yosys")
@pytest.mark.parametrize("popcount", ["parallel", "serial"])
def test_a_network_that_is_another_behind_the_comparisons_is_refuted(popcount: str, tmp_path: Path) -> None:
    """By pyverilog's reader and by yosys: a fault in one of 81 inputs."""
    circuit, facts = network(), {"beat_width": 16, "words": [], "coded": {}}
    visit = visit_of(folder(tmp_path, circuit, {"beat_width": 16, "popcount": popcount}), circuit)
    found = coding(circuit, 16)
    assert found is not None
    wrapper = Station("wrapper axis", True, "tested", "")
    rare = f"coded[0] ^ {' & '.join(f'coded[{k}]' for k in range(8))}"
    edit(tmp_path / "net.v", lambda text: behind(text, "module net_coded", "coded[0]}", f"({rare})}}"))
    told = coded.behind_encoder(visit_of(visit.path, circuit), wrapper, found, facts)
    assert (told.ok, told.how) == (False, "proven")
    assert "net_coded differs at" in told.detail


@needs("iverilog")
@pytest.mark.parametrize(
    ("mark", "old", "new"),
    [
        ("module net_lanes", ".INIT(64'h", ".INIT(64'h1"),
        ("module net_coded", "coded[1], coded[0]", "coded[0], coded[1]"),
    ],
    ids=["a comparator", "two bits changed round"],
)
def test_the_mapped_form_s_lanes_and_network_are_read_back(mark: str, old: str, new: str, tmp_path: Path) -> None:
    at = folder(tmp_path, network(), {**SLOTS, "family": "xilinx"})
    found = hardware.mapped_form(visit_of(at, network()), "xilinx")
    assert (found.ok, found.how) == (True, "proven")
    assert "behind the wrapper" in found.detail
    edit(at / "net_xilinx.v", lambda text: behind(text, mark, old, new))
    assert hardware.mapped_form(visit_of(at, network()), "xilinx").ok is False


@needs("iverilog")
def test_ranks_of_the_mapped_form_are_as_late_as_the_wrapper_waits(tmp_path: Path) -> None:
    at = folder(tmp_path, LONG, {"beat_width": 16, "outputs": "class", "family": "ecp5", "stages": 3})
    assert hardware.mapped_form(visit_of(at, LONG), "ecp5").ok is True
    edit(at / "net_ecp5.v", lambda text: behind(text, "module net_lanes", "_r1 <= n", "_r1 <= ~n"))
    assert hardware.mapped_form(visit_of(at, LONG), "ecp5").ok is False


def said_coded(facts: dict[str, Any], said: Any) -> None:
    facts["verilog"]["axis"]["coded"] = said


def test_a_manifest_that_says_too_much_is_refused(tmp_path: Path) -> None:
    circuit = network(dtype="bool")
    at = folder(tmp_path, circuit, {"beat_width": 4})
    wrong: list[Any] = [{"ranks": 0, "latency": 3}, {"ranks": "0"}, [], None]
    for said in wrong:
        edit_manifest(at, partial(said_coded, said=said))
        found = wrappers.axis(visit_of(at, circuit))
        assert (found.ok, found.how) == (False, "read")
