"""Batches of a folder's most telling rows, what is right for them, and a line where an answer is not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.flows.stations.visit import Visit
from lgnc.ir.simulate import encode, pack, simulate, simulate_outputs, unpack
from lgnc.verify.verdict import Station

Answers = dict[str, NDArray[Any]]
"""'predict' and 'scores', or 'outputs' -> what is right for every row."""


def answers(visit: Visit, rows: NDArray[Any]) -> Answers:
    """What the folder's circuit gives for [n, features] rows."""
    circuit = visit.circuit
    if circuit.head is None:
        return {"outputs": unpack(simulate_outputs(circuit, pack(encode(circuit.encoder, rows))), len(rows))}
    scores, classes = simulate(circuit, rows)
    return {"predict": classes, "scores": scores}


def rows_of(visit: Visit, count: int) -> NDArray[Any]:
    """[count, features]: the most telling ones, again from the start where there are fewer."""
    return np.ascontiguousarray(visit.rows[np.arange(count) % len(visit.rows)])


def sizes_around(block: int) -> list[int]:
    """Batches around the places where one block, or one word of 64 samples, ends."""
    found = {0, 1, 2, 7, 63, 64, 65, block - 1, block, block + 1, 2 * block + 65}
    return sorted(size for size in found if size >= 0)


def difference(what: str, size: int, found: Any, right: NDArray[Any]) -> str | None:
    """A line where an answer for the first `size` rows is not what it should be."""
    given = np.asarray(found)
    if given.shape != right[:size].shape:
        return f"{what} gives {given.dtype}{list(given.shape)} for {size} rows, not {list(right[:size].shape)}"
    differs = (given != right[:size]).reshape(size, -1).any(axis=1) if size else np.zeros(0, np.bool_)
    if not differs.any():
        return None
    row = int(np.argmax(differs))
    return f"{what} of {size} rows gives {given[row].tolist()} for row {row}, not {right[row].tolist()}"


def station(wrong: str | None, told: str) -> Station:
    return Station("entry points", wrong is None, "tested", wrong or told)
