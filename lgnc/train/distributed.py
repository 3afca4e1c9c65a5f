"""Training on several processes: each takes a share of every batch, and the logits' gradients are added up.

`torchrun --nproc-per-node N -m lgnc train ...` starts them. The network, the batches and the noise are those of one
process with the same seed; a step differs from its step only in the order in which a gradient's samples are added.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor

from lgnc.train.engine import TorchEngine


def my_share(rows: int) -> tuple[slice, float]:
    """Which of a batch's rows this process takes, and what share of the batch they are."""
    mine = slice(dist.get_rank(), None, dist.get_world_size())
    return mine, len(range(*mine.indices(rows))) / rows


class DistributedEngine(TorchEngine):
    """`TorchEngine` over the processes of a group, all of which call every method with the same arguments."""

    def _gradients(self, rows: NDArray[Any], y: NDArray[np.int64]) -> tuple[float, list[Tensor]]:
        mine, share = my_share(len(y))
        loss, gradients = 0.0, [torch.zeros_like(z) for z in self._parameters().values()]
        if share:
            loss, gradients = super()._gradients(rows[mine], y[mine])
        total = torch.cat([torch.tensor([loss], device=self.device), *(g.flatten() for g in gradients)]) * share
        dist.all_reduce(total)
        summed, first = [], 1
        for g in gradients:
            summed.append(total[first : first + g.numel()].view_as(g))
            first += g.numel()
        return float(total[0]), summed
