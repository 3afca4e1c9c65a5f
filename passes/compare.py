"""Comparing a circuit before and after a pass by simulation."""

from __future__ import annotations

import numpy as np

from lgnc.ir.circuit import Circuit, Encoder, Words
from lgnc.ir.simulate import head_scores, pack, simulate_outputs, unpack

_EXHAUSTIVE_BITS = 12
_NODE_WORDS = 1 << 23
"""Words of node values that a simulation may take at a time."""


def bit_keys(encoder: Encoder) -> list[tuple[str, float]]:
    """What each encoder bit means: the feature's name and the threshold. A pass may drop bits or move them."""
    feature, threshold = encoder.feature.tolist(), encoder.threshold.tolist()
    return [(encoder.names[f], t) for f, t in zip(feature, threshold, strict=True)]


def stimulus(bits: int, nodes: int, seed: int = 0) -> tuple[str, Words]:
    """('exhaustive', all patterns) of a few bits, else ('tested', random ones), as uint64[bits, words].

    Fewer than 64 patterns are filled up with the all-zero one.
    """
    if bits <= _EXHAUSTIVE_BITS:
        patterns = np.arange(1 << bits)
        return "exhaustive", pack((patterns[:, None] >> np.arange(bits) & 1).astype(np.bool_))
    words = int(np.clip(_NODE_WORDS // max(1, nodes), 2, 32))
    rng = np.random.default_rng(seed)
    return "tested", rng.integers(0, 2**64, (bits, words), np.uint64)


def difference(before: Circuit, after: Circuit) -> tuple[str, str]:
    """(how, what): 'exhaustive' or 'tested', and the first difference found in words, '' when there is none.

    Encoder bits that mean the same get the same values; every other choice of their values is tried, so a pass that
    uses what encoder bits imply of one another (x > 3 implies x > 2) is not for this check. Outputs are compared one
    by one; when both circuits have a head and their literals differ, the class scores are.
    """
    keys = list(dict.fromkeys(bit_keys(before.encoder) + bit_keys(after.encoder)))
    row = {key: index for index, key in enumerate(keys)}
    how, values = stimulus(len(keys), max(before.nodes, after.nodes))
    old, new = (simulate_outputs(c, values[[row[key] for key in bit_keys(c.encoder)]]) for c in (before, after))
    if before.head is None or after.head is None:
        return how, _output_difference(before, after, old, new)
    if before.head.names != after.head.names:
        return how, "the classes are not the same"
    same_cut = np.array_equal(before.head.starts, after.head.starts)
    if same_cut and np.array_equal(before.head.offset, after.head.offset) and np.array_equal(old, new):
        return how, ""
    for word in range(values.shape[1]):
        was, now = (
            head_scores(head, unpack(out[:, word : word + 1], 64))
            for head, out in ((before.head, old), (after.head, new))
        )
        wrong = np.argwhere(was != now)
        if len(wrong):
            at = tuple(wrong[0])
            return how, f"the score of class '{before.head.names[at[1]]}' was {was[at]} and is {now[at]}"
    return how, ""


def _output_difference(before: Circuit, after: Circuit, old: Words, new: Words) -> str:
    if (before.head is None) != (after.head is None):
        return "one has a head and one has none"
    if before.output_names != after.output_names:
        return "the outputs' names are not the same"
    wrong = np.flatnonzero((old != new).any(axis=1))
    return f"output '{before.output_names[wrong[0]]}' differs" if len(wrong) else ""
