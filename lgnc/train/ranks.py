"""Which of the processes that `torchrun` started this one is, and what they agree on. PyTorch is for several alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def world_size() -> int:
    """How many processes train together: 1 unless torchrun started this one."""
    if not {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= os.environ.keys():
        return 1
    return int(os.environ["WORLD_SIZE"])


def rank() -> int:
    """This process's number: 0 writes the files and reports."""
    return int(os.environ["RANK"]) if world_size() > 1 else 0


@contextmanager
def process_group(device: str) -> Iterator[None]:
    """Join the other processes, if there are any: gloo on CPUs, NCCL on GPUs."""
    if world_size() == 1:
        yield
        return
    import torch
    import torch.distributed as dist

    if device == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    dist.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def most(device: str, *values: float) -> list[float]:
    """The largest of each value over all processes: what they agree on."""
    if world_size() == 1:
        return list(values)
    import torch
    import torch.distributed as dist

    shared = torch.tensor(values, dtype=torch.float64, device=device)
    dist.all_reduce(shared, dist.ReduceOp.MAX)
    found: list[float] = shared.tolist()
    return found
