"""Plots are written, hold what they should, and refuse what they cannot draw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lgnc.diagnostics import BadInput
from lgnc.report.gap_plot import plot_gap
from lgnc.report.learning_curve import plain, plot_learning_curve
from lgnc.report.tensorboard import SCALARS, scalar_log
from tests.support import needs

HISTORY = [
    {"epoch": e, "accuracy": 0.9 + e / 100, "selection_gap": 0.0, "computation_gap": 0.0, "c_ema": 0.1 * e, "tau_b": 2}
    for e in range(1, 6)
]


@needs("matplotlib")
def test_the_learning_curve(tmp_path: Path) -> None:
    for suffix, magic in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
        path = tmp_path / f"curve{suffix}"
        plot_learning_curve(HISTORY, path, title="digits")
        assert path.read_bytes().startswith(magic)
    text = (tmp_path / "curve.svg").read_text()
    assert "selection gap" in text
    assert "tau_b" in text
    with pytest.raises(BadInput, match="no picture format"):
        plot_learning_curve(HISTORY, tmp_path / "curve.xyz")


ROWS = [
    {"method": method, "temperature": t, "seed": str(seed), "test_accuracy": f"0.{90 + seed}", "selection_gap": "0.01"}
    for method in ("hard-st", "$x")
    for t in ("0.1", "1", "cage")
    for seed in (0, 1)
]
DRAWN: list[Callable[[Path, str], None]] = [
    lambda path, title: plot_learning_curve(HISTORY, path, title=title),
    lambda path, title: plot_gap(ROWS, path, title=title),
]
NAMES = [
    "cost_$5_and_$6.csv",
    "$",
    "$$",
    r"\$a$",
    r"$\frac{$",
    "a_b^c{",
    "日本語.csv",
    "\udcff.csv",
    "a\x1b[31m\n<b>&--.csv",
    "",
]


@needs("matplotlib")
@pytest.mark.parametrize(
    ("draw", "name"), [*((DRAWN[0], name) for name in NAMES), *((DRAWN[1], name) for name in NAMES[:1])]
)
def test_every_name_can_be_a_title(draw: Callable[[Path, str], None], name: str, tmp_path: Path) -> None:
    for suffix in (".svg", ".pdf"):
        draw(tmp_path / f"plot{suffix}", name)
    ElementTree.parse(tmp_path / "plot.svg")


@needs("matplotlib")
@pytest.mark.parametrize("draw", DRAWN)
@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_plot_is_the_same_bytes(suffix: str, draw: Callable[[Path, str], None], tmp_path: Path) -> None:
    import matplotlib

    paths = [tmp_path / f"{name}{suffix}" for name in ("one", "two", "three")]
    draw(paths[0], "title")
    draw(paths[1], "title")
    with matplotlib.rc_context({"text.usetex": True, "figure.dpi": 50, "lines.linewidth": 9, "svg.fonttype": "none"}):
        draw(paths[2], "title")
    first = paths[0].read_bytes()
    assert paths[1].read_bytes() == first
    assert paths[2].read_bytes() == first
    draw(paths[1], "another")
    assert paths[1].read_bytes() != first


def test_dollars_are_dollars() -> None:
    assert plain("cost_$5") == r"cost_\$5"
    assert plain("a\nb\x1b") == r"a\nb\x1b"


@needs("tensorboard")
def test_tensorboard_shows_every_epoch(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = tmp_path / "runs" / "one"
    with scalar_log(folder) as log:
        for epoch in HISTORY:
            log.write({**dict.fromkeys(SCALARS, 0.0), **epoch})
    events = EventAccumulator(str(folder))
    events.Reload()
    assert set(events.Tags()["tensors"]) == set(SCALARS)
    seen = [(event.step, event.tensor_proto.float_val[0]) for event in events.Tensors("accuracy")]
    assert seen == [(epoch["epoch"], pytest.approx(epoch["accuracy"])) for epoch in HISTORY]
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot write"), scalar_log(tmp_path / "file"):
        pytest.fail("a file is no folder")
