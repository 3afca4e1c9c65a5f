"""Which of the processes that `torchrun` started this one is: from its environment, without PyTorch."""

from __future__ import annotations

import os


def world_size() -> int:
    """How many processes train together: 1 unless torchrun started this one."""
    if not {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= os.environ.keys():
        return 1
    return int(os.environ["WORLD_SIZE"])


def rank() -> int:
    """This process's number: 0 writes the files and reports."""
    return int(os.environ["RANK"]) if world_size() > 1 else 0
