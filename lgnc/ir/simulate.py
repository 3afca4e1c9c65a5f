"""What a circuit means, written once. Every backend, pass and proof is held against this file.

Packed form: sample n is bit n % 64, least significant first, of the uint64 word n // 64 of its row.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit, Encoder, Head, Words
from lgnc.ir.gates import evaluate

_BLOCK = 4096
"""Samples simulated at a time: 64 words per node keep a level's rows in cache."""

_NODE_WORDS = 1 << 24
"""Words of node values that may be held at a time, 128 MiB: of large circuits fewer samples are taken together."""


def pack(bits: NDArray[np.bool_]) -> Words:
    """bool[n, rows] (a sample per row) to uint64[rows, ceil(n / 64)] (packed); samples past n are 0."""
    n, rows = bits.shape
    out = np.zeros((rows, -(-n // 64) * 8), np.uint8)
    out[:, : -(-n // 8)] = np.packbits(np.ascontiguousarray(bits.T), axis=1, bitorder="little")
    return out.view("<u8").astype(np.uint64, copy=False)


def bits_set(words: Words) -> NDArray[np.uint8]:
    """How many bits of each word are set."""
    if hasattr(np, "bitwise_count"):
        return np.asarray(np.bitwise_count(words))
    octets = np.ascontiguousarray(words).view(np.uint8).reshape(*words.shape, 8)
    return np.asarray(_OCTET[octets].sum(axis=-1, dtype=np.uint8))


_OCTET = np.array([bin(k).count("1") for k in range(256)], np.uint8)


def unpack(words: Words, n: int) -> NDArray[np.bool_]:
    """uint64[rows, w] (packed) to bool[n, rows]: the inverse of `pack`."""
    octets = np.ascontiguousarray(words, dtype="<u8").view(np.uint8)
    return np.unpackbits(octets, axis=1, count=n, bitorder="little").T.astype(np.bool_)


def features_for(encoder: Encoder, features: NDArray[Any], where: str = "features") -> NDArray[Any]:
    """`features` as [n, features] in the encoder's dtype; floats are rounded to it.

    With a quantiser, rows of the encoder's own dtype are codes; of any other they are values, and become codes. Raises
    BadInput for NaN and infinity, for an integer that would change, and for a number beyond the dtype.
    """
    try:
        x = np.asarray(features)
    except ValueError:
        raise BadInput("features are rows of different lengths", where=where, fix="one column per feature") from None
    if x.ndim != 2 or x.shape[1] != len(encoder.names):
        shape = " x ".join(map(str, x.shape)) or "one number"
        raise BadInput(
            f"features are {shape}, not rows x {len(encoder.names)}", where=where, fix="one column per feature"
        )
    if x.dtype.kind not in "buif":
        raise BadInput(f"features of type {x.dtype} are not numbers", where=where, fix="pass a numeric array")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        row, column = np.argwhere(~np.isfinite(x))[0]
        raise BadInput(
            f"{x[row, column]} in row {row}, feature '{encoder.names[column]}'",
            where=where,
            fix="features must be finite",
        )
    if x.dtype == encoder.dtype:
        return x
    if encoder.quantiser is not None:
        return encoder.quantiser.codes(x, encoder.dtype)
    with np.errstate(all="ignore"):
        cast = x.astype(encoder.dtype)
    wrong = ~np.isfinite(cast) if encoder.is_float else cast != x
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise BadInput(
            f"{x[row, column]} in row {row}, feature '{encoder.names[column]}', is not a {encoder.dtype}",
            where=where,
            fix=f"pass features of type {encoder.dtype}",
        )
    return cast


def encode(encoder: Encoder, features: NDArray[Any]) -> NDArray[np.bool_]:
    """bool[n, bits]: bit i is feature[i] > threshold[i]."""
    x = features_for(encoder, features)
    bits: NDArray[np.bool_] = x[:, encoder.feature] > encoder.threshold
    return bits


def slices(circuit: Circuit) -> Iterator[tuple[int, int, int]]:
    """(op, first, last) runs of gates (indices into op) that share a level and a gate number, in an order to run them.

    In canonical order these are the longest runs; in any other topological order they are merely shorter.
    """
    if not circuit.gates:
        return
    level = circuit.level[circuit.inputs :]
    cut = np.flatnonzero((np.diff(level) != 0) | (np.diff(circuit.op.astype(np.int16)) != 0)) + 1
    bounds = [0, *cut.tolist(), circuit.gates]
    for first, last in pairwise(bounds):
        yield int(circuit.op[first]), first, last


def simulate_nodes(circuit: Circuit, inputs: Words) -> Words:
    """uint64[nodes, w]: the value of every node, from uint64[inputs, w] packed encoder bits."""
    values = np.empty((circuit.nodes, inputs.shape[1]), np.uint64)
    values[: circuit.inputs] = inputs
    for op, first, last in slices(circuit):
        a, b = values[circuit.a[first:last]], values[circuit.b[first:last]]
        values[circuit.inputs + first : circuit.inputs + last] = evaluate(op, a, b)
    return values


def simulate_outputs(circuit: Circuit, inputs: Words) -> Words:
    """uint64[outputs, w]: the value of every output literal, from packed encoder bits."""
    values: Words = simulate_nodes(circuit, inputs)[circuit.outputs >> 1]
    values[(circuit.outputs & 1) == 1] ^= ~np.uint64(0)
    return values


def head_scores(head: Head, outputs: NDArray[np.bool_]) -> NDArray[np.int32]:
    """int32[n, classes] from bool[n, outputs]: the popcount of each class's run, plus its offset."""
    total = np.zeros((len(outputs), outputs.shape[1] + 1), np.int32)
    np.cumsum(outputs, axis=1, dtype=np.int32, out=total[:, 1:])
    scores: NDArray[np.int32] = total[:, head.starts[1:]] - total[:, head.starts[:-1]] + head.offset
    return scores


def packed_scores(head: Head, outputs: Words, n: int) -> NDArray[np.int32]:
    """int32[n, classes]: `head_scores` of uint64[outputs, ceil(n / 64)] packed literals, without unpacking them.

    Full adders turn a class's literals into the bits of their count, 64 samples at a time; those alone are unpacked.
    """
    scores = np.empty((n, head.classes), np.int32)
    for index, (first, last) in enumerate(pairwise(head.starts.tolist())):
        scores[:, index] = head.offset[index]
        weight, rows = 0, outputs[first:last]
        while len(rows):
            carries = []
            while len(rows) > 1:
                full = len(rows) // 3 * 3
                if full:
                    a, b, c = rows[0:full:3], rows[1:full:3], rows[2:full:3]
                    half = a ^ b
                    carries.append(a & b | c & half)
                    rows = np.concatenate([half ^ c, rows[full:]])
                else:
                    carries.append(rows[:1] & rows[1:])
                    rows = rows[:1] ^ rows[1:]
            scores[:, index] += unpack(rows, n)[:, 0].astype(np.int32) << np.int32(weight)
            rows, weight = np.concatenate([rows[:0], *carries]), weight + 1
    return scores


def argmax(scores: NDArray[np.int32]) -> NDArray[np.int64]:
    """int64[n]: the class of the highest score, the lowest index winning a tie."""
    classes: NDArray[np.int64] = scores.argmax(axis=1)
    return classes


def simulate(circuit: Circuit, features: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """(scores int32[n, classes], classes int64[n]) of [n, features] in any dtype that the encoder's type holds.

    Raises BadInput when the circuit has no head or the features do not fit.
    """
    if circuit.head is None:
        raise BadInput("the circuit has no head, so it has no classes", fix="simulate its outputs instead")
    x = features_for(circuit.encoder, features)
    scores = np.zeros((len(x), circuit.head.classes), np.int32)
    step = min(_BLOCK, 64 * max(1, _NODE_WORDS // max(circuit.nodes, 1)))
    for first in range(0, len(x), step):
        block = x[first : first + step]
        outputs = simulate_outputs(circuit, pack(encode(circuit.encoder, block)))
        scores[first : first + step] = packed_scores(circuit.head, outputs, len(block))
    return scores, argmax(scores)
