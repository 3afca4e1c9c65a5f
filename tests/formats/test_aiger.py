"""AIGER in and out: what is written reads back the same, real circuits, ABC's opinion, and bad files."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgnc import toolchain
from lgnc.diagnostics import BadInput
from lgnc.formats.lift import lift
from lgnc.formats.read_aiger import circuit_from_aiger, read_aiger
from lgnc.formats.source import load_source, save_circuit
from lgnc.formats.write_aiger import aiger_bytes
from lgnc.ir import Circuit, Encoder
from lgnc.ir.simulate import simulate_outputs
from lgnc.passes.compare import bit_keys, difference, stimulus
from lgnc.passes.manager import run_pipeline
from lgnc.passes.merge_duplicate_gates import merge_duplicate_gates
from tests.support import abc_says_equal, needs, random_circuit, random_model

EPFL = Path(os.environ.get("LGNC_DATA", "/nonexistent")).parent / "circuits" / "epfl"
NAMES = ("adder", "bar", "cavlc", "ctrl", "i2c", "int2float", "max", "voter")
epfl = pytest.mark.skipif(not EPFL.is_dir(), reason="needs the EPFL circuits beside $LGNC_DATA")


def same(one: Circuit, other: Circuit) -> bool:
    """Whether outputs agree in order, whatever the names, over all or many input patterns."""
    assert one.inputs == other.inputs
    _, words = stimulus(bit_keys(one.encoder), max(one.nodes, other.nodes))
    return np.array_equal(simulate_outputs(one, words), simulate_outputs(other, words))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(0, 90), st.booleans())
def test_what_is_written_reads_back(seed: int, inputs: int, gates: int, binary: bool) -> None:
    before = random_circuit(seed, inputs=inputs, gates=gates, outputs=7)
    data = aiger_bytes(before, binary)
    after = circuit_from_aiger(data, "x.aig")
    assert difference(before, after) == ("exhaustive", "")
    assert circuit_from_aiger(aiger_bytes(after, binary), "y").gates == after.gates


def test_both_forms_say_the_same() -> None:
    circuit = random_circuit(3, inputs=300, gates=5000, outputs=100)
    binary, ascii_form = (circuit_from_aiger(aiger_bytes(circuit, form), "x") for form in (True, False))
    assert binary.digest == ascii_form.digest
    assert same(circuit, binary)


@epfl
@pytest.mark.parametrize("name", NAMES)
def test_real_circuits_go_round(name: str) -> None:
    before = load_source(EPFL / f"{name}.aig").circuit
    after = circuit_from_aiger(aiger_bytes(before), name)
    assert difference(before, after)[1] == ""
    assert (before.gates, before.depth) == (after.gates, after.depth)
    optimised, _ = run_pipeline(before, 2, check_each_pass=True)
    assert optimised.gates <= before.gates


@epfl
@needs("yosys-abc")
@pytest.mark.parametrize("name", ["ctrl", "int2float", "i2c"])
def test_abc_proves_what_is_written_equal_to_what_was_read(name: str, tmp_path: Path) -> None:
    source = EPFL / f"{name}.aig"
    optimised, _ = run_pipeline(load_source(source).circuit, 2)
    (tmp_path / "x.aig").write_bytes(aiger_bytes(optimised))
    assert abc_says_equal(source, tmp_path / "x.aig")
    wrong = optimised.outputs.copy()
    wrong[0] ^= 1
    (tmp_path / "wrong.aig").write_bytes(aiger_bytes(optimised.with_(outputs=wrong)))
    assert not abc_says_equal(source, tmp_path / "wrong.aig")


@needs("yosys-abc")
def test_abc_reads_both_forms_of_a_random_net(tmp_path: Path) -> None:
    circuit = random_circuit(8, inputs=40, gates=900, outputs=60)
    for ending, binary in (("aig", True), ("aag", False)):
        (tmp_path / f"x.{ending}").write_bytes(aiger_bytes(circuit, binary))
    rewritten = tmp_path / "y.aig"
    script = f"read_aiger {tmp_path / 'x.aig'}; strash; dc2; write_aiger -s {rewritten}"
    toolchain.run([toolchain.require_tool("yosys-abc"), "-q", script])
    assert abc_says_equal(tmp_path / "x.aig", rewritten)
    back = load_source(rewritten).circuit
    assert difference(circuit, back)[1] == ""
    assert same(circuit, load_source(tmp_path / "x.aag").circuit)


def test_names_and_thresholds_become_symbols() -> None:
    encoder = Encoder(("pixel", "größe\n2"), "uint8", np.array([0, 0, 1]), np.array([10, 200, 3]))
    circuit = Circuit(encoder, *(np.zeros(0, np.uint8),) * 3, np.array([0, 5]), None, ("a b", "c"))  # type: ignore[arg-type]
    lines = aiger_bytes(circuit).split(b"\n")
    assert lines[3:] == [b"i0 pixel>10", b"i1 pixel>200", rb"i2 gr\xf6\xdfe\n2>3", b"o0 a b", b"o1 c", b""]
    assert circuit_from_aiger(aiger_bytes(circuit), "x").output_names == ("a b", "c")


@pytest.mark.parametrize("ending", ["aig", "aag", "blif", "lgir"])
def test_circuit_files_are_saved_and_loaded_by_their_ending(ending: str, tmp_path: Path) -> None:
    circuit = random_circuit(5, inputs=6, gates=40, outputs=9)
    path = tmp_path / f"x.{ending}"
    save_circuit(circuit, path)
    assert difference(circuit, load_source(path).circuit) == ("exhaustive", "")
    with pytest.raises(BadInput, match=r"unknown circuit file ending '\.v' .*\.aag, \.aig, \.blif, \.lgir"):
        save_circuit(circuit, tmp_path / "x.v")


@pytest.mark.parametrize("carry", range(16))
@pytest.mark.parametrize("total", [6, 9])
def test_a_sum_and_its_carry_share_a_node(total: int, carry: int) -> None:
    encoder = Encoder.binary(("x", "y"))
    pins = np.array([0, 1], np.int32), np.array([1, 0], np.int32)
    before = Circuit(encoder, np.array([total, carry], np.uint8), *pins, np.array([4, 6]), None, ("s", "c"))
    after = circuit_from_aiger(aiger_bytes(before), "x")
    assert difference(before, after) == ("exhaustive", "")
    if carry in (1, 2, 4, 7, 8, 11, 13, 14):
        assert merge_duplicate_gates(after).gates == 3


def test_missing_names_do_not_collide_with_given_ones() -> None:
    circuit = circuit_from_aiger(b"aag 2 2 0 2 0\n2\n4\n2\n5\ni1 i0\no0 o1\nc\nanything \xff\n", "x")
    assert circuit.encoder.names == ("i0_", "i0")
    assert circuit.output_names == ("o1", "o1_")
    assert circuit.outputs.tolist() == [0, 3]


def test_gates_of_ascii_files_may_stand_in_any_order() -> None:
    circuit = circuit_from_aiger(b"aag 9 2 0 1 2\n8\n4\n18\n18 6 1\n6 9 4\n", "x")
    assert circuit.encoder.names == ("i0", "i1")
    _, words = stimulus(bit_keys(circuit.encoder), 4)
    assert simulate_outputs(circuit, words)[0, 0] & np.uint64(15) == 0b0010


def test_a_head_is_refused() -> None:
    with pytest.raises(BadInput, match="lower_head"):
        aiger_bytes(lift(random_model(1, width=10)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x:1: the file ends where the header should be"),
        (b"hello\n", "x:1: starts with 'hello'"),
        (b"aig 1 1\n", "x:1: expected 'aig M I L O A'"),
        (b"aig a 1 0 0 0\n", "x:1: expected the header, found 'a'"),
        (b"aig -1 1 0 0 0\n", "x:1: expected the header, found '-1'"),
        (b"aag 1 0 1 0 0\n2 3\n", r"x:1: has latches \(1\)"),
        (b"aig 0 0 0 0 0 1\n2\n", "x:1: has bad-state"),
        (b"aig %d 0 0 0 %d\n" % (2**60, 2**60), r"x:1: claims 0 outputs and 1152921504606846976 gates, and 0 bytes"),
        (b"aig %d %d 0 0 0\n" % (2**60, 2**60), "x:1: claims 1152921504606846976 inputs"),
        (b"aag %d %d 0 0 0\n" % (2**60, 2**60), "x:1: claims 1152921504606846976 inputs"),
        (b"aig 0 0 0 %d 0\n0\n" % 2**60, "x:1: claims 1152921504606846976 outputs"),
        (b"aig 9%s 0 0 0 0\n" % (b"9" * 5000), "in the header is more than"),
        (b"aig 5 2 0 0 1\n\x02\x02", "x:1: claims 5 variables, but 2 inputs and 1 gates"),
        (b"aag 2 2 0 0 0\n2\n", "x:3: the file ends where an input literal"),
        (b"aag 2 2 0 0 0\n2\n3\n", "x:3: input 3 is inverted"),
        (b"aag 2 2 0 0 0\n2\n2\n", "x:3: input 2 is defined twice"),
        (b"aag 2 2 0 0 0\n2\n0\n", "x:3: input 0 is constant"),
        (b"aag 1 1 0 1 0\n2\n7\n", "x:3: '7' in an output literal is more than 3"),
        (b"aag 4 1 0 1 0\n2\n6\n", "x:3: literal 6 is not defined"),
        (b"aag 4 1 0 1 1\n2\n4\n4 2 9\n", "x:4: literal 9 is not defined"),
        (b"aag 4 1 0 1 1\n2\n4\n4 2\n", "x:4: expected a gate: 3 numbers, found 2"),
        (b"aag 3 1 0 1 2\n2\n4\n4 2 6\n6 4 2\n", "x:[45]: the gate depends on itself"),
        (b"aig 3 2 0 1 1\n6\n\x02", "x, byte 17: the file ends in gate 0 of 1"),
        (b"aig 3 2 0 1 1\n6\n\x00\x02", "x, byte 16: gate 0 reads a literal that does not come before"),
        (b"aig 3 2 0 1 1\n6\n\x02\x09", "x, byte 16: gate 0 reads a literal that does not come before"),
        (b"aig 3 2 0 1 1\n6\n\x82\x80\x80\x80\x80\x00\x09", "x, byte 16: a difference of gate 0 takes more"),
        (b"aag 1 1 0 0 0\n2\ni1 x\n", "x:3: '1' in a symbol's position is more than 0"),
        (b"aag 1 1 0 0 0\n2\nl0 x\n", "x:3: expected a symbol"),
        (b"aag 1 1 0 0 0\n2\ni0 \xc3\xa4\n", "x:3: the name .* is not ASCII"),
        (b"aag 1 1 0 0 0\n2\ni0 x\ni0 y\n", "x:4: i0 has two names"),
        (b"aag 2 2 0 0 0\n2\n4\ni0 x\ni1 x\n", "x: two features have the same name"),
    ],
)
def test_bad_files_are_refused_with_their_line(data: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        circuit_from_aiger(data, "x")


def test_a_long_chain_in_any_order_is_read_in_little_time() -> None:
    count = 3000
    lines = [f"{2 * k + 2} {2 * k} {2 * (k - 1) if k > 2 else 3}" for k in range(2, count)][::-1]
    text = f"aag {count} 2 0 1 {len(lines)}\n2\n4\n{2 * count}\n" + "\n".join(lines) + "\n"
    began = time.process_time()
    assert circuit_from_aiger(text.encode(), "x").depth == count - 2
    looped = text.replace(f"\n{lines[-1]}\n", f"\n6 4 {2 * count}\n")
    with pytest.raises(BadInput, match=r"x:\d+: the gate depends on itself"):
        circuit_from_aiger(looped.encode(), "x")
    assert time.process_time() - began < 3.0


def outcome(data: bytes) -> str:
    """Where the file is refused, or 'read'."""
    try:
        circuit_from_aiger(data, "x")
    except BadInput as error:
        return error.where
    return "read"


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_files_give_a_circuit_or_bad_input(data: st.DataObject) -> None:
    base = aiger_bytes(random_circuit(1, inputs=4, gates=12, outputs=3), data.draw(st.booleans()))
    octets = bytearray(base)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(octets)))
        octets[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    assert outcome(bytes(octets))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([b"", b"aig ", b"aag 3 1 0 1 2\n", b"aig 3 1 0 1 2\n"]))
def test_random_bytes_give_a_circuit_or_bad_input(data: bytes, start: bytes) -> None:
    assert outcome(start + data)


@pytest.mark.parametrize("binary", [True, False])
def test_a_file_cut_anywhere_is_refused_or_lost_names_alone(binary: bool) -> None:
    circuit = random_circuit(1, inputs=3, gates=12, outputs=3)
    data = aiger_bytes(circuit, binary)
    body, names = data.index(b"i0 "), 0
    for size in range(len(data)):
        if outcome(data[:size]) != "read":
            continue
        read, notes = read_aiger(data[:size], "x")
        assert size >= body
        assert data[size - 1 : size] == b"\n" or size == body
        assert difference(circuit, read.with_(encoder=circuit.encoder, output_names=circuit.output_names))[1] == ""
        assert len(notes) == (size > body)
        names += 1
    assert names == circuit.inputs + len(circuit.outputs)
    assert read_aiger(data, "x")[1] == ()


def test_a_number_cut_short_is_not_another_number() -> None:
    whole = b"aag 7 5 0 1 2\n2\n4\n6\n8\n10\n14\n12 2 4\n14 12 10\n"
    assert circuit_from_aiger(whole, "x").gates == 2
    with pytest.raises(BadInput, match="x:9: the file ends inside a gate: it was cut short"):
        circuit_from_aiger(whole[:-2], "x")


def test_what_follows_a_comment_may_end_anywhere() -> None:
    assert circuit_from_aiger(b"aag 1 1 0 1 0\n2\n2\nc", "x").inputs == 1
    assert circuit_from_aiger(b"aag 1 1 0 1 0\r\n2\r\n2\r\nc\r\nno end", "x").inputs == 1
