"""The gap experiment as the published table has it: how much of a method's accuracy hangs on the gate temperature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lgnc.report.gap_plot import summarise


class Spread(NamedTuple):
    """Of a method at all fixed temperatures, or with CAGE, shares of 1.

    worst: the lowest accuracy of the fixed gates, the mean over seeds at a temperature; with CAGE, which has no
    temperature, the lowest of a seed. range: the highest minus the lowest. gap, peak: the greatest final and peak
    selection gap of any run (None: no run says it).
    """

    method: str
    cage: bool
    worst: float
    range: float
    gap: float
    peak: float | None


def spreads(rows: Sequence[Mapping[str, str]]) -> list[Spread]:
    """A `Spread` for each method without and then with CAGE, as far as `rows` of `run_gap` have them."""
    means = summarise(rows, "test_accuracy")
    found = []
    for method in dict.fromkeys(row["method"] for row in rows):
        for cage in (False, True):
            own = [row for row in rows if row["method"] == method and (row["temperature"] == "cage") == cage]
            if not own:
                continue
            each = [float(row["test_accuracy"]) for row in own]
            accuracies = each if cage else [means[method, t][0] for t in {row["temperature"] for row in own}]
            peaks = [float(row["peak_gap"]) for row in own if row.get("peak_gap")]
            gap = max(float(row["selection_gap"]) for row in own)
            low, high = min(accuracies), max(accuracies)
            found.append(Spread(method, cage, low, high - low, gap, max(peaks, default=None)))
    return found
