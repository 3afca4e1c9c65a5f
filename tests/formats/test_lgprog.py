"""The text of programs: it parses back, and what is not one is refused with its line."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from lgnc.diagnostics import BadInput
from lgnc.formats.lgprog import program_bytes, program_from_bytes, program_from_text, program_text
from lgnc.formats.source import load_source
from lgnc.ir.program import unroll
from tests.ir.test_program import random_program


@pytest.mark.parametrize("seed", range(12))
def test_the_text_parses_back(seed: int) -> None:
    program = random_program(seed, dense=seed % 2 == 0)
    text = program_text(program)
    again = program_from_text(text)
    assert program_text(again) == text
    assert unroll(again).digest == unroll(program).digest


def test_a_file_is_a_circuit_by_unrolling(tmp_path: Path) -> None:
    program = random_program(3)
    path = tmp_path / "net.lgprog"
    path.write_bytes(program_bytes(program))
    assert load_source(path).circuit.digest == unroll(program).digest


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("lgprog 1", "lgprog 2", ":1: version 2 is not 1"),
        ("grid 2", "grid 3", "encoder bits are no grid"),
        ("stages 3", "stages 2", "expected 'outputs COUNT'"),
        ("stages 3", "stages 99999999", "is not a count of the lines that follow"),
        ("stride", "strides", "expected 'stage HEIGHT WIDTH"),
        ("window ", "window 1", "is not a count of the lines"),
        ("n0 = c", "n1 = c", "expected 'n0 = cCHANNEL"),
        ("end\n", "", "expected 'end'"),
    ],
)
def test_what_is_no_program_is_refused(old: str, new: str, said: str) -> None:
    text = program_text(random_program(4))
    assert old in text
    if old == "window ":
        new = "window 1000000"
    with pytest.raises(BadInput, match=said):
        program_from_text(text.replace(old, new, 1), "net.lgprog")


def test_damaged_texts_give_bad_input_or_a_program() -> None:
    rng = random.Random(1)
    data = program_bytes(random_program(4))
    for _ in range(600):
        made = bytearray(data)
        at = rng.randrange(len(made))
        if rng.random() < 0.5:
            made[at] = rng.choice(b'0123456789-~nceyx \n"\xff')
        else:
            del made[at : at + rng.randrange(1, 30)]
        try:
            program = program_from_bytes(bytes(made), "net.lgprog")
        except BadInput:
            continue
        assert program.applications < 1 << 31
