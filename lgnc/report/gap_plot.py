"""The gap experiment as a picture: accuracy and selection gap against gate temperature, a line per method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev

from lgnc.report.learning_curve import check_plot_path, drawing, plain, save_figure


def summarise(rows: Sequence[Mapping[str, str]], figure: str) -> dict[tuple[str, str], tuple[float, float, int]]:
    """(method, temperature) -> (mean, sample standard deviation, runs) of one of the rows' figures, in row order.

    Rows of earlier versions of the experiment, which lack the figure, do not count.
    """
    values: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if row[figure]:
            values.setdefault((row["method"], row["temperature"]), []).append(float(row[figure]))
    return {key: (fmean(each), stdev(each) if len(each) > 1 else 0.0, len(each)) for key, each in values.items()}


def plot_gap(rows: Sequence[Mapping[str, str]], path: Path, *, title: str = "") -> None:
    """Draw the rows of `lgnc.train.experiment.run_gap` to `path`; CAGE's figures are dashed lines across.

    Error bars are one standard deviation over seeds. Raises as `check_plot_path`, and BadInput when it cannot write.
    """
    check_plot_path(path)
    with drawing():
        _plot(rows, path, title)


_PANELS = (
    ("test_accuracy", "accuracy of the fixed gates, %"),
    ("selection_gap", "selection gap, points"),
    ("peak_gap", "its peak during training, points"),
)


def _plot(rows: Sequence[Mapping[str, str]], path: Path, title: str) -> None:
    from matplotlib.figure import Figure

    panels = dict(_PANELS) if any(row.get("peak_gap") for row in rows) else dict(_PANELS[:2])
    figure = Figure(figsize=(7, 1 + 3 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True)
    methods = list(dict.fromkeys(row["method"] for row in rows))
    for axis, (name, label) in zip(axes, panels.items(), strict=True):
        found = summarise(rows, name)
        for number, method in enumerate(methods):
            fixed = [(float(t), *found[m, t][:2]) for m, t in found if m == method and t != "cage"]
            if fixed:
                x, mean, spread = zip(*sorted(fixed), strict=True)
                percent, bars = [100 * value for value in mean], [100 * value for value in spread]
                axis.errorbar(x, percent, yerr=bars, marker="o", capsize=3, color=f"C{number}", label=plain(method))
            if (method, "cage") in found:
                axis.axhline(
                    100 * found[method, "cage"][0], color=f"C{number}", linestyle="--", label=plain(f"{method}, CAGE")
                )
        axis.set_ylabel(label)
        axis.grid(alpha=0.3)
    axes[-1].set_xlabel("gate temperature")
    if any(row["temperature"] != "cage" for row in rows):
        axes[-1].set_xscale("log")
    axes[0].set_title(plain(title))
    axes[0].legend(fontsize="small")
    save_figure(figure, path)
