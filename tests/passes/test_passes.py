"""Every pass keeps the meaning, leaves its input alone, does what its docstring shows, and carries the layer along."""

from __future__ import annotations

import inspect
import itertools
import re
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgnc.formats import from_text
from lgnc.formats.lift import lift
from lgnc.ir import Circuit, Encoder, Head, check, simulate
from lgnc.ir.gates import AND, FALSE_LITERAL, GATES, NAND, OR, TABLE, TRUE, TRUE_LITERAL, XOR, absorb_inversions
from lgnc.ir.simulate import simulate_outputs, unpack
from lgnc.passes.absorb_shared_fanins import _PAIR_GATE, PAIRS
from lgnc.passes.algebra import LAWS, Law
from lgnc.passes.balance_depth import balance_depth
from lgnc.passes.compare import bit_keys, difference, stimulus
from lgnc.passes.drop_unread_thresholds import drop_unread_thresholds
from lgnc.passes.eliminate_dead_gates import eliminate_dead_gates
from lgnc.passes.factor_shared_fanins import _FUNCTION, _SPLIT, SPLITS, factor_shared_fanins
from lgnc.passes.fold_constants import fold_constants
from lgnc.passes.lower_head import lower_head
from lgnc.passes.manager import PASSES, load_pass, run_pipeline
from lgnc.passes.merge_duplicate_gates import merge_duplicate_gates, normal_form
from lgnc.passes.order_head import order_head, places
from lgnc.passes.simplify_head import simplify_head
from lgnc.verify.prove import prove
from tests.support import random_circuit, random_features, random_model

EXACT = sorted(set(PASSES) - {"lower_head", "rewrite_with_abc", "rewrite_with_aigverse"})
RESTRUCTURING = {"balance_depth", "factor_shared_fanins"}
"""Passes that make gates which were not there before: each has the layer of the gate that it serves."""


def same_outputs(before: Circuit, after: Circuit) -> bool:
    how, what = difference(before, after)
    assert how == "exhaustive"
    return not what


def gates(op: list[int], a: list[int], b: list[int], outputs: list[int], inputs: int = 2) -> Circuit:
    """A circuit over `inputs` bits, gates as given."""
    encoder = Encoder.binary(tuple(f"i{k}" for k in range(inputs)))
    fanin_a, fanin_b, literals = (np.array(each, np.int32) for each in (a, b, outputs))
    names = tuple(f"o{k}" for k in range(len(outputs)))
    return check(Circuit(encoder, np.array(op, np.uint8), fanin_a, fanin_b, literals, None, names))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_each_law_holds_for_every_gate_and_value(law: Law) -> None:
    literals = [FALSE_LITERAL, TRUE_LITERAL, 4, 5, 6, 7]
    tried = 0
    for a, b in itertools.product(literals, repeat=2):
        if not law.holds(np.array([a]), np.array([b]))[0]:
            continue
        for two, three in itertools.product((0, 1), repeat=2):
            value = {FALSE_LITERAL: 0, TRUE_LITERAL: 1, 4: two, 5: 1 - two, 6: three, 7: 1 - three}
            column = 2 * value[a] + value[b]
            assert (TABLE[law.becomes, column] == TABLE[:, column]).all()
            tried += 1
    assert tried >= 16


def test_inversions_move_into_every_gate() -> None:
    for op, a, b in itertools.product(range(16), (4, 5), (6, 7)):
        gate = absorb_inversions(np.array([op], np.uint8), np.array([a]), np.array([b]))[0]
        for x, y in itertools.product((0, 1), repeat=2):
            assert TABLE[gate, 2 * x + y] == TABLE[op, 2 * (x ^ (a & 1)) + (y ^ (b & 1))]


def test_normal_form_keeps_the_value_of_every_gate() -> None:
    for op, (a, b) in itertools.product(range(16), ((3, 8), (8, 3), (5, 5))):
        form = normal_form(np.array([op], np.uint8), np.array([a]), np.array([b]))
        gate, first, second, inverted = (int(x[0]) for x in form)
        assert TABLE[gate, 0] == 0
        for x, y in itertools.product((0, 1), repeat=2):
            value = {a: x, b: y if a != b else x, 0: 0}
            assert TABLE[gate, 2 * value[first] + value[second]] ^ inverted == TABLE[op, 2 * value[a] + value[b]]


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(0, 120), st.integers(0, 3), st.integers(2, 60))
def test_each_pass_keeps_every_output(name: str, seed: int, inputs: int, count: int, classes: int, reach: int) -> None:
    before = random_circuit(seed, inputs=inputs, gates=count, outputs=6, classes=classes, reach=reach)
    digest = before.digest
    after = check(load_pass(name)(before))
    assert same_outputs(before, after)
    assert before.digest == digest, "the input was changed"
    assert after.gates <= before.gates


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 2]), st.integers(0, 4))
def test_pipelines_keep_every_output(seed: int, level: int, classes: int) -> None:
    before = random_circuit(seed, inputs=7, gates=90, outputs=8, classes=classes, reach=20)
    after, reports = run_pipeline(before, level, check_each_pass=True)
    assert same_outputs(before, after)
    assert all(report.verified == "exhaustive" for report in reports)
    again, _ = run_pipeline(after, level)
    assert again.digest == after.digest


def docstring_example(name: str) -> tuple[str, str]:
    blocks = re.split(r"Before::|After::", inspect.getdoc(load_pass(name)) or "")
    before, after = (
        [line.strip() for line in block.splitlines() if re.match(r" +\S", line) and "=" in line] for block in blocks[1:]
    )
    return "\n".join(before), "\n".join(after)


def example_circuit(lines: list[str]) -> Circuit:
    """The circuit of the shorthand in docstrings: gates, then outputs, over bool inputs below the first gate."""
    first = int(re.match(r"n(\d+)", next(line for line in lines if line.startswith("n")))[1])  # type: ignore[index]
    names = [f'"i{k}"' for k in range(first)]
    bits = [f"n{k} = f{k} > 0" for k in range(first)]
    body = [line for line in lines if line.startswith("n")]
    tail = [line for line in lines if line.startswith('"')] or [f'"o{k}" = n{first + k}' for k in range(len(body))]
    with_head = bool(re.search(r'" = -?\d', tail[0]))
    end = f"head {len(tail)} tau 1.0" if with_head else f"outputs {len(tail)}"
    parts = [f"features bool {first}", *names, f"bits {first}", *bits, f"gates {len(body)}", *body, end, *tail, "end"]
    return from_text("\n".join(["lgir 1", *parts]) + "\n")


@pytest.mark.parametrize("name", sorted(set(EXACT) - {"drop_unread_thresholds"}))
def test_docstring_shows_what_the_pass_does(name: str) -> None:
    before, after = (example_circuit(text.splitlines()) for text in docstring_example(name))
    assert load_pass(name)(before).digest == after.digest
    assert same_outputs(before, after)


@pytest.mark.parametrize("name", EXACT)
def test_each_pass_stands_empty_circuits(name: str) -> None:
    empty = Circuit(Encoder.binary(()), *(np.zeros(0, np.int32) for _ in range(4)))  # type: ignore[arg-type]
    assert check(load_pass(name)(empty)).gates == 0
    wire = gates([], [], [], [0, 3])
    assert load_pass(name)(wire).outputs.tolist() == [0, 3]


@pytest.mark.parametrize("name", sorted(set(EXACT) - RESTRUCTURING))
def test_layers_stay_with_their_gates(name: str) -> None:
    circuit = lift(random_model(3, features=4, thresholds=2, layers=3, width=40, classes=4, dtype="bool"))
    unique = circuit.with_(layer=np.arange(circuit.gates, dtype=np.int16))
    after = load_pass(name)(unique)
    assert after.layer is not None
    assert len(set(after.layer.tolist())) == after.gates <= circuit.gates
    # each surviving gate still computes, up to inversion, what the gate that its mark names did
    _, words = stimulus(bit_keys(circuit.encoder), circuit.nodes)
    old = simulate_outputs(all_nodes(unique), words)[after.layer]
    new = simulate_outputs(all_nodes(after), words)
    assert ((old == new) | (old == ~new)).all(axis=1).all()


def all_nodes(circuit: Circuit) -> Circuit:
    """The circuit with every gate an output."""
    outputs = 2 * np.arange(circuit.inputs, circuit.nodes, dtype=np.int32)
    return circuit.with_(outputs=outputs, head=None, output_names=tuple(f"g{k}" for k in range(circuit.gates)))


def test_no_inverter_buffer_or_constant_stays_inside_after_o1() -> None:
    before = random_circuit(5, inputs=10, gates=400, outputs=30)
    after, _ = run_pipeline(before, 1)
    read = np.concatenate([after.a, after.b])
    assert not {0, 3, 5, 10, 12, 15} & set(after.op[read[read >= after.inputs] - after.inputs].tolist())
    assert not {3, 5, 10, 12} & set(after.op.tolist())


def test_a_gate_and_its_complement_become_one() -> None:
    circuit = gates([AND, NAND, OR, XOR], [0, 1, 2, 4], [1, 0, 3, 2], [4, 6, 10])
    after = merge_duplicate_gates(circuit)
    assert after.gates == 3
    assert after.outputs.tolist()[:2] == [4, 5]
    assert same_outputs(circuit, after)


def test_duplicates_are_found_across_levels() -> None:
    # n4 = n2 & n3 = n0 & n1 is seen only once n3 has merged with n2; n5 and n6 are the same at different levels
    circuit = gates([AND, AND, XOR, AND, OR, OR], [0, 0, 0, 2, 0, 0], [1, 1, 1, 4, 2, 3], [10, 12, 14])
    after = merge_duplicate_gates(circuit)
    assert after.outputs.tolist()[1] == after.outputs.tolist()[2]
    assert same_outputs(circuit, after)


def test_constants_at_the_head_become_offsets() -> None:
    head = Head(("x", "y"), np.array([0, 3, 5]), np.array([5, -1]))
    circuit = gates([TRUE, AND], [0, 0], [0, 1], [], 2).with_(outputs=[4, 5, 6, 5, 4], head=head, output_names=())
    after = eliminate_dead_gates(circuit)
    assert after.head is not None
    assert after.head.offset.tolist() == [6, 0]
    assert after.head.starts.tolist() == [0, 1, 1]
    assert same_outputs(circuit, after)


def test_scores_of_a_lifted_model_stay() -> None:
    before = lift(random_model(11, width=80, layers=4))
    features = random_features(before, 500)
    for level in (1, 2, 3):
        after, _ = run_pipeline(before, level, check_each_pass=True)
        assert (simulate(before, features)[0] == simulate(after, features)[0]).all()
        assert after.gates < before.gates / 2


def test_a_value_and_its_complement_are_seen_through_inverters() -> None:
    nota = OPS["nota"]
    circuit = gates([nota, OPS["b"], nota, AND, XOR], [0, 0, 3, 4, 4], [0, 2, 0, 2, 3], [10, 12])
    after = fold_constants(circuit)
    assert after.op.tolist()[3:] == [OPS["false"], OPS["true"]]
    assert same_outputs(circuit, after)


def ripple_adder(bits: int) -> Circuit:
    """A ripple-carry adder of ANDs with inverted fan-ins alone, as AIGER would give it."""
    op: list[int] = []
    pins: list[tuple[int, int]] = []

    def gate(kind: str, x: int, y: int) -> int:
        op.append(OPS[kind])
        pins.append((x, y))
        return 2 * bits + len(op) - 1

    def xor(x: int, y: int) -> int:
        return gate("nor", gate("and", x, y), gate("nor", x, y))

    carry, sums = gate("false", 0, 0), []
    for bit in range(bits):
        half = xor(bit, bits + bit)
        sums.append(2 * xor(half, carry))
        one, two = gate("and", bit, bits + bit), gate("and", half, carry)
        carry = gate("or", one, two)
    a, b = ([pin[k] for pin in pins] for k in range(2))
    return gates(op, a, b, [*sums, 2 * carry], 2 * bits)


def test_an_adder_of_ands_comes_back_as_xor_gates() -> None:
    before = ripple_adder(5)
    after, _ = run_pipeline(before, 2)
    assert same_outputs(before, after)
    assert after.gates == 2 + 5 * 4
    assert int(np.isin(after.op, (XOR, 15 - XOR)).sum()) == 1 + 2 * 4


def test_every_pair_of_the_two_level_table_holds_for_all_values() -> None:
    found = 0
    for (one, two), table in zip(PAIRS, _PAIR_GATE, strict=True):
        for key in np.flatnonzero(table >= 0).tolist():
            f, k1, k2 = key >> 8, key >> 4 & 15, key & 15
            for p, q, s in itertools.product((0, 1), repeat=3):
                x, y = TABLE[k1, 2 * p + q], TABLE[k2, 2 * p + s]
                leaf = {"p": p, "q": q, "s": s, "x": x, "y": y}
                assert TABLE[table[key], 2 * leaf[one] + leaf[two]] == TABLE[f, 2 * x + y]
            found += 1
    assert found > 5000


OPS = {gate.name: number for number, gate in enumerate(GATES)}


def test_every_split_of_the_distributive_table_holds_for_all_values() -> None:
    found = 0
    for (outer, one, two), table in zip(SPLITS, _SPLIT, strict=True):
        for function in np.flatnonzero(table >= 0).tolist():
            g, h = int(table[function]) >> 4, int(table[function]) & 15
            for p, q, s in itertools.product((0, 1), repeat=3):
                leaf = {"p": p, "q": q, "s": s}
                inner = TABLE[h, 2 * leaf[one] + leaf[two]]
                assert TABLE[g, 2 * leaf[outer] + inner] == function >> (4 * p + 2 * q + s) & 1
            found += 1
    assert found == 3 * 10 * 5
    for key in range(0, 4096, 7):
        f, k1, k2 = key >> 8, key >> 4 & 15, key & 15
        for p, q, s in itertools.product((0, 1), repeat=3):
            want = TABLE[f, 2 * TABLE[k1, 2 * p + q] + TABLE[k2, 2 * p + s]]
            assert _FUNCTION[key] >> (4 * p + 2 * q + s) & 1 == want


def test_gates_that_others_read_are_not_factored() -> None:
    shared = gates([AND, AND, OR], [0, 0, 3], [1, 2, 4], [10, 6], 3)
    assert factor_shared_fanins(shared) is shared
    alone = shared.with_(outputs=[10], output_names=("o0",))
    after, _ = run_pipeline(alone, 2)
    assert (after.gates, alone.gates) == (2, 3)
    assert same_outputs(alone, after)


def test_factors_of_factors_come_out_in_rounds() -> None:
    # (p & q) | (p & (r & s | r & t)): the inner OR first, then the outer one
    before = gates([AND, AND, OR, AND, AND, OR], [2, 2, 5, 0, 0, 8], [3, 4, 6, 1, 7, 9], [20], 5)
    after, _ = run_pipeline(before, 2)
    assert after.gates == 4
    assert same_outputs(before, after)


def chain_of(kinds: list[int]) -> Circuit:
    """Gate k reads gate k - 1 and input k + 1."""
    count = len(kinds)
    first = [0, *range(count + 1, 2 * count)]
    return gates(kinds, first, list(range(1, count + 1)), [4 * count], count + 1)


@pytest.mark.parametrize(("gate", "length", "depth"), [(AND, 8, 4), (OR, 7, 3), (XOR, 10, 4), (NAND, 3, 3)])
def test_chains_become_as_shallow_as_can_be(gate: int, length: int, depth: int) -> None:
    before = chain_of([gate] * length)
    after = balance_depth(before)
    assert (after.gates, after.depth) == (length, depth)
    assert same_outputs(before, after)


def test_chains_of_mixed_inversions_are_one_tree() -> None:
    # six conjunctions, some of them stored as their complements, and an OR that is none
    before = chain_of([NAND, OPS["lt"], NAND, OPS["lt"], AND, OPS["gt"], OPS["ge"]])
    after = balance_depth(before)
    assert (before.depth, after.depth) == (7, 4)
    assert same_outputs(before, after)


def test_late_arrivals_pass_few_gates() -> None:
    # a tree over three inputs and the end of an XOR chain, which comes last
    before = gates([XOR, AND, XOR, OR, AND, AND, AND], [0, 5, 6, 7, 8, 9, 10], [1, 2, 3, 4, 0, 1, 2], [22], 5)
    after = balance_depth(before)
    assert (before.depth, after.depth) == (7, 5)
    assert same_outputs(before, after)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([[AND], [AND, OR], [XOR], [AND, NAND, OR, 8], [*range(16)]]))
def test_balance_never_ends_deeper_or_larger(seed: int, kinds: list[int]) -> None:
    rng = np.random.default_rng(seed)
    before = random_circuit(seed, inputs=9, gates=80, outputs=4, reach=12)
    before = before.with_(op=rng.choice(np.array(kinds, np.uint8), before.gates))
    after = check(balance_depth(before))
    assert after is before or (after.depth < before.depth and after.gates == before.gates)
    assert same_outputs(before, after)


def test_a_wrong_table_is_caught() -> None:
    """Planted fault: the comparison used above sees a single flipped truth-table bit and a single inverted literal."""
    before = random_circuit(9, inputs=8, gates=60, outputs=20)
    after, _ = run_pipeline(before, 2)
    assert after.gates
    wrong_gate = after.op.copy()
    wrong_gate[-1] ^= 1
    assert not same_outputs(before, after.with_(op=wrong_gate))
    wrong_literal = after.outputs.copy()
    wrong_literal[3] ^= 1
    assert not same_outputs(before, after.with_(outputs=wrong_literal))


def test_many_gates_in_little_time() -> None:
    before = random_circuit(1, inputs=784, gates=48_000, outputs=8000, classes=10, reach=8000)
    began = time.process_time()
    after, _ = run_pipeline(before, 1)
    assert after.gates < before.gates
    assert time.process_time() - began < 1.0


def literal_head(runs: list[list[int]], offset: list[int], inputs: int = 3) -> Circuit:
    """A circuit without gates whose class sums are the given literals."""
    starts = np.cumsum([0, *map(len, runs)])
    head = Head(tuple(f"c{k}" for k in range(len(runs))), starts, np.array(offset))
    none = np.zeros(0, np.int32)
    outputs = np.array([each for run in runs for each in run], np.int32)
    names = tuple(f"i{k}" for k in range(inputs))
    return check(Circuit(Encoder.binary(names), none.astype(np.uint8), none, none, outputs, head))


def test_complements_in_a_class_sum_cancel() -> None:
    before = literal_head([[0, 1, 2, 0, 0, 3, 1], [2, 5, 3, 3], []], [0, -1, 4])
    after = simplify_head(before)
    assert after.outputs.tolist() == [0, 5, 3]
    assert after.head is not None
    assert after.head.offset.tolist() == [3, 0, 4]
    assert same_outputs(before, after)


def test_equal_literals_of_a_class_stand_side_by_side_and_cost_no_full_adder() -> None:
    before = literal_head([[0, 2, 4, 0, 6, 2], [8, 10, 12, 14]], [0, 0], 8)
    after = simplify_head(before)
    assert after.outputs.tolist() == [0, 0, 2, 2, 4, 6, 8, 10, 12, 14]
    assert same_outputs(before, after)
    gates = [run_pipeline(lower_head(each, "scores", "gates"), 2)[0].gates for each in (before, after)]
    assert gates[1] <= gates[0] - 5


def test_literals_of_a_class_stand_in_the_order_of_the_input() -> None:
    before = random_circuit(3, inputs=10, gates=120, outputs=40, classes=4)
    kept = before.outputs.copy()
    after = check(order_head(before))
    assert (before.outputs == kept).all()
    assert same_outputs(before, after)
    assert prove(before, after).equal is True
    place = places(after)[after.outputs >> 1]
    starts = after.head.starts.tolist()  # type: ignore[union-attr]
    assert all((np.diff(place[first:last]) >= 0).all() for first, last in itertools.pairwise(starts))
    assert (np.diff(places(before)[before.outputs >> 1][starts[0] : starts[1]]) < 0).any()
    assert order_head(after).outputs.tolist() == after.outputs.tolist()
    assert order_head(random_circuit(3)).digest == random_circuit(3).digest
    equal = order_head(literal_head([[4, 2, 4, 0, 2]], [0]))
    assert equal.outputs.tolist() == [0, 2, 2, 4, 4]


def test_a_class_that_cannot_win_loses_its_literals_where_scores_may_change() -> None:
    before = literal_head([[0, 2], [4, 6], [8, 10], [1, 3]], [0, 2, 0, 1], 6)
    after = simplify_head(before, keep_scores=False)
    assert after.outputs.tolist() == [0, 2, 4, 6, 1, 3]
    assert difference(before, after, by_class=True) == ("exhaustive", "")
    assert prove(before, after, claim="class").equal is True
    assert len(simplify_head(before).outputs) == 8


def test_literals_of_all_classes_go_only_when_scores_may() -> None:
    before = literal_head([[0, 0, 2], [4, 0, 0, 0], [0, 5, 0]], [0, 0, 0])
    assert simplify_head(before) is not before
    assert len(simplify_head(before).outputs) == 10
    after, _ = run_pipeline(before, "simplify_head{keep_scores=false}", check_each_pass=True)
    assert after.outputs.tolist() == [2, 4, 0, 5]
    assert difference(before, after)[1] != ""
    assert difference(before, after, by_class=True)[1] == ""


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 7), max_size=8), min_size=1, max_size=4),
    st.booleans(),
    st.lists(st.integers(-3, 3), min_size=4, max_size=4),
)
def test_simplified_heads_say_the_same(runs: list[list[int]], keep_scores: bool, offset: list[int]) -> None:
    before = literal_head(runs, offset[: len(runs)], 4)
    after = check(simplify_head(before, keep_scores=keep_scores))
    assert difference(before, after, by_class=not keep_scores) == ("exhaustive", "")
    left = [set(run.tolist()) for run in np.split(after.outputs, after.head.starts[1:-1])]  # type: ignore[union-attr]
    assert not any(run & {each ^ 1 for each in run} for run in left)
    if not keep_scores:
        assert not set.intersection(*left)


def test_unread_and_double_thresholds_go_and_features_stay() -> None:
    encoder = Encoder(("x", "y"), "uint8", np.array([0, 0, 1, 1, 0]), np.array([10, 20, 10, 10, 20]))
    pins = np.array([1, 2], np.int32), np.array([4, 3], np.int32)
    before = check(Circuit(encoder, np.array([XOR, AND]), *pins, np.array([10, 12, 3]), None, ("p", "q", "r")))
    after = check(drop_unread_thresholds(before))
    assert after.encoder.names == ("x", "y")
    assert after.encoder.feature.tolist() == [0, 1]
    assert after.encoder.threshold.tolist() == [20, 10]
    assert after.outputs.tolist() == [4, 6, 1]
    assert difference(before, after) == ("exhaustive", "")
    binary = random_circuit(1, inputs=9, gates=1, outputs=1)
    assert drop_unread_thresholds(binary) is binary


def test_an_encoder_of_floats_loses_bits_and_keeps_its_scores() -> None:
    before = lift(random_model(4, features=6, thresholds=8, layers=2, width=20, classes=3, dtype="float32"))
    after, _ = run_pipeline(before, 2, check_each_pass=True)
    assert after.inputs < before.inputs
    features = random_features(before, 400)
    assert (simulate(before, features)[0] == simulate(after, features)[0]).all()


def test_cases_respect_the_order_of_thresholds() -> None:
    keys = [("x", 3.0), ("y", 0.0), ("x", 1.0), ("x", 2.0)]
    how, words = stimulus(keys, 1)
    bits = unpack(words, 8)
    assert how == "exhaustive"
    assert {tuple(row) for row in bits[:, [2, 3, 0]].tolist()} == {(False,) * 3, (True, False, False),
        (True, True, False), (True,) * 3}  # fmt: skip
    assert len({tuple(row) for row in bits.tolist()}) == 8
    wide = [(f"f{k}", t) for k in range(40) for t in (5.0, 2.0)]
    how, words = stimulus(wide, 1)
    bits = unpack(words, 64 * words.shape[1])
    assert how == "tested"
    assert not (bits[:, 0::2] & ~bits[:, 1::2]).any()
    assert 0.25 < bits[:, 0::2].mean() < 0.42


@pytest.mark.parametrize("what", ["class", "scores", "both"])
def test_a_lowered_head_is_compared_with_the_head(what: str) -> None:
    before = random_circuit(6, inputs=6, gates=30, outputs=12, classes=3)
    after = load_pass("lower_head")(before, outputs=what)
    assert difference(before, after) == ("exhaustive", "")
    wrong = after.outputs.copy()
    wrong[-1] ^= 1
    assert "differs" in difference(before, after.with_(outputs=wrong))[1]
    assert difference(after, before)[1] == "the outputs are not the same"
