"""Fewer gates by what the data never shows, bounded by the accuracy lost on rows that were not used.

Input patterns that (almost) never occur at a gate are don't-cares. The circuit's function changes off the data, so this
is never part of -O: it must be asked for, and it says what it did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit, Head, Words
from lgnc.ir.simulate import argmax, encode, features_for, pack, packed_scores, simulate_outputs
from lgnc.passes.assume_patterns import assume_patterns, count_patterns
from lgnc.passes.manager import run_pipeline

TOLERANCES = (0.0, 1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 4e-3, 6e-3, 8e-3, 1.2e-2, 1.6e-2, 2.4e-2, 3.2e-2)
"""Shares of the rows for which a pattern may occur and still count as never; tried in this order."""

_CLEAN = "fold_constants,absorb_inverters,merge_duplicate_gates,absorb_shared_fanins,simplify_head,eliminate_dead_gates"
"""-O2 but for the encoder, so that packed encoder bits serve every trial."""

_ROUNDS = 4
_BLOCK = 4096

_FIT, _CHOOSE = 0.7, 0.15
"""Shares of the rows that patterns are counted on, and that choose the tolerance; the rest is what is reported on."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What calibration did. Accuracies and `changed` are of `rows_unseen` rows that had no part in it.

    tolerance: the share of rows that was taken for never, or None when nothing was gained within the limit.
    changed: the share of unseen rows whose class is another than before.
    """

    circuit: Circuit
    tolerance: float | None
    rows_used: int
    rows_unseen: int
    gates_before: int
    gates_after: int
    accuracy_before: float
    accuracy_after: float
    changed: float


@dataclass(frozen=True, eq=False)
class _Rows:
    """Packed encoder bits of some rows, and their labels."""

    words: Words
    labels: NDArray[np.int64]

    @staticmethod
    def of(circuit: Circuit, features: NDArray[Any], labels: NDArray[np.int64]) -> _Rows:
        blocks = [
            pack(encode(circuit.encoder, features[first : first + _BLOCK])) for first in range(0, len(features), _BLOCK)
        ]
        return _Rows(np.concatenate(blocks, axis=1), labels)

    def classes(self, circuit: Circuit, head: Head) -> NDArray[np.int64]:
        """int64[rows]: the class that the circuit gives each row."""
        found = []
        for first in range(0, len(self.labels), _BLOCK):
            outputs = simulate_outputs(circuit, self.words[:, first // 64 : (first + _BLOCK) // 64])
            found.append(argmax(packed_scores(head, outputs, min(_BLOCK, len(self.labels) - first))))
        return np.concatenate(found)

    def right(self, circuit: Circuit) -> NDArray[np.bool_]:
        """bool[rows]: whose class is their label."""
        right: NDArray[np.bool_] = self.classes(circuit, _head(circuit)) == self.labels
        return right


def _head(circuit: Circuit) -> Head:
    if circuit.head is None:
        raise BadInput("a circuit without a head has no classes to calibrate", fix="calibrate before lower_head")
    return circuit.head


def calibrate(
    circuit: Circuit,
    features: NDArray[Any],
    labels: NDArray[np.int64],
    *,
    max_accuracy_drop: float = 0.002,
    seed: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> Calibration:
    """The circuit without what the rows do not need: -O2, then don't-cares of growing tolerance, undone when too much.

    features: [n, features]; labels: int64[n], class indices. The rows are cut at random (by `seed`) into 70 % that
    patterns are counted on, 15 % on which each tolerance may lose at most max_accuracy_drop (a fraction), a
    standard error included, and 15 % that only the report sees. Raises BadInput without a head, or with fewer than 20
    rows.
    """
    _head(circuit)
    x = features_for(circuit.encoder, features, "calibration data")
    if len(x) < 20 or len(x) != len(labels):
        raise BadInput(f"{len(x)} rows and {len(labels)} labels", where="calibration data", fix="give 20 rows or more")
    start, _ = run_pipeline(circuit, 2)
    order = np.random.default_rng(seed).permutation(len(x))
    cuts = [int(_FIT * len(x)), int((_FIT + _CHOOSE) * len(x))]
    fit, choose, unseen = (_Rows.of(start, x[part], labels[part]) for part in np.split(order, cuts))
    right = choose.right(start)
    best, tolerance, trial = start, None, start
    for share in TOLERANCES:
        progress(f"tolerance {share:g}")
        trial = _assume(trial, fit, int(share * len(fit.labels)))
        if _lost(right, choose.right(trial)) > max_accuracy_drop:
            break
        if trial.gates < best.gates:
            best, tolerance = trial, share
    before, after = (unseen.classes(each, _head(each)) for each in (start, best))
    final, _ = run_pipeline(best, 2)
    return Calibration(
        circuit=final,
        tolerance=tolerance,
        rows_used=len(fit.labels) + len(choose.labels),
        rows_unseen=len(unseen.labels),
        gates_before=start.gates,
        gates_after=final.gates,
        accuracy_before=float((before == unseen.labels).mean()),
        accuracy_after=float((after == unseen.labels).mean()),
        changed=float((before != after).mean()),
    )


def _lost(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> float:
    """The accuracy lost and one standard error of it, from the rows that are right on one side alone."""
    return float((before.mean() - after.mean()) + np.sqrt((before != after).sum()) / len(before))


def _assume(circuit: Circuit, rows: _Rows, tolerance: int) -> Circuit:
    """Don't-cares and the exact passes in turn, until they find nothing more."""
    for _ in range(_ROUNDS):
        counts = count_patterns(circuit, rows.words, len(rows.labels))
        smaller, _ = run_pipeline(assume_patterns(circuit, counts, tolerance), _CLEAN)
        if smaller.gates == circuit.gates:
            break
        circuit = smaller
    return circuit
