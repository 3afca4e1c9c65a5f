"""Comparing a circuit before and after a pass by simulation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.arithmetic.head import score_format
from lgnc.ir.circuit import Circuit, Encoder, Head, Words
from lgnc.ir.simulate import argmax, pack, packed_scores, simulate_outputs

_EXHAUSTIVE_POINTS = 4096
_NODE_WORDS = 1 << 23
"""Words of node values that a simulation may take at a time."""

Bit = tuple[str, float]
"""What an encoder bit means: its feature's name, its threshold."""


def bit_keys(encoder: Encoder) -> list[Bit]:
    """The meaning of each encoder bit. A pass may drop bits, merge them or move them."""
    feature, threshold = encoder.feature.tolist(), encoder.threshold.tolist()
    return [(encoder.names[f], t) for f, t in zip(feature, threshold, strict=True)]


def stimulus(bits: list[Bit], nodes: int, seed: int = 0) -> tuple[str, Words]:
    """('exhaustive', every case) when there are few, else ('tested', random ones), as uint64[bits, words].

    bits: distinct. A case is an interval between thresholds for every feature, so that no case has x > 3 without x > 2.
    Fewer than 64 cases are filled up with the one of all bits zero.
    """
    names = {name: index for index, name in enumerate(dict.fromkeys(name for name, _ in bits))}
    feature = np.array([names[name] for name, _ in bits], np.int64)
    order = np.lexsort((np.array([threshold for _, threshold in bits]), feature))
    count = np.bincount(feature, minlength=len(names)) + 1
    rank = np.empty(len(bits), np.int64)
    rank[order] = np.arange(len(bits)) - np.repeat(np.cumsum(count - 1) - (count - 1), count - 1)
    total = 1
    for each in count.tolist():
        total *= each
    if total <= _EXHAUSTIVE_POINTS:
        how, points = "exhaustive", np.stack(np.unravel_index(np.arange(total), tuple(count) or (1,)), axis=1)
    else:
        words = int(np.clip(_NODE_WORDS // max(1, nodes), 2, 32))
        drawn = np.random.default_rng(seed).random((64 * words, len(names)), np.float32)
        how, points = "tested", (drawn * count).astype(np.int64)
    return how, pack(points[:, feature] > rank)


def difference(before: Circuit, after: Circuit, *, by_class: bool = False) -> tuple[str, str]:
    """(how, what): 'exhaustive' or 'tested', and the first difference found in words, '' when there is none.

    Encoder bits that mean the same get the same values. Outputs are compared one by one; when both circuits have a
    head, the class scores are, or when by_class only the classes; when only `before` has one, what it says against
    outputs that are named as `lower_head` names them.
    """
    keys = list(dict.fromkeys(bit_keys(before.encoder) + bit_keys(after.encoder)))
    row = {key: index for index, key in enumerate(keys)}
    how, values = stimulus(keys, max(before.nodes, after.nodes))
    old, new = (simulate_outputs(c, values[[row[key] for key in bit_keys(c.encoder)]]) for c in (before, after))
    if before.head is None or after.head is None:
        names = before.output_names
        if before.head is not None and after.head is None:
            old, names = _lowered(before.head, old, after.output_names)
        return how, _output_difference(names, after, old, new)
    if before.head.names != after.head.names:
        return how, "the classes are not the same"
    return how, _head_difference(before.head, after.head, old, new, by_class)


def _head_difference(before: Head, after: Head, old: Words, new: Words, by_class: bool) -> str:
    same_cut = np.array_equal(before.starts, after.starts) and np.array_equal(before.offset, after.offset)
    if same_cut and np.array_equal(old, new):
        return ""
    was, now = (packed_scores(head, out, 64 * out.shape[1]) for head, out in ((before, old), (after, new)))
    if by_class:
        return "the class is not the same" if (argmax(was) != argmax(now)).any() else ""
    wrong = np.argwhere(was != now)
    if not len(wrong):
        return ""
    at = tuple(wrong[0])
    return f"the score of class '{before.names[at[1]]}' was {was[at]} and is {now[at]}"


def _lowered(head: Head, outputs: Words, wanted: tuple[str, ...]) -> tuple[Words, tuple[str, ...]]:
    """The head's class index and scores as bits, those that are wanted by name."""
    base, width = score_format(head)[:2]
    scores = packed_scores(head, outputs, 64 * outputs.shape[1])
    numbers: dict[str, NDArray[np.int64]] = {"class": argmax(scores)}
    numbers |= {f"s{index}": scores[:, index].astype(np.int64) - base for index in range(head.classes)}
    bits = {f"{name}_{bit}": value >> bit & 1 == 1 for name, value in numbers.items() for bit in range(max(width, 31))}
    names = tuple(name for name in wanted if name in bits)
    rows = np.stack([bits[name] for name in names], axis=1) if names else np.zeros((len(scores), 0), np.bool_)
    return pack(rows), names


def _output_difference(names: tuple[str, ...], after: Circuit, old: Words, new: Words) -> str:
    if after.head is not None or names != after.output_names:
        return "the outputs are not the same"
    wrong = np.flatnonzero((old != new).any(axis=1))
    return f"output '{names[wrong[0]]}' differs" if len(wrong) else ""
