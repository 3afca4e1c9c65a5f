"""What all readers start from and end with: a file's bytes, and the circuit over a network's interface."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.files import read_file
from lgnc.ir.circuit import Circuit
from lgnc.readback.arrays import Words
from lgnc.readback.symbols import Symbols, word_names

MOST_BYTES = 1 << 30
"""A larger file is not read back: its symbolic form would not fit in memory."""


def bytes_of(path: Path) -> bytes:
    """The bytes of a file. Raises BadInput when it cannot be read or is too large."""
    return read_file(path, MOST_BYTES)


def text_of(path: Path) -> str:
    """The text of a source file, which is ASCII as lgnc writes it. Raises BadInput with the line where it is not."""
    data = bytes_of(path)
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadInput("is not ASCII", where=f"{path}:{line}", fix="compile it again") from None


def named_outputs(symbols: Symbols, like: Circuit, results: Mapping[str, Words]) -> Circuit:
    """The circuit whose outputs are what a file gives for a row.

    results: with classes 'scores', [classes], and 'class', [1] or []; else 'outputs', [outputs] bytes or bools of 0
    and 1. Raises BadInput when they are others, or as many as the network does not have.
    """
    wanted = {"outputs"} if like.head is None else {"scores", "class"}
    if set(results) != wanted:
        what = f"gives {', '.join(sorted(results)) or 'nothing'}, not {' and '.join(sorted(wanted))}"
        raise BadInput(what, where=symbols.where, fix="compile it again")
    names: list[str] = []
    literals: list[int] = []

    def put(word: str, bits: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> None:
        names.extend(word_names(word, len(bits)))
        literals.extend(bits.tolist())

    if like.head is None:
        bits = results["outputs"].bits
        if bits.shape[0] != len(like.outputs) or bits.ndim != 2 or bits[:, 1:].any():
            what = f"does not give {len(like.outputs)} outputs of 0 or 1"
            raise BadInput(what, where=symbols.where, fix="compile it again")
        return symbols.circuit(bits[:, 0].tolist(), like.output_names)
    scores, index = results["scores"].bits, results["class"].bits
    if scores.ndim != 2 or len(scores) != like.head.classes:
        raise BadInput(f"does not give {like.head.classes} scores", where=symbols.where, fix="compile it again")
    for number, bits in enumerate(scores):
        put(f"score{number}", bits)
    put("index", index.reshape(-1))
    return symbols.circuit(literals, tuple(names))
