"""The front of a search as a picture: accuracy against look-up tables, every trial a dot, the front a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lgnc.report.learning_curve import check_plot_path, drawing, plain, save_figure

Point = tuple[int, float]
"""(look-up tables, accuracy)."""


def plot_front(tried: Sequence[Point], front: Sequence[Point], path: Path, *, limit: int, title: str = "") -> None:
    """Draw trials and the front, whose accuracies are of the same rows, with the limit, to `path`.

    Raises as `check_plot_path`, and BadInput when it cannot write.
    """
    check_plot_path(path)
    with drawing():
        from matplotlib.figure import Figure
        from matplotlib.ticker import LogLocator

        figure = Figure(figsize=(7, 5), layout="constrained")
        axes = figure.subplots()
        for points, style, label in ((tried, "o", "trials"), (front, "o-", "front")):
            luts, accuracies = zip(*sorted(points), strict=True)
            colour = "tab:blue" if label == "front" else "0.75"
            axes.plot(luts, [100 * share for share in accuracies], style, color=colour, label=label)
        axes.axvline(limit, color="tab:red", linestyle="--", linewidth=1, label="limit")
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(lambda size, _: f"{size:,.0f}")
        axes.xaxis.set_minor_formatter(lambda *_: "")
        axes.set_xlabel("look-up tables of the whole classifier")
        axes.set_ylabel("accuracy on validation rows, %")
        axes.set_title(plain(title))
        axes.grid(alpha=0.3, which="both")
        axes.legend(loc="best")
        save_figure(figure, path)
