"""Settings files: what they may take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lgnc.diagnostics import BadInput
from lgnc.train import TrainConfig


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (".".join(["a"] * 30_000) + " = 1\n", "bad.toml:1: more than 100 dots"),
        ("lr = 0.1\n" + "# x\n" * 100_000, "larger than settings are"),
    ],
)
def test_settings_take_memory_by_their_size(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(BadInput, match=re.escape(said)):
        TrainConfig.from_toml(tmp_path / "bad.toml")
