"""Look-up tables: each says what its cone says, together they are the circuit; counts held against ABC's, and parts."""

from __future__ import annotations

import re
import time
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgnc import toolchain
from lgnc.arithmetic.encoder import lower_encoder
from lgnc.diagnostics import BadInput, Failed
from lgnc.formats.lift import lift
from lgnc.formats.source import load_source
from lgnc.formats.write_aiger import aiger_bytes
from lgnc.ir import Circuit, Encoder, simulate
from lgnc.ir.gates import TABLE, XOR
from lgnc.ir.simulate import bits_set, pack, simulate_outputs, unpack
from lgnc.mapping.costs import costs, whole_circuit
from lgnc.mapping.lut_map import LutNetwork, check_tables, map_luts
from lgnc.mapping.statistics import Statistics, pass_sizes
from lgnc.mapping.tables import truth_tables
from lgnc.passes.lower_head import lower_head
from lgnc.passes.manager import run_pipeline
from tests.formats.test_aiger import EPFL, epfl
from tests.support import needs, random_circuit, random_features, random_model


def leaves_of(network: LutNetwork, index: int) -> list[int]:
    return [leaf for leaf in network.leaves[index].tolist() if leaf != network.circuit.nodes]


def cone_value(circuit: Circuit, node: int, known: dict[int, int]) -> int:
    """The value of a node when those of `known` are given, by recursion over the gates."""
    if node not in known:
        gate = node - circuit.inputs
        assert gate >= 0, "an input that is no leaf"
        a, b = (cone_value(circuit, int(pin[gate]), known) for pin in (circuit.a, circuit.b))
        known[node] = int(TABLE[circuit.op[gate], 2 * a + b])
    return known[node]


def assert_tables_are_their_cones(network: LutNetwork) -> None:
    for index, root in enumerate(network.root.tolist()):
        leaves, table = leaves_of(network, index), int(network.table[index])
        for values in product((0, 1), repeat=len(leaves)):
            row = sum(value << pin for pin, value in enumerate(values))
            want = cone_value(network.circuit, root, dict(zip(leaves, values, strict=True)))
            assert table >> row & 1 == want


def outputs_of(network: LutNetwork, bits: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> list[list[int]]:
    """The outputs, by look-ups alone."""
    circuit, results = network.circuit, []
    for sample in bits.tolist():
        value = {node: int(bit) for node, bit in enumerate(sample)}
        for gate in np.flatnonzero((circuit.op == 0) | (circuit.op == 15)).tolist():
            value[circuit.inputs + gate] = int(circuit.op[gate] == 15)
        for index, root in enumerate(network.root.tolist()):
            row = sum(value[leaf] << pin for pin, leaf in enumerate(leaves_of(network, index)))
            value[root] = int(network.table[index]) >> row & 1
        results.append([value[literal >> 1] ^ (literal & 1) for literal in circuit.outputs.tolist()])
    return results


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(0, 90), st.integers(2, 6), st.integers(2, 40))
def test_the_tables_are_the_circuit(seed: int, inputs: int, gates: int, k: int, reach: int) -> None:
    before = random_circuit(seed, inputs=inputs, gates=gates, outputs=5, reach=reach)
    network = map_luts(before, k)
    assert_tables_are_their_cones(network)
    bits = np.random.default_rng(seed).integers(0, 2, (20, inputs)).astype(np.bool_)
    want = unpack(simulate_outputs(before, pack(bits)), len(bits)).astype(int).tolist()
    assert outputs_of(network, bits) == want
    assert network.count <= network.circuit.gates
    assert network.leaves.shape == (network.count, k)
    depth = dict.fromkeys(range(inputs), 0)
    for index, root in enumerate(network.root.tolist()):
        depth[root] = 1 + max(depth[leaf] for leaf in leaves_of(network, index))
    ends = [depth.get(literal >> 1, 0) for literal in network.circuit.outputs.tolist()]
    assert network.depth == max(ends)


def chain(length: int, op: int = XOR) -> Circuit:
    """One gate after another, each with one input more."""
    encoder = Encoder.binary(tuple(f"i{k}" for k in range(length + 1)))
    a = np.array([0, *range(length + 1, 2 * length)], np.int32)
    literal = np.array([4 * length], np.int32)
    return Circuit(encoder, np.full(length, op), a, np.arange(1, length + 1, dtype=np.int32), literal, None, ("y",))


@pytest.mark.parametrize(("gates", "k", "tables"), [(5, 6, 1), (6, 6, 2), (10, 6, 2), (3, 4, 1), (6, 4, 2), (4, 2, 4)])
def test_chains_take_as_few_tables_as_they_can(gates: int, k: int, tables: int) -> None:
    assert map_luts(chain(gates), k).count == tables


def test_circuits_without_tables() -> None:
    wire = Circuit(Encoder.binary(("p",)), [15], [0], [0], [0, 1, 2, 3], None, tuple("wxyz"))  # type: ignore[arg-type]
    assert (map_luts(wire, 6).count, map_luts(wire, 6).depth) == (0, 0)
    assert map_luts(random_circuit(1, inputs=3, gates=0, outputs=0), 4).count == 0
    with pytest.raises(BadInput, match="tables of 7 inputs"):
        map_luts(wire, 7)


def test_a_wrong_table_and_a_missing_leaf_are_caught() -> None:
    """Planted faults: a flipped bit of a table, two leaves swapped, and a leaf left out."""
    network = map_luts(random_circuit(5, inputs=12, gates=150, outputs=9), 6)
    check_tables(network)
    index = int((network.leaves < network.circuit.nodes).sum(axis=1).argmax())
    table = network.table.copy()
    table[index] ^= np.uint64(2)
    with pytest.raises(Failed, match=f"the table of node {network.root[index]} is wrong"):
        check_tables(LutNetwork(network.circuit, network.root, network.leaves, table, network.depth))
    leaves = network.leaves.copy()
    leaves[index, 0] = network.circuit.nodes
    with pytest.raises(Failed, match="misses a leaf"):
        truth_tables(network.circuit, network.root, leaves)


def test_bits_are_counted_without_numpy_2(monkeypatch: pytest.MonkeyPatch) -> None:
    words = np.random.default_rng(0).integers(0, 1 << 64, (5, 7), np.uint64)
    want = np.array([[bin(word).count("1") for word in row] for row in words.tolist()])
    assert (bits_set(words) == want).all()
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert (bits_set(words) == want).all()


@epfl
@needs("yosys-abc")
@pytest.mark.parametrize("k", [4, 6])
@pytest.mark.parametrize("name", ["ctrl", "int2float", "cavlc", "i2c", "max"])
def test_counts_and_depths_are_near_those_of_abc(name: str, k: int, tmp_path: Path) -> None:
    network = map_luts(load_source(EPFL / f"{name}.aig").circuit, k)
    (tmp_path / "x.aig").write_bytes(aiger_bytes(network.circuit))
    script = f"read_aiger x.aig; strash; if -K {k}; print_stats"
    text = toolchain.run([toolchain.require_tool("yosys-abc"), "-q", script], cwd=tmp_path).decode()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    nodes, levels = (int(re.search(rf"{word} *= *(\d+)", plain)[1]) for word in ("nd", "lev"))  # type: ignore[index]
    assert network.count <= 1.05 * nodes
    assert network.depth <= levels


def test_many_gates_in_little_time() -> None:
    circuit = random_circuit(1, inputs=784, gates=20_000, outputs=4000, reach=4000)
    began = time.process_time()
    network = map_luts(circuit, 6)
    assert 0 < network.count < network.circuit.gates
    assert time.process_time() - began < 4.0


@pytest.mark.parametrize("dtype", ["uint8", "bool", "float32"])
def test_parts_add_up_to_the_whole(dtype: str) -> None:
    circuit = lift(random_model(7, features=6, thresholds=3, layers=2, width=40, classes=3, dtype=dtype))
    found = costs(circuit)
    for kind in ("depth", "max_fanout"):
        assert max(part[kind] for part in found["parts"].values()) <= found["whole"][kind]
    depths = [part["depth"] for part in found["parts"].values()]
    assert found["parts"]["argmax"]["depth"] == found["whole"]["depth"] > found["parts"]["popcount"]["depth"]
    assert depths[1:] == sorted(depths[1:])
    for kind in ("gates", "lut4", "lut6"):
        assert sum(part[kind] for part in found["parts"].values()) == found["whole"][kind]
    names = ["encoder", "layer 0", "layer 1", "popcount", "argmax"]
    assert list(found["parts"]) == names[dtype == "float32" :]
    assert found["encoder_included"] == (dtype != "float32")
    assert found["parts"]["layer 0"]["gates"] == 40
    lowered = lower_head(circuit)
    if dtype == "uint8":
        lowered = lower_encoder(lowered)
        assert found["parts"]["encoder"]["gates"] > 0
    assert found["whole"]["gates"] == lowered.gates
    assert found["whole"]["depth"] == lowered.depth
    assert found["whole"]["lut6"] == map_luts(lowered, 6).count
    assert costs(circuit, luts=False)["parts"]["popcount"].keys() == {"gates", "depth", "max_fanout"}


def test_the_whole_circuit_says_the_class() -> None:
    circuit = lift(random_model(2, features=4, thresholds=3, layers=2, width=30, classes=3))
    whole, inside = whole_circuit(circuit)
    assert inside
    features = random_features(circuit, 200)
    bits = (features.astype(np.int64)[:, :, None] >> np.arange(8)) & 1
    got = unpack(simulate_outputs(whole, pack(bits.reshape(len(features), -1).astype(np.bool_))), len(features))
    assert (got @ np.array([1, 2]) == simulate(circuit, features)[1]).all()


def test_statistics_follow_the_passes() -> None:
    before = lift(random_model(3, layers=2, width=50, classes=3))
    statistics = Statistics(before)
    after, reports = run_pipeline(before, 2, print_after=statistics)
    found = statistics.as_json()
    assert [each["name"] for each in found["passes"]] == [report.name for report in reports]
    assert [each["gates"] for each in found["passes"]] == [report.gates_after for report in reports]
    assert found["before"] == costs(before)
    assert found["after"] == costs(after) == {k: v for k, v in found["passes"][-1].items() if k != "name"}
    assert found["after"]["whole"]["lut6"] <= found["before"]["whole"]["lut6"]
    plain = pass_sizes(before, after, reports)
    assert [each["depth"] for each in plain["passes"]] == [report.depth_after for report in reports]
    assert "lut6" not in plain["after"]["whole"]
