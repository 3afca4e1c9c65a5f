"""The packed engine over several processes: the sums of a batch's gradients are added up before the update."""

from __future__ import annotations

import os

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray

from lgnc.train.cpu.engine import PackedEngine
from lgnc.train.cpu.jit import default_threads
from lgnc.train.distributed import my_share
from lgnc.train.network import Estimator, Float32, Network, Rows


class DistributedPackedEngine(PackedEngine):
    """`PackedEngine` over the processes of a group, all of which call every method with the same arguments.

    What is added up is not logits' gradients but what they are linear in, and is smaller: the four sums of a neuron's
    table, and one a candidate. threads: of this process, None for its share of the machine's.
    """

    def __init__(self, network: Network, estimator: Estimator, seed: int, threads: int | None = None) -> None:
        here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        super().__init__(network, estimator, seed, threads or max(1, default_threads() // here))

    def gradient_sums(self, rows: Rows, y: NDArray[np.int64]) -> tuple[float, list[Float32]]:
        """See `PackedEngine.gradient_sums`."""
        mine, share = my_share(len(y))
        loss, sums = super().gradient_sums(rows[mine], y[mine]) if share else (0.0, self._sums)
        parts = [share * each.sum(axis=0) if share else np.zeros(each.shape[1], np.float32) for each in sums]
        total = np.concatenate([np.array([share * loss], np.float32), *parts])
        dist.all_reduce(torch.from_numpy(total))
        tables = 1 + len(parts[0])
        return float(total[0]), [total[None, 1:tables], total[None, tables:]]
