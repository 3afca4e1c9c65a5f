"""LRAT as text and in binary, and the DRAT that it is without numbers and hints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lgnc.verify.lrat import Proof
from lgnc.verify.miter import Clause


def lrat_text(proof: Proof) -> bytes:
    """`NUMBER LITERAL ... 0 HINT ... 0`, and `NUMBER d NUMBER ... 0` after the steps that need the clauses."""

    def lines() -> Iterator[str]:
        for number, clause, hints in proof.steps:
            yield " ".join(map(str, (number, *clause, 0, *hints, 0)))
            if number in proof.deletions:
                yield " ".join(map(str, (number, "d", *proof.deletions[number], 0)))

    return ("\n".join(lines()) + "\n").encode()


def lrat_binary(proof: Proof) -> bytes:
    """The same steps: `a` or `d` and numbers of seven bits a byte, the lowest first, each 2 * |n| + (n < 0)."""
    out = bytearray()
    for number, clause, hints in proof.steps:
        out += b"a"
        _numbers(out, (number, *clause, 0, *hints, 0))
        if number in proof.deletions:
            out += b"d"
            _numbers(out, (*proof.deletions[number], 0))
    return bytes(out)


def _numbers(out: bytearray, numbers: Iterable[int]) -> None:
    for number in numbers:
        rest = 2 * abs(number) + (number < 0)
        while rest > 127:
            out.append(rest & 127 | 128)
            rest >>= 7
        out.append(rest)


def drat_text(proof: Proof) -> bytes:
    """`LITERAL ... 0`, and `d LITERAL ... 0` for a clause that is not needed any more."""
    clauses: dict[int, Clause] = {}

    def lines() -> Iterator[str]:
        for number, clause, _ in proof.steps:
            clauses[number] = clause
            yield " ".join(map(str, (*clause, 0)))
            for gone in proof.deletions.get(number, ()):
                yield " ".join(map(str, ("d", *clauses.pop(gone), 0)))

    return ("\n".join(lines()) + "\n").encode()
