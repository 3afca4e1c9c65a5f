"""BLIF in and out: what is written reads back the same, ABC's opinion, tables of every shape, and bad files."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgnc import toolchain
from lgnc.diagnostics import BadInput
from lgnc.formats.lift import lift
from lgnc.formats.read_blif import circuit_from_blif, read_blif
from lgnc.formats.source import load_source
from lgnc.formats.write_blif import blif_bytes
from lgnc.ir import Circuit, Encoder
from lgnc.ir.simulate import pack, simulate_outputs, unpack
from lgnc.passes.compare import difference
from tests.formats.test_aiger import EPFL, epfl
from tests.support import abc_says_equal, needs, random_circuit, random_model


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(0, 90))
def test_what_is_written_reads_back(seed: int, inputs: int, gates: int) -> None:
    before = random_circuit(seed, inputs=inputs, gates=gates, outputs=7)
    after = circuit_from_blif(blif_bytes(before), "x")
    assert difference(before, after) == ("exhaustive", "")


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, list[str], str]:
    inputs = draw(st.integers(0, 5))
    rows = draw(st.lists(st.text("01-", min_size=inputs, max_size=inputs), max_size=5))
    return inputs, rows, draw(st.sampled_from("01"))


@settings(max_examples=150, deadline=None)
@given(tables())
def test_a_table_means_its_cover(table: tuple[int, list[str], str]) -> None:
    inputs, rows, value = table
    names = [f"x{k}" for k in range(inputs)]
    body = "".join(f"{row} {value}\n" if inputs else f"{value}\n" for row in rows)
    text = f".model m\n.inputs {' '.join(names)}\n.outputs y\n.names {' '.join([*names, 'y'])}\n{body}.end\n"
    patterns = list(product((0, 1), repeat=inputs))
    bits = np.array(patterns, np.bool_).reshape(len(patterns), inputs)
    values = unpack(simulate_outputs(circuit_from_blif(text.encode(), "x"), pack(bits)), len(bits))[:, 0]
    for pattern, have in zip(patterns, values.tolist(), strict=True):
        covered = any(all(w in ("-", str(x)) for w, x in zip(row, pattern, strict=True)) for row in rows)
        want = covered if value == "1" or not rows else not covered
        assert have == want


def test_layout_of_lines_does_not_matter() -> None:
    text = b"""# a comment
.model two words

.inputs a \\
  b # more
.inputs c
.outputs y
.names t c y  # read before it is defined
1- 1
-1 1
.names a b \\
t
11 1
.end
"""
    circuit = circuit_from_blif(text, "x")
    assert circuit.encoder.names == ("a", "b", "c")
    assert [int(k) for k in circuit.op] == [1, 7]


@epfl
@needs("yosys-abc")
@pytest.mark.parametrize("name", ["ctrl", "adder"])
def test_abc_reads_what_is_written_and_writes_what_is_read(name: str, tmp_path: Path) -> None:
    source = EPFL / f"{name}.aig"
    before = load_source(source).circuit
    (tmp_path / "x.blif").write_bytes(blif_bytes(before))
    abc = toolchain.require_tool("yosys-abc")
    there, back = f"read_blif {tmp_path / 'x.blif'}", f"write_blif {tmp_path / 'y.blif'}"
    toolchain.run([abc, "-q", f"{there}; strash; write_aiger {tmp_path / 'x.aig'}; if -K 5; {back}"])
    assert abc_says_equal(source, tmp_path / "x.aig")
    after = load_source(tmp_path / "y.blif").circuit
    assert difference(before, after)[1] == ""
    assert after.encoder.names == before.encoder.names


def test_names_that_blif_cannot_hold_are_encoded() -> None:
    encoder = Encoder(("pixel", "größe \\#="), "uint8", np.array([0, 1]), np.array([10, 3]))
    circuit = Circuit(encoder, [6], [0], [1], [5, 0], None, ("a b", "n2"))  # type: ignore[arg-type]
    back = circuit_from_blif(blif_bytes(circuit), "x")
    assert back.encoder.names == ("pixel>10", "gr%C3%B6%C3%9Fe%20%5C%23%3D>3")
    assert back.output_names == ("a%20b", "n2")
    assert back.gates == 3


def test_an_output_named_like_an_input() -> None:
    encoder = Encoder.binary(("p", "q"))
    same = Circuit(encoder, [], [], [], [2], None, ("q",))  # type: ignore[arg-type]
    assert circuit_from_blif(blif_bytes(same), "x").outputs.tolist() == [2]
    with pytest.raises(BadInput, match="output 'q' has the name of an input that it is not"):
        blif_bytes(same.with_(outputs=[3]))


def test_a_head_is_refused() -> None:
    with pytest.raises(BadInput, match="lower_head"):
        blif_bytes(lift(random_model(1, width=10)))


START = b".model m\n.inputs a b c\n.outputs y\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x:1: holds no '.model'"),
        (b"hello\n", "x:1: expected a line like '.model NAME', found 'hello'"),
        (b".model \xc3\xa4\n", "x:1: is not ASCII"),
        (START + b".latch a y re clk 0\n", "x:4: '.latch' is not supported"),
        (START + b".subckt full_adder a=a\n", "x:4: '.subckt' is not supported .flatten"),
        (START + b".names\n", "x:4: '.names' without a signal"),
        (START + b".names a b y\n1 1\n", "x:5: expected 2 of 0, 1 or -"),
        (START + b".names a b y\n1x 1\n", "x:5: '1x 1' is not made of"),
        (START + b".names a b y\n11 x\n", "x:5: the output of a row is 0 or 1, not 'x'"),
        (START + b".names y\n -\n", "x:5: the output of a row is 0 or 1, not '-'"),
        (START + b".mlatch a\n", "x:4: '.mlatch' is not supported .lgnc reads combinational"),
        (START + b".gate and2 A=a\n", "x:4: '.gate' is not supported .write the circuit before"),
        (START + b".search other.blif\n", "x:4: '.search' is not supported .put the models"),
        (START + b".bogus\n", "x:4: '.bogus' is not supported .leave it out"),
        (START + b".names a b y\n11 1\n00 0\n", "x:6: the rows of one table have different outputs"),
        (START + b".names a d y\n11 1\n", "x:4: 'd' is not defined"),
        (START, "x:3: 'y' is not defined"),
        (START + b".names y\n.names a y\n1 1\n", "x:5: 'y' is defined twice"),
        (START + b".names b a\n1 1\n", "x:4: 'a' is defined twice"),
        (START + b".inputs b\n", "x:4: input 'b' is declared twice"),
        (START + b".names y\n.outputs y\n", "x:5: output 'y' is declared twice"),
        (START + b".names t a y\n11 1\n.names a b y t\n111 1\n", "x:[46]: the table depends on itself"),
        (START + b".names y\n.end\n.model n\n", "x:6: '.model' after '.end'"),
        (START + b".model n\n", "x:4: a second '.model'"),
    ],
)
def test_bad_files_are_refused_with_their_line(data: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        circuit_from_blif(data if b".end" in data or data[:1] != b"." else data + b".end\n", "x")


def outcome(data: bytes) -> str:
    """Where the file is refused, or 'read'."""
    try:
        circuit_from_blif(data, "x")
    except BadInput as error:
        return error.where
    return "read"


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_files_give_a_circuit_or_bad_input(data: st.DataObject) -> None:
    octets = bytearray(blif_bytes(random_circuit(1, inputs=4, gates=8, outputs=3)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(octets)))
        octets[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    assert outcome(bytes(octets))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(" .01-\nabxyn\\#", max_size=12), max_size=8))
def test_random_text_gives_a_circuit_or_bad_input(parts: list[str]) -> None:
    for word in (".names ", ".inputs ", ".outputs "):
        assert outcome((".model m\n" + word.join(parts)).encode())


AND = ".names a b y\n11 1\n"


@pytest.mark.parametrize(
    "line",
    [
        ".default_input_arrival 0 0",
        ".default_output_required 0 0",
        ".default_input_drive 1 1",
        ".default_output_load 2",
        ".default_max_input_load 2",
        ".input_arrival a 0 0",
        ".output_required y 0 0",
        ".input_drive a 1 1",
        ".output_load y 1",
        ".max_input_load a 1",
        ".wire_load_slope 0.00",
        ".wire_load_table 1 2",
        ".wire 0 1",
        ".area 10",
        ".delay a INV 1 2 3",
        ".cycle 10",
        ".clock_event 1 a",
        '.attr src "x.v:1"',
        ".param INIT 01",
        ".cname cell",
    ],
)
def test_what_has_no_meaning_for_the_function_is_left_out_and_said(line: str) -> None:
    plain, notes = read_blif(START + AND.encode() + b".end\n", "x")
    assert notes == ()
    for text in (START.decode() + f"{line}\n{AND}.end\n", START.decode() + f"{AND}{line}\n.end\n"):
        circuit, notes = read_blif(text.encode(), "x")
        assert circuit.digest == plain.digest
        assert notes == (f"left out, without meaning here: {line.split()[0]}",)


def test_external_dont_cares_are_left_out_and_said() -> None:
    text = START + AND.encode() + b".exdc\n.inputs a b\n.outputs y\n.names a b y\n01 1\n.end\n"
    circuit, notes = read_blif(text, "x")
    assert circuit.digest == circuit_from_blif(START + AND.encode() + b".end\n", "x").digest
    assert len(notes) == 1
    assert ".exdc" in notes[0]


def test_comments_may_be_in_any_encoding() -> None:
    text = START + "# café\n".encode() + b"# caf\xe9 \xff\n" + AND.encode() + b".end # \xc3\n"
    assert circuit_from_blif(text, "x").gates == 1


def test_the_ending_may_be_in_capitals(tmp_path: Path) -> None:
    path = tmp_path / "UPPER.BLIF"
    path.write_bytes(START + AND.encode() + b".end\n")
    assert load_source(path).format == "BLIF"
    assert load_source(path).notes == ()


def test_a_file_cut_anywhere_is_refused() -> None:
    for data in (
        blif_bytes(random_circuit(1, inputs=4, gates=8, outputs=3)),
        START + b".names a b c y\n11- 1\n1-1 1\n-11 1\n.end\n",
    ):
        for size in range(len(data) - 1):
            with pytest.raises(BadInput, match=r"^x:"):
                circuit_from_blif(data[:size], "x")
        whole = circuit_from_blif(data, "x")
        assert circuit_from_blif(data[:-1], "x").digest == whole.digest


def test_the_parity_of_fourteen_takes_thirteen_gates() -> None:
    inputs = [f"x{k}" for k in range(14)]
    rows = "".join(f"{''.join(map(str, p))} 1\n" for p in product((0, 1), repeat=14) if sum(p) % 2)
    text = f".model m\n.inputs {' '.join(inputs)}\n.outputs y\n.names {' '.join(inputs)} y\n{rows}.end\n"
    circuit = circuit_from_blif(text.encode(), "x")
    assert circuit.gates == 13
    off = circuit_from_blif(text.replace(" 1\n", " 0\n").encode(), "x")
    assert off.gates == 13
    bits = np.random.default_rng(0).integers(0, 2, (500, 14)).astype(np.bool_)
    for read, want in ((circuit, bits.sum(axis=1) % 2 == 1), (off, bits.sum(axis=1) % 2 == 0)):
        assert (unpack(simulate_outputs(read, pack(bits)), 500)[:, 0] == want).all()
