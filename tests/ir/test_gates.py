"""The one table of the sixteen functions: every spelling of every gate, against its number."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lgnc.ir.gates import FLIP_A, FLIP_B, FLIP_OUT, GATES, OPCODE, READS_A, READS_B, SWAP, TABLE, evaluate

CASES = list(itertools.product(range(16), (0, 1), (0, 1)))


def value(op: int, a: int, b: int) -> int:
    """f(0,0) f(0,1) f(1,0) f(1,1) read as a binary number, first principles."""
    return int(f"{op:04b}"[2 * a + b])


@pytest.mark.parametrize(("op", "a", "b"), CASES)
def test_every_spelling_is_the_number(op: int, a: int, b: int) -> None:
    want = value(op, a, b)
    assert TABLE[op, 2 * a + b] == want
    assert eval(GATES[op].words, {}, {"a": a, "b": b}) & 1 == want
    verilog = GATES[op].verilog.replace("1'b", "")
    assert eval(verilog, {}, {"a": a, "b": b}) & 1 == want
    words = [np.array([-x], np.int64).view(np.uint64) for x in (a, b)]
    assert evaluate(op, *words)[0] == (2**64 - 1 if want else 0)


@pytest.mark.parametrize(("op", "a", "b"), CASES)
def test_the_derived_tables(op: int, a: int, b: int) -> None:
    assert value(int(FLIP_A[op]), a, b) == value(op, 1 - a, b)
    assert value(int(FLIP_B[op]), a, b) == value(op, a, 1 - b)
    assert value(int(FLIP_OUT[op]), a, b) == 1 - value(op, a, b)
    assert value(int(SWAP[op]), a, b) == value(op, b, a)


def test_reads_and_names() -> None:
    assert [op for op in range(16) if not READS_A[op]] == [0, 5, 10, 15]
    assert [op for op in range(16) if not READS_B[op]] == [0, 3, 12, 15]
    assert OPCODE["and"] == 1
    assert OPCODE["gt"] == 2
    assert OPCODE["xor"] == 6
    assert OPCODE["nand"] == 14
    assert len(OPCODE) == 16
