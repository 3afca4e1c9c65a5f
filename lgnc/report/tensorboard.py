"""The learning curve of a running training as TensorBoard's scalars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lgnc.files import make_folder
from lgnc.toolchain import require_package

SCALARS = (
    "loss", "accuracy", "train_mode_accuracy", "selection_gap", "computation_gap", "c_ema", "tau_b", "lr",
    "samples_per_second",
)  # fmt: skip
"""The figures of an epoch that are written, under their own names."""


class ScalarLog:
    """Writes epochs as they end, so that `tensorboard --logdir` shows a run while it lasts."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def write(self, epoch: Mapping[str, float]) -> None:
        """One step of every scalar, at the number epoch['epoch']."""
        for name in SCALARS:
            self._writer.add_scalar(name, epoch[name], step=int(epoch["epoch"]))
        self._writer.flush()


@contextmanager
def scalar_log(folder: Path) -> Iterator[ScalarLog]:
    """A new event file in `folder`, which is made if need be.

    Raises BadInput when it cannot be written to, ToolMissing without the package 'tensorboard'.
    """
    require_package("tensorboard")
    make_folder(folder)
    from tensorboard.summary import Writer

    writer = Writer(str(folder))
    try:
        yield ScalarLog(writer)
    finally:
        writer.close()
