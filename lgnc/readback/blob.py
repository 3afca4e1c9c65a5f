"""NAME.bin -> Circuit: its steps, carried out on literals. The format is in `lgnc/backends/c/blob.py`."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.builder import Builder
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.gates import FALSE_LITERAL, READS_A, READS_B

_HEADER = 84


def read_blob(data: bytes, circuit: Circuit, where: str) -> Circuit:
    """What a blob computes. circuit: with its features and classes, which a blob does not name.

    Raises BadInput for what is no blob of these features and classes, is damaged, or points nowhere.
    """
    features, classes, rows, *counts = _header(data, circuit, where)
    names = ("steps", "gates", "comparisons", "literals")
    count = dict(zip(names, counts, strict=True))
    encoder = circuit.encoder
    key = np.dtype(f"<i{data[6]}") if encoder.is_float else np.dtype(_stored(encoder)).newbyteorder("<")
    parts = [
        ("steps", np.dtype([("kind", "u1"), ("count", "u1"), ("out", "<u2")]), count["steps"]),
        ("gates", np.dtype("<u2"), 2 * count["gates"]),
        ("literals", np.dtype("<u2"), count["literals"]),
        ("feature", np.dtype("<u2"), count["comparisons"]),
        ("threshold", key, count["comparisons"]),
        ("offset", np.dtype("<i4"), classes),
    ]
    if _HEADER + sum(kind.itemsize * size for _, kind, size in parts) != len(data):
        raise _bad("its parts are not as long as it is", where)
    found: dict[str, NDArray[Any]] = {}
    at = _HEADER
    for name, kind, size in parts:
        found[name] = np.frombuffer(data, kind, size, at)
        at += kind.itemsize * size
    if (found["feature"] >= features).any():
        raise _bad("a comparison is of no feature", where)
    return _Run(found, rows, classes, where).circuit(circuit)


def _stored(encoder: Encoder) -> str:
    return "uint8" if encoder.dtype == "bool" else encoder.dtype


def _bad(what: str, where: str) -> BadInput:
    return BadInput(what, where=where, fix="compile it again")


def _header(data: bytes, circuit: Circuit, where: str) -> list[int]:
    """Features, classes, rows, steps, gates, comparisons, literals."""
    head = circuit.head
    if len(data) < _HEADER or data[:4] != b"LGNB":
        raise _bad("is no blob", where)
    if data[4:8] != bytes([1, 0, np.dtype(_stored(circuit.encoder)).itemsize, 0]):
        raise _bad("is of another version, or another type of features", where)
    if int.from_bytes(data[8:12], "little") != len(data) or int.from_bytes(data[12:16], "little") != zlib.crc32(
        data[16:]
    ):
        raise _bad("is damaged: its length or its checksum is wrong", where)
    found: list[int] = np.frombuffer(data, "<u4", 7, 24).tolist()
    if head is None or found[:2] != [len(circuit.encoder.names), head.classes]:
        raise _bad("has other features or classes", where)
    return found


class _Run:
    """The state as literals, and what is counted for each class."""

    def __init__(self, found: dict[str, NDArray[Any]], rows: int, classes: int, where: str) -> None:
        self.found, self.where = found, where
        self.builder = Builder(len(found["feature"]))
        self.state: list[int | None] = [None] * rows
        self.counted: list[list[int]] = [[] for _ in range(classes)]
        self.offset = found["offset"].astype(np.int64)

    def circuit(self, like: Circuit) -> Circuit:
        gates = iter(self.found["gates"].reshape(-1, 2).tolist())
        literals, bits = iter(self.found["literals"].tolist()), iter(range(len(self.found["feature"])))
        for kind, count, out in self.found["steps"].tolist():
            if kind < 8:
                self._store(out, [self._gate(kind, *self._next(gates)) for _ in range(count)])
            elif kind == 32:
                self._store(out, [2 * self._next(bits) for _ in range(count)])
            elif kind & ~8 in range(16, 24):
                self._count(out, [self._gate(kind & 7, *self._next(gates)) for _ in range(count)], kind)
            elif kind & ~8 == 33:
                self._count(out, [self._row(self._next(literals)) for _ in range(count)], kind)
            else:
                raise _bad(f"has a step of kind {kind}", self.where)
        if any(next(left, None) is not None for left in (gates, literals, bits)):
            raise _bad("has entries that no step reads", self.where)
        return self._built(like)

    def _next(self, entries: Iterator[Any]) -> Any:
        found = next(entries, None)
        if found is None:
            raise _bad("a step reads beyond the entries", self.where)
        return found

    def _gate(self, op: int, a: int, b: int) -> int:
        """The literal of a gate on two bytes; one that it does not read may hold anything."""
        first = self._row(a) if READS_A[op] else FALSE_LITERAL
        return self.builder.gate(op, first, self._row(b) if READS_B[op] else FALSE_LITERAL)

    def _row(self, at: int) -> int:
        found = self.state[at] if at < len(self.state) else None
        if found is None:
            raise _bad(f"byte {at} of the state is read before it is written", self.where)
        return found

    def _store(self, first: int, literals: list[int]) -> None:
        if first + len(literals) > len(self.state):
            raise _bad("a step writes beyond the state", self.where)
        self.state[first : first + len(literals)] = literals

    def _count(self, owner: int, literals: list[int], kind: int) -> None:
        if owner >= len(self.counted):
            raise _bad("a step counts for no class", self.where)
        if kind & 8:  # Less a bit is its opposite, less one.
            literals = [literal ^ 1 for literal in literals]
            self.offset[owner] -= len(literals)
        self.counted[owner] += literals

    def _built(self, like: Circuit) -> Circuit:
        assert like.head is not None
        starts = [0]
        outputs: list[int] = []
        for owner, literals in enumerate(self.counted):
            constant = [literal for literal in literals if literal < 0]
            self.offset[owner] += sum(literal != FALSE_LITERAL for literal in constant)
            outputs += [literal for literal in literals if literal >= 0]
            starts.append(len(outputs))
        encoder = replace(
            like.encoder, feature=self.found["feature"].astype(np.int32), threshold=self._thresholds(like.encoder)
        )
        if (abs(self.offset) >= 2**31).any():
            raise _bad("a class's offset is beyond 32 bits", self.where)
        head = replace(like.head, starts=np.array(starts, np.int32), offset=self.offset.astype(np.int32))
        made = self.builder
        op, a, b = np.array(made.op, np.uint8), np.array(made.a, np.int32), np.array(made.b, np.int32)
        return Circuit(encoder, op, a, b, np.array(outputs, np.int32), head)

    def _thresholds(self, encoder: Encoder) -> NDArray[Any]:
        """In the encoder's own type: keys of floats are turned back."""
        found = self.found["threshold"]
        if not encoder.is_float:
            return found.astype(np.int64)
        bits = found.astype(found.dtype.newbyteorder("="))
        bits = bits ^ np.where(bits < 0, np.iinfo(bits.dtype).max, 0).astype(bits.dtype)
        made: NDArray[np.float64] = bits.view(encoder.dtype).astype(np.float64)
        return made
