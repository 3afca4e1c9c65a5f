"""Training: from a data set and a configuration to a Model. The only place that knows gradients.

`TrainConfig` needs no PyTorch; `train` imports it when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lgnc.train.config import TrainConfig

if TYPE_CHECKING:
    from lgnc.train.loop import TrainResult, train

__all__ = ["TrainConfig", "TrainResult", "train"]


def __getattr__(name: str) -> Any:
    if name not in ("TrainResult", "train"):
        raise AttributeError(f"module 'lgnc.train' has no attribute '{name}'")
    from lgnc.toolchain import require_package

    require_package("torch")
    from lgnc.train import loop

    return getattr(loop, name)
