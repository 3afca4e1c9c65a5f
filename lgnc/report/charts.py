"""The charts of a report page, each as SVG text. What they are given is bounded by who calls them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.gates import GATES
from lgnc.report.svg import GRID, INK, MUTED, SERIES, canvas, inline, label, page_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Counts = NDArray[np.int64]

_FANOUT = 9
"""Bars of fan-out; the last one stands for all that is more."""

_ANNOTATED = 20
"""Up to so many rows and columns, the cells of a matrix have their numbers written in them."""


def curves(history: Sequence[Mapping[str, float]]) -> list[tuple[str, str]]:
    """(title, SVG) of the curves that the epochs of a training have figures for."""
    drawn = []
    for name, title, unit, scale, series in _CURVES:
        found = [(key, text) for key, text in series if any(key in row for row in history)]
        if found:
            drawn.append((title, _curve(name, history, unit, scale, found)))
    return drawn


_CURVES: tuple[tuple[str, str, str, float, tuple[tuple[str, str], ...]], ...] = (
    ("loss", "Loss", "cross entropy", 1.0, (("loss", "training loss"),)),
    ("accuracy", "Accuracy", "%", 100.0, (("accuracy", "fixed gates"), ("train_mode_accuracy", "as trained"))),
    (
        "gap",
        "Gap between training and deployment",
        "points",
        100.0,
        (("selection_gap", "selection gap"), ("computation_gap", "computation gap")),
    ),
    ("cage", "Confidence and backward temperature", "", 1.0, (("c_ema", "c_ema"), ("tau_b", "tau_b"))),
)


def _curve(
    name: str, history: Sequence[Mapping[str, float]], unit: str, scale: float, series: list[tuple[str, str]]
) -> str:
    from matplotlib.ticker import MaxNLocator

    with page_style():
        figure, (axes,) = canvas(5.2, 2.9)
        epochs = [row["epoch"] for row in history]
        for number, (key, text) in enumerate(series):
            marker = "o" if len(epochs) <= 40 else None
            values = [scale * row.get(key, math.nan) for row in history]
            style = "--" if number else "-"
            axes.plot(epochs, values, style, color=SERIES[number], label=text, marker=marker, markersize=3)
        if name == "gap":
            low, high = axes.get_ylim()
            axes.set_ylim(min(low, -0.5), max(high, 0.5))
        axes.set_xlabel("epoch")
        axes.set_ylabel(unit)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y")
        if len(series) > 1:
            axes.legend(loc="best")
        return inline(figure, f"curve-{name}")


def confusion(matrix: Counts, names: Sequence[str]) -> str:
    """int64[classes, classes] rows by label and class found: the share of a label's rows as the depth of colour."""
    classes = len(names)
    size = min(max(3.0, 1.4 + 0.36 * classes), 9.0)
    with page_style():
        figure, (axes,) = canvas(size + 0.6, size)
        share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        _cells(axes, share, matrix, lambda row, column: SERIES[0] if row == column else SERIES[3])
        ticks = [label(name, 14) for name in names]
        rotation = 90 if max(map(len, ticks)) > 4 else 0
        axes.set_xticks(range(classes), ticks, rotation=rotation, fontsize=_small(classes))
        axes.set_yticks(range(classes), ticks, fontsize=_small(classes))
        axes.set_xlabel("class found")
        axes.set_ylabel("label")
        return inline(figure, "confusion")


def _small(count: int) -> float:
    return 10 if count <= _ANNOTATED else 7


def functions(rows: Sequence[tuple[str, Counts]], name: str) -> str:
    """(layer, int64[16] gates of each function) of every layer, as a matrix."""
    matrix = np.stack([counts for _, counts in rows])
    with page_style():
        figure, (axes,) = canvas(9.6, 1.1 + 0.36 * len(rows))
        share = matrix / max(int(matrix.max(initial=0)), 1)
        _cells(axes, share, matrix, lambda *_: SERIES[0])
        axes.set_xticks(range(16), [gate.name for gate in GATES], fontsize=10)
        axes.set_yticks(range(len(rows)), [label(layer) for layer, _ in rows], fontsize=10)
        return inline(figure, name)


def _cells(axes: Axes, share: NDArray[Any], matrix: Counts, colour: Any) -> None:
    """A square for each number above 0, as deep as its share of 0 to 1 says, with the number where there is room."""
    from matplotlib.patches import Rectangle

    rows, columns = matrix.shape
    written = max(rows, columns) <= _ANNOTATED
    for row, column in np.argwhere(matrix > 0).tolist():
        depth = 0.12 + 0.7 * float(share[row, column])
        square = Rectangle((column - 0.48, row - 0.48), 0.96, 0.96, facecolor=colour(row, column), alpha=depth)
        axes.add_patch(square)
        if written:
            shown = _short(int(matrix[row, column]))
            axes.text(column, row, shown, ha="center", va="center", fontsize=9, color=INK)
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _short(count: int) -> str:
    """1234 as '1234', 56,789 as '57k', 1,234,567 as '1.2M'."""
    if count < 10_000:
        return str(count)
    return f"{count / 1000:.0f}k" if count < 1_000_000 else f"{count / 1_000_000:.1f}M"


def bars(values: Sequence[tuple[str, float]], unit: str, name: str) -> str:
    """A horizontal bar for each (name, value), the first on top."""
    with page_style():
        figure, (axes,) = canvas(5.2, 0.8 + 0.26 * len(values))
        at = range(len(values))
        axes.barh(at, [value for _, value in values], color=SERIES[0], alpha=0.85, height=0.72)
        axes.set_yticks(at, [label(text) for text, _ in values], fontsize=10)
        axes.invert_yaxis()
        axes.set_xlabel(unit)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        return inline(figure, name)


def parts(rows: Sequence[tuple[str, Mapping[str, int]]], kinds: Sequence[tuple[str, str]]) -> str:
    """For each kind of cost one bar across, cut into the parts (encoder, layers, popcount, argmax) in order."""
    with page_style():
        figure, (axes,) = canvas(9.6, 1.0 + 0.5 * len(kinds))
        left = np.zeros(len(kinds))
        totals = np.array([max(sum(found[kind] for _, found in rows), 1) for kind, _ in kinds])
        for number, (text, found) in enumerate(rows):
            share = 100 * np.array([found[kind] for kind, _ in kinds]) / totals
            depth = 0.85 if number < len(SERIES) else 0.45
            axes.barh(
                range(len(kinds)), share, left=left, height=0.6, color=SERIES[number % len(SERIES)], alpha=depth,
                label=label(text),
            )  # fmt: skip
            left += share
        names = [f"{text}: {total:,}" for (_, text), total in zip(kinds, totals, strict=True)]
        axes.set_yticks(range(len(kinds)), names)
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.set_xlabel("% of all")
        axes.tick_params(axis="y", length=0)
        figure.legend(loc="outside upper center", ncols=min(len(rows), 6))
        return inline(figure, "parts")


def shape_of(levels: Counts, fanout: Counts) -> str:
    """Gates at each level from 1, and nodes by how many read them: int64 counts, fan-out in powers of two."""
    from matplotlib.ticker import MaxNLocator

    with page_style():
        figure, (left, right) = canvas(9.6, 2.8, columns=2)
        left.bar(range(1, len(levels) + 1), levels, color=SERIES[0], alpha=0.85)
        left.set_xlabel("level")
        left.set_ylabel("gates")
        left.xaxis.set_major_locator(MaxNLocator(integer=True))
        names = ["0", "1"] + [f"{1 << k}-{(2 << k) - 1}" for k in range(1, len(fanout) - 1)]
        if len(fanout) > _FANOUT:
            fanout = np.append(fanout[: _FANOUT - 1], fanout[_FANOUT - 1 :].sum())
            names[_FANOUT - 1] = f"{1 << (_FANOUT - 2)} on"
        right.bar(range(len(fanout)), fanout, color=SERIES[1], alpha=0.85)
        right.set_xticks(range(len(fanout)), names[: len(fanout)], fontsize=9)
        right.set_xlabel("fan-out: gate inputs and outputs that read a node")
        right.set_ylabel("nodes")
        for axes in (left, right):
            axes.grid(axis="y", color=GRID)
            axes.set_axisbelow(True)
            axes.yaxis.label.set_color(MUTED)
        return inline(figure, "shape")
