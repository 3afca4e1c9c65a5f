"""The learning curve of a training run as a picture: accuracy, the two gaps, and CAGE's confidence and temperature."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lgnc.diagnostics import BadInput, printable
from lgnc.files import write_file
from lgnc.toolchain import require_package

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")


def check_plot_path(path: Path) -> None:
    """Raise BadInput for a picture format that is not offered, ToolMissing without matplotlib."""
    if path.suffix not in FORMATS:
        raise BadInput(f"'{path.suffix}' is no picture format", where=str(path), fix=f"use {', '.join(FORMATS)}")
    require_package("matplotlib")


def plot_learning_curve(history: Sequence[Mapping[str, float]], path: Path, *, title: str = "") -> None:
    """Draw one row per epoch (`epoch`, `accuracy`, `selection_gap`, `computation_gap`, `c_ema`, `tau_b`) to `path`.

    Raises as `check_plot_path` does, and BadInput when the file cannot be written.
    """
    check_plot_path(path)
    with drawing():
        _plot(history, path, title)


def _plot(history: Sequence[Mapping[str, float]], path: Path, title: str) -> None:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    epochs = [row["epoch"] for row in history]

    def column(name: str, scale: float = 1.0) -> list[float]:
        return [scale * row[name] for row in history]

    figure = Figure(figsize=(7, 7), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True)
    top.plot(epochs, column("accuracy", 100), color="tab:blue", marker=".")
    top.set_ylabel("accuracy, %")
    top.set_title(plain(title))
    middle.plot(epochs, column("selection_gap", 100), color="tab:red", marker=".", label="selection gap")
    middle.plot(epochs, column("computation_gap", 100), color="tab:orange", marker=".", label="computation gap")
    middle.set_ylabel("gap, points")
    middle.legend(loc="best")
    bottom.plot(epochs, column("c_ema"), color="tab:green", marker=".", label="confidence c_ema")
    bottom.plot(epochs, column("tau_b"), color="tab:purple", marker=".", label="backward temperature tau_b")
    bottom.set_xlabel("epoch")
    bottom.legend(loc="best")
    bottom.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in (top, middle, bottom):
        axes.grid(alpha=0.3)
    save_figure(figure, path)


def plain(text: str) -> str:
    """Text as matplotlib shows it as it stands: no mathematics between dollars, no characters that cannot be drawn."""
    return printable(text).replace("$", r"\$")


@contextmanager
def drawing() -> Iterator[None]:
    """Inside, figures look alike whatever the user's own settings are, and the same figure gives the same bytes.

    A letter that the font lacks becomes a box, without a warning.
    """
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        matplotlib.rcdefaults()
        matplotlib.rcParams["svg.hashsalt"] = "lgnc"
        yield


def save_figure(figure: Figure, path: Path) -> None:
    """Write a matplotlib figure in the format of the path's ending; to be called inside `drawing`."""
    picture = io.BytesIO()
    stable = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    kind = path.suffix[1:]
    figure.savefig(picture, format=kind, dpi=120, metadata=stable[kind])
    write_file(path, picture.getvalue())
