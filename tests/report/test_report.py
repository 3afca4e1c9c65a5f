"""Plots are written, hold what they should, and refuse what they cannot draw."""

from __future__ import annotations

from pathlib import Path

import pytest

from lgnc.diagnostics import BadInput
from lgnc.report.learning_curve import plot_learning_curve
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
