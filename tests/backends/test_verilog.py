"""The Verilog target: its text, what Icarus and Verilator make of it, and faults that its testbench catches."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lgnc.backends.artifact import Artifact, Options
from lgnc.backends.verilog.emit import emit
from lgnc.backends.verilog.pipeline import Ranks, place_cuts
from lgnc.backends.verilog.target import INTERFACES, OUTPUTS
from lgnc.data import load_dataset
from lgnc.diagnostics import BadInput, Failed, LgncError, ToolMissing
from lgnc.formats import lift
from lgnc.ir import Circuit, Encoder, simulate
from lgnc.ir.simulate import encode, pack, simulate_outputs, unpack
from lgnc.sim.manifest import EncoderFacts, Manifest, VerilogFacts
from lgnc.sim.verilog import run
from lgnc.toolchain import find_tool, require_tool
from lgnc.toolchain import run as run_tool
from tests.backends.support import plant
from tests.support import needs, random_circuit, random_features, random_model

DTYPES = ["bool", "uint8", "int8", "uint16", "int16", "int32", "int64", "float32", "float64"]


def network(dtype: str, seed: int = 0) -> Circuit:
    return lift(random_model(seed, dtype=dtype, layers=2))


def write(folder: Path, artifact: Artifact) -> Manifest:
    """The files in `folder`, and a manifest with what running them needs."""
    for name, data in artifact.files.items():
        (folder / name).write_bytes(data)
    facts = artifact.details["verilog"]
    taken, score = facts["input"], facts.get("score")
    verilog = VerilogFacts(
        port=taken["port"],
        width=taken["width"],
        feature=tuple(taken.get("feature", ())),
        threshold=tuple(taken.get("threshold", ())),
        outputs=tuple((port["port"], port["width"]) for port in facts["outputs"]),
        score=None if score is None else (score["width"], score["base"]),
        serial=False,
    )
    encoder = EncoderFacts("bool", (), 0)
    return Manifest(2, "verilog", facts["top"], {}, "", "", encoder, None, None, (), {}, {}, None, None, verilog, {})


def self_check(folder: Path, name: str = "lgn") -> bytes:
    """What the folder's own testbench prints under Icarus. Raises Failed when it does not pass."""
    program = folder / "a.vvp"
    run_tool([require_tool("iverilog"), "-g2001", "-o", program, folder / f"{name}.v", folder / f"tb_{name}.v"])
    return run_tool([require_tool("vvp"), "-N", program], cwd=folder)


@needs("iverilog")
@pytest.mark.parametrize("dtype", DTYPES)
def test_icarus_gives_the_scores_and_classes(dtype: str, tmp_path: Path) -> None:
    circuit = network(dtype, DTYPES.index(dtype))
    manifest = write(tmp_path, emit(circuit, Options()))
    assert b"PASS: 128 vectors" in self_check(tmp_path)
    x = random_features(circuit, 200)
    result = run(tmp_path, manifest, x)
    scores, classes = simulate(circuit, x)
    assert result.engine == "iverilog"
    assert result.scores is not None
    assert (result.scores == scores).all()
    assert result.classes is not None
    assert (result.classes == classes).all()


def with_edges(dtype: str) -> Circuit:
    """One bit for every threshold that could go wrong, each an output of its own."""
    info = np.iinfo(dtype)
    ends = [int(info.min), int(info.max), 0, -1, 1]
    thresholds = sorted({end + step for end in ends for step in (-2, -1, 0, 1, 2)})
    thresholds = [t for t in thresholds if -(2**63) <= t < 2**63]
    encoder = Encoder(("x", "y"), dtype, np.zeros(len(thresholds), np.int32), np.array(thresholds, np.int64))
    none = np.zeros(0, np.int32)
    names = tuple(f"o{t}" for t in thresholds)
    return Circuit(encoder, none.astype(np.uint8), none, none, 2 * np.arange(len(names), dtype=np.int32), None, names)


@needs("iverilog")
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint16", "int32", "int64"])
def test_comparisons_are_exact_at_the_ends_of_the_type(dtype: str, tmp_path: Path) -> None:
    circuit = with_edges(dtype)
    manifest = write(tmp_path, emit(circuit, Options("edges")))
    info = np.iinfo(dtype)
    values = {int(info.min), int(info.min) + 1, -2, -1, 0, 1, 2, 3, int(info.max) - 1, int(info.max)}
    x = np.array([[v, 0] for v in sorted(values) if info.min <= v <= info.max], dtype)
    result = run(tmp_path, manifest, x)
    assert result.scores is None
    assert result.outputs is not None
    assert (result.outputs == encode(circuit.encoder, x)).all()


@needs("iverilog")
@pytest.mark.parametrize(
    "circuit",
    [
        random_circuit(3, inputs=7, gates=80, outputs=9),
        random_circuit(4, outputs=1, classes=1),
        random_circuit(5, outputs=2, classes=5),
        random_circuit(6, inputs=1, gates=0, outputs=3, classes=2),
        random_circuit(7, inputs=3, gates=4, outputs=1),
    ],
    ids=["no head", "one class", "classes without literals", "no gates", "one output"],
)
def test_odd_shapes(circuit: Circuit, tmp_path: Path) -> None:
    manifest = write(tmp_path, emit(circuit, Options()))
    x = random_features(circuit, 60)
    result = run(tmp_path, manifest, x)
    if circuit.head is None:
        bits = unpack(simulate_outputs(circuit, pack(encode(circuit.encoder, x))), len(x))
        assert result.outputs is not None
        assert (result.outputs == bits).all()
    else:
        scores, classes = simulate(circuit, x)
        assert result.scores is not None
        assert (result.scores == scores).all()
        assert result.classes is not None
        assert (result.classes == classes).all()
    lint(tmp_path, "lgn")


@needs("iverilog")
@pytest.mark.parametrize("outputs", ["class", "scores"])
def test_chosen_outputs(outputs: str, tmp_path: Path) -> None:
    circuit = network("uint8")
    artifact = emit(circuit, Options("net", {"outputs": outputs}))
    assert (b"net_argmax" in artifact.files["net.v"]) == (outputs == "class")
    result = run(tmp_path, write(tmp_path, artifact), x := random_features(circuit, 100))
    scores, classes = simulate(circuit, x)
    assert result.classes is not None
    assert (result.classes == classes).all()
    assert (result.scores is None) == (outputs == "class")
    assert result.scores is None or (result.scores == scores).all()
    lint(tmp_path, "net")


def lint(folder: Path, top: str, *others: str) -> None:
    """Verilator's -Wall, where it is here."""
    if find_tool("verilator"):
        files = [folder / f"{name}.v" for name in (top, *others)]
        run_tool([require_tool("verilator"), "--lint-only", "-Wall", "--top-module", top, *files])


@needs("verilator")
@pytest.mark.parametrize("dtype", ["bool", "int16", "float32"])
def test_verilator_lint_is_clean(dtype: str, tmp_path: Path) -> None:
    write(tmp_path, emit(network(dtype), Options("net")))
    lint(tmp_path, "net")
    source = (tmp_path / "net.v").read_text()
    (tmp_path / "net.v").write_text(re.sub(r"  wire unused_0_0 .*\n", "", source))
    with pytest.raises(Failed):
        lint(tmp_path, "net")


def ten_thousand_images() -> NDArray[np.uint8]:
    """MNIST's test images where LGNC_DATA has them, else as many random ones with as much black."""
    if (Path(os.environ.get("LGNC_DATA", "/nowhere")) / "mnist").is_dir():
        return load_dataset("mnist").x_test
    rng = np.random.default_rng(0)
    return (rng.integers(0, 256, (10_000, 784)) * (rng.random((10_000, 784)) < 0.2)).astype(np.uint8)


@needs("verilator")
def test_verilator_agrees_on_ten_thousand_images(tmp_path: Path) -> None:
    circuit = lift(random_model(5, features=784, thresholds=1, layers=2, width=200, classes=10))
    x = ten_thousand_images()
    assert len(x) == 10_000
    result = run(tmp_path, write(tmp_path, emit(circuit, Options())), x, "verilator")
    scores, classes = simulate(circuit, x)
    assert len(np.unique(scores, axis=0)) > 1000
    assert result.scores is not None
    assert (result.scores == scores).all()
    assert result.classes is not None
    assert (result.classes == classes).all()


@needs("yosys")
def test_yosys_reads_it(tmp_path: Path) -> None:
    write(tmp_path, emit(network("int16"), Options("net")))
    script = f"read_verilog {tmp_path}/net.v; hierarchy -check -top net; proc; flatten; check -assert; opt_clean; stat"
    assert b"$gt" in run_tool([require_tool("yosys"), "-p", script])


@needs("iverilog")
def test_testbench_catches_a_flipped_gate(tmp_path: Path) -> None:
    circuit = network("uint8")
    artifact = emit(circuit, Options())
    manifest = write(tmp_path, artifact)
    text = artifact.files["lgn.v"].decode()
    popcount = text.index("module lgn_popcount")
    planted = text[:popcount] + text[popcount:].replace(" ^ ", " & ", 1)
    (tmp_path / "lgn.v").write_text(planted)
    with pytest.raises(Failed, match="FAIL"):
        self_check(tmp_path)
    result = run(tmp_path, manifest, x := random_features(circuit, 100))
    assert result.scores is not None
    assert (result.scores != simulate(circuit, x)[0]).any()


@needs("iverilog")
def test_a_result_that_is_not_a_bit_is_a_failure(tmp_path: Path) -> None:
    artifact = emit(network("bool"), Options())
    manifest = write(tmp_path, artifact)
    text = artifact.files["lgn.v"].decode()
    (tmp_path / "lgn.v").write_text(text.replace("assign class_index = {", "assign class_index = {1'bx ^ ", 1))
    with pytest.raises(Failed, match="not 0 or 1"):
        run(tmp_path, manifest, np.zeros((3, 12), np.bool_))


def test_same_input_same_bytes_and_one_wire_a_gate() -> None:
    circuit = network("uint8")
    first, second = (emit(circuit, Options()).files for _ in range(2))
    assert first == second
    text = first["lgn.v"].decode()
    gates = text[text.index("module lgn_gates") : text.index("module lgn_popcount")]
    assert len(re.findall(r"^  wire g\d+_\d+ = [^;]*;$", gates, re.MULTILINE)) == circuit.gates
    assert not re.findall(r"(assign|wire) \w+\[", text), "a vector driven bit by bit cannot be simulated"


@pytest.mark.parametrize("name", ["module", "class", "Wire", "9lives", "a-b", "", "net v", "é", "a" * 101])
def test_names_that_are_no_identifiers(name: str) -> None:
    with pytest.raises(BadInput, match=r"reserved word|not a Verilog identifier"):
        emit(network("bool"), Options(name))


@pytest.mark.parametrize(("name", "settings"), [
    ("features", {}), ("scores", {}), ("class_index", {}), ("bits", {}), ("g1_0", {}), ("clk", {"stages": 2}),
    ("literals_0", {"family": "xilinx"}),
])  # fmt: skip
def test_names_that_a_signal_of_the_design_has(name: str, settings: dict[str, Any]) -> None:
    """Linters refuse a signal that hides the module around it."""
    with pytest.raises(BadInput, match=f"'{name}' is the name of a signal of the design .choose another: {name}_net"):
        emit(network("uint8"), Options(name, settings))


def test_a_name_may_be_that_of_an_instance_or_of_a_signal_that_is_not_there(tmp_path: Path) -> None:
    for name in ("gates", "clk"):
        write(tmp_path, emit(network("uint8"), Options(name)))
        lint(tmp_path, name)


def test_bad_settings() -> None:
    with pytest.raises(BadInput, match="unknown setting 'stagez'"):
        emit(network("bool"), Options("n", {"stagez": 3}))
    with pytest.raises(BadInput, match="unknown outputs 'klass'"):
        emit(network("bool"), Options("n", {"outputs": "klass"}))
    with pytest.raises(BadInput, match="no outputs"):
        emit(random_circuit(1, outputs=0), Options())


def test_a_missing_simulator_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LGNC_IVERILOG", "no-such-iverilog")
    manifest = write(tmp_path, emit(network("bool"), Options()))
    with pytest.raises(ToolMissing, match="LGNC_IVERILOG"):
        run(tmp_path, manifest, np.zeros((1, 12), np.bool_))
    with pytest.raises(LgncError, match="unknown engine"):
        run(tmp_path, manifest, np.zeros((1, 12), np.bool_), "modelsim")


def test_large_networks_are_written_in_seconds() -> None:
    import time

    circuit = random_circuit(0, inputs=784, gates=48_000, outputs=4000, classes=10, reach=8000)
    started = time.process_time()
    artifact = emit(circuit, Options())
    assert time.process_time() - started < 2.0
    assert len(artifact.files["lgn.v"]) > 1_000_000


def flip_flops(text: str) -> int:
    """Bits of all registers that a text declares, memories left out."""
    declared = re.findall(r"^  reg (?:\[(\d+):0\] )?([\w, ]+);", text, re.MULTILINE)
    return sum((int(high or 0) + 1) * (names.count(",") + 1) for high, names in declared)


PIPELINES: list[dict[str, Any]] = [
    {"stages": 1},
    {"stages": 2, "outputs": "class"},
    {"stages": 7},
    {"stages": 11, "outputs": "scores"},
    {"pipeline_depth": 4},
]


@needs("iverilog")
@pytest.mark.parametrize("settings", PIPELINES, ids=str)
def test_pipelines_give_the_same_results(settings: dict[str, Any], tmp_path: Path) -> None:
    """The testbench stalls both sides at random, resets in the middle, and measures latency and interval."""
    circuit = network("uint8")
    artifact = emit(circuit, Options("net", settings))
    manifest = write(tmp_path, artifact)
    facts = artifact.details["verilog"]
    assert facts["stages"] == settings.get("stages", facts["stages"]) == facts["registers"]["valid"] > 0
    assert facts["latency"] == facts["stages"] + 2
    text = artifact.files["net.v"].decode()
    assert flip_flops(text) == sum(facts["registers"].values())
    assert b"PASS: 128 vectors" in self_check(tmp_path, "net")
    x = random_features(circuit, 100)
    result = run(tmp_path, manifest, x)
    scores, classes = simulate(circuit, x)
    assert result.classes is not None
    assert (result.classes == classes).all()
    assert result.scores is None or (result.scores == scores).all()
    lint(tmp_path, "net")


def assert_fault_is_caught(artifact: Artifact, was: str, planted: Any, folder: Path) -> None:
    """The design's own testbench fails once its text is changed as `re.sub` says."""
    write(folder, artifact)
    text = artifact.files["net.v"].decode()
    faulty = re.sub(was, planted, text, count=1)
    assert faulty != text
    (folder / "net.v").write_text(faulty)
    with pytest.raises(Failed, match="FAIL"):
        self_check(folder, "net")


@needs("iverilog")
@pytest.mark.parametrize(
    ("was", "planted"),
    [
        (r"(g\d+_\d+_r1) <= (g\d+_\d+);", r"\1 <= ~\2;"),
        (r"room > 4'd1", "room > 4'd0"),
        (r"room <= 4'd15", "room <= 4'd6"),
        (r"valid <= 5'd0;", ""),
        (r"\{valid\[3:0\], take\}", "{valid[3:0], 1'b1}"),
        (r"\{valid\[3:0\], take\}", "{valid[2:0], take, take}"),
        (r"assign in_ready = ready", "assign in_ready = 1'b1"),
        (r"some & \(~full \| out_ready\)", "some"),
        (r"full <= load \| \(full & ~out_ready\)", "full <= load"),
        (r"store\[head\] <= made", "store[tail] <= made"),
    ],
    ids=[
        "a register inverted",
        "a vector too many",
        "too little room",
        "no reset",
        "always valid",
        "valid too early",
        "always ready",
        "overwritten",
        "gone too early",
        "another place",
    ],
)
def test_testbench_catches_faults_of_the_pipeline(was: str, planted: str, tmp_path: Path) -> None:
    artifact = emit(network("bool"), Options("net", {"stages": 5}))
    assert_fault_is_caught(artifact, was, planted, tmp_path)


def test_stages_are_balanced_and_cheap() -> None:
    """Ranks stand at most ceil(depth / stages) levels apart, and no other choice of places costs fewer registers."""
    widths = np.array([-1, 9, 2, 7, 1, 8, 3])
    ranks = [Ranks(6, widths), Ranks(2, np.array([-1, -1, 4]))]
    assert place_cuts(ranks, stages=1) == [(), (2,)]
    assert place_cuts(ranks, stages=2) == [(4,), (2,)]
    assert place_cuts(ranks, stages=4) == [(2, 4, 6), (2,)]
    assert place_cuts(ranks, depth=3) == [(2, 5), (2,)]
    assert place_cuts(ranks, depth=99) == [(), (2,)]
    with pytest.raises(BadInput, match="8 stages do not fit"):
        place_cuts(ranks, stages=8)
    with pytest.raises(BadInput, match=r"at most 1 levels apart \(at least 2\)"):
        place_cuts(ranks, depth=1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stages": 500}, "500 stages do not fit"),
        ({"stages": 0}, "not a whole number above 0"),
        ({"stages": True}, "not a whole number above 0"),
        ({"board": "hx8k", "family": "ecp5"}, "not of the family ecp5"),
        ({"board": "hx8k", "family": "ice40", "portable": True}, "portable is for boards .leave --family out"),
        ({"portable": True}, "portable is for boards"),
        ({"stages": 2, "pipeline_depth": 2}, "both stages and pipeline_depth"),
    ],
)
def test_pipelines_that_cannot_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        emit(network("uint8"), Options("net", settings))


AXIS: list[dict[str, Any]] = [
    {"beat_width": 8},
    {"stages": 5},
    {"beat_width": 96, "outputs": "class"},
    {"beat_width": 1, "pipeline_depth": 6},
    {"beat_width": 7, "outputs": "scores"},
    {"beat_width": 200, "stages": 2},
    {"beat_width": 95, "outputs": "class", "popcount": "serial"},
]


def axis_check(folder: Path) -> bytes:
    """What the stream's own testbench prints. Raises Failed when it does not pass."""
    files = [folder / f"{each}.v" for each in ("net", "net_axis", "tb_net_axis")]
    run_tool([require_tool("iverilog"), "-g2001", "-o", folder / "axis.vvp", *files])
    return run_tool([require_tool("vvp"), "-N", folder / "axis.vvp"], cwd=folder)


@needs("iverilog")
@pytest.mark.parametrize("settings", AXIS, ids=str)
def test_streams_pass_their_testbench(settings: dict[str, Any], tmp_path: Path) -> None:
    """Stalls on both sides, packets too short and too long, a reset, and one vector every `beats` cycles at the end."""
    artifact = emit(network("uint8"), Options("net", {"interface": "axis", **settings}))
    write(tmp_path, artifact)
    facts = artifact.details["verilog"]["axis"]
    assert 96 <= facts["beats"] * facts["beat_width"] < 96 + facts["beat_width"]
    assert b"PASS: 128 vectors" in axis_check(tmp_path)
    assert b"PASS: 128 vectors" in self_check(tmp_path, "net")
    lint(tmp_path, "net_axis", "net")


@needs("iverilog")
@pytest.mark.parametrize(
    ("beat", "was", "planted"),
    [
        (8, "{slot[10:0], 1'b0}", "{slot[10:0], slot[11]}"),
        (8, "complete & ~spoilt", "~spoilt"),
        (8, "~spoilt & ~error", "~spoilt"),
        (8, "~last & (spoilt | error)", "1'b0"),
        (8, "valid & (~full | in_ready)", "valid"),
        (8, "(full & ~in_ready)", "full"),
        (7, "collected[p*7 +: 7] <= data", "collected[p*7 +: 7] <= {data[5:0], 1'b0}"),
        (8, "move | ~(spare | arrive)", "1'b1"),
        (8, "dropped[4*k +: 4] + 4'd1", "dropped[4*k +: 4]"),
        (8, "rest[19:4]}", "rest[18:3]}"),
        (8, "(m_axis_tready & finish)", "m_axis_tready"),
        (6, "{group[2:0], 1'b0}", "{group[2:0], group[3]}"),
        (6, "good | (waits & ~(full & in_ready))", "good"),
        (6, "copy[c*6 +: 6] <= data", "copy[c*6 +: 6] <= {data[4:0], 1'b0}"),
        (6, "ended <= good", "ended <= ends"),
    ],
    ids=[
        "a long packet taken",
        "a short packet taken",
        "the last beat's error",
        "an earlier beat's error",
        "overwritten",
        "taken twice",
        "a bit lost",
        "a beat lost",
        "not counted",
        "a score shifted",
        "words left out",
        "a long packet taken by groups",
        "overwritten by groups",
        "a bit lost in a group",
        "a wrong packet taken",
    ],
)
def test_testbench_catches_faults_of_the_stream(beat: int, was: str, planted: str, tmp_path: Path) -> None:
    artifact = emit(network("uint8"), Options("net", {"interface": "axis", "beat_width": beat}))
    write(tmp_path, artifact)
    plant(tmp_path / "net_axis.v", was, planted)
    with pytest.raises(Failed, match="FAIL"):
        axis_check(tmp_path)


COMBINATIONS: list[dict[str, Any]] = [
    {"interface": interface, "outputs": outputs} | clocked
    for interface in INTERFACES
    for outputs in OUTPUTS
    for clocked in (dict[str, Any](), {"stages": 5}, {"pipeline_depth": 4}, {"popcount": "serial"})
    if interface != "parallel" or "popcount" not in clocked
]


@needs("verilator")
@pytest.mark.parametrize("index", range(len(COMBINATIONS)))
def test_lint_is_clean_whatever_is_asked(index: int, tmp_path: Path) -> None:
    """Every interface with every choice of outputs and registers, over bits, integers and floats in turn."""
    settings, dtype = COMBINATIONS[index], ("bool", "int16", "float32")[(index + index // 3) % 3]
    beat = {"beat_width": 4} if settings["interface"] == "axis" else {}
    artifact = emit(network(dtype), Options("net", settings | beat))
    write(tmp_path, artifact)
    wrapper = f"net_{settings['interface']}"
    if f"{wrapper}.v" in artifact.files:
        lint(tmp_path, wrapper, "net")
    else:
        lint(tmp_path, "net")
    assert (artifact.details["verilog"]["latency"] > 0) == (len(settings) > 2 or settings["interface"] != "parallel")


SERIAL: list[dict[str, Any]] = [
    {"interface": "stream"},
    {"interface": "axis", "beat_width": 1, "outputs": "class"},
    {"interface": "axis", "beat_width": 96, "outputs": "scores"},
    {"interface": "serial"},
]


@needs("iverilog")
@pytest.mark.parametrize("settings", SERIAL, ids=str)
def test_serial_popcounts_pass_their_testbenches(settings: dict[str, Any], tmp_path: Path) -> None:
    """Stalls, resets in the middle of counting, and latency and interval measured at full speed."""
    circuit = network("uint8")
    assert circuit.head is not None
    artifact = emit(circuit, Options("net", settings | {"popcount": "serial"}))
    manifest = write(tmp_path, artifact)
    facts, text = artifact.details["verilog"], artifact.files["net.v"].decode()
    assert facts["latency"] == facts["interval"] - 1 == int(np.diff(circuit.head.starts).max()) + 1
    assert flip_flops(text) == sum(facts["registers"].values())
    printed = run_tool(["make", "-C", tmp_path, "sim"])
    assert printed.count(b"PASS: ") == (1 if settings["interface"] == "stream" else 2)
    result = run(tmp_path, manifest, x := random_features(circuit, 50))
    scores, classes = simulate(circuit, x)
    assert result.classes is not None
    assert (result.classes == classes).all()
    assert result.scores is None or (result.scores == scores).all()


@needs("iverilog")
@pytest.mark.parametrize(
    ("was", "planted"),
    [
        (r"take \? (\d+'d)(\d+) : counting", lambda found: f"take ? {found[1]}{int(found[2]) - 1} : counting"),
        (r"count_1 <= take \? (\d+)'d\d+", r"count_1 <= take ? \1'd1"),
        (r"\{1'b0, shift_0", "{shift_0[0], shift_0"),
        (r" \| \(valid & ~out_ready\)\)", ")"),
        (r"take \| counting", "take"),
        (r"\(valid & ~out_ready\)", "1'b0"),
        (r"left <= \d+'d0;", ""),
    ],
    ids=["a clock short", "another offset", "a bit twice", "overwritten", "taken while counting", "lost", "no reset"],
)
def test_testbench_catches_faults_of_the_serial_popcount(was: str, planted: Any, tmp_path: Path) -> None:
    artifact = emit(network("bool"), Options("net", {"interface": "stream", "popcount": "serial"}))
    assert_fault_is_caught(artifact, was, planted, tmp_path)


@needs("iverilog")
@pytest.mark.parametrize("outputs", [1, 2, 9], ids="{} literals".format)
def test_serial_popcounts_of_odd_shapes(outputs: int, tmp_path: Path) -> None:
    """Classes without literals, of one, and of different numbers."""
    circuit = random_circuit(outputs, outputs=outputs, classes=4)
    write(tmp_path, emit(circuit, Options("net", {"interface": "stream", "popcount": "serial"})))
    assert b"PASS: 128 vectors" in self_check(tmp_path, "net")
    lint(tmp_path, "net")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "needs an interface with a handshake .add --interface stream, axis or serial"),
        ({"interface": "stream", "stages": 3}, "goes with no other registers"),
        ({"interface": "axis", "pipeline_depth": 3}, "goes with no other registers"),
        ({"interface": "axis", "popcount": "serail"}, "did you mean 'serial'"),
    ],
)
def test_serial_popcounts_that_cannot_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        emit(network("uint8"), Options("net", {"popcount": "serial"} | settings))
    with pytest.raises(BadInput, match="no head to count"):
        emit(random_circuit(3, outputs=2), Options("net", {"popcount": "serial", "interface": "stream"}))


@needs("cocotb")
@needs("iverilog")
@pytest.mark.parametrize(
    ("settings", "was", "planted"),
    [
        ({"interface": "stream", "stages": 3, "outputs": "both"}, "some & (~full | out_ready)", "some"),
        ({"interface": "axis", "beat_width": 24, "outputs": "both"}, "valid & (~full | in_ready)", "valid"),
        ({"interface": "stream", "popcount": "serial"}, " | (valid & ~out_ready))", ")"),
    ],
    ids=["stream", "axis", "serial popcount"],
)
def test_cocotb_passes_and_catches_a_lost_stall(
    settings: dict[str, Any], was: str, planted: str, tmp_path: Path
) -> None:
    write(tmp_path, emit(lift(random_model(3, layers=1, width=20, classes=3)), Options("net", settings)))
    command = [sys.executable, "cocotb_net.py"]
    assert b"PASS: " in run_tool(command, cwd=tmp_path)
    file = tmp_path / ("net_axis.v" if settings["interface"] == "axis" else "net.v")
    plant(file, was, planted)
    with pytest.raises(Failed):
        run_tool(command, cwd=tmp_path)


@needs("iverilog")
@pytest.mark.parametrize("outputs", [1, 33, 70])
def test_streams_of_circuits_without_a_head(outputs: int, tmp_path: Path) -> None:
    artifact = emit(random_circuit(3, outputs=outputs), Options("net", {"interface": "axis", "beat_width": 3}))
    write(tmp_path, artifact)
    assert len(artifact.details["verilog"]["axis"]["words"]) == -(-outputs // 32)
    assert b"PASS: 128 vectors" in axis_check(tmp_path)
    lint(tmp_path, "net_axis", "net")


def test_streams_that_cannot_be() -> None:
    for settings, message in (
        ({"interface": "axis", "beat_width": 4097}, "beats of 4097 bits .at most 4096"),
        ({"beat_width": 8}, "beat_width is for the interface 'axis'"),
        ({"interface": "axi"}, "did you mean 'axis'"),
    ):
        with pytest.raises(BadInput, match=message):
            emit(network("uint8"), Options("net", settings))


@needs("iverilog")
@pytest.mark.parametrize("settings", [{}, {"stages": 2, "interface": "axis"}], ids=["plain", "stream"])
def test_the_makefile_simulates(settings: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, emit(network("uint8"), Options("net", settings)))
    printed = run_tool(["make", "-C", tmp_path, "sim"])
    assert printed.count(b"PASS: 128 vectors") == (2 if settings else 1)
    assert "@" not in (tmp_path / "net.core").read_text() + (tmp_path / "vivado.tcl").read_text()


@needs("yosys")
def test_the_yosys_script_synthesises(tmp_path: Path) -> None:
    write(tmp_path, emit(lift(random_model(0, layers=1, width=20, classes=2)), Options("net", {"stages": 2})))
    run_tool([require_tool("yosys"), "-q", "synth_ice40.ys"], cwd=tmp_path)
    assert "SB_LUT4" in (tmp_path / "ice40_report.txt").read_text()
    assert (tmp_path / "net_ice40.json").stat().st_size > 1000
