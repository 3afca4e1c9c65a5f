"""The buffers of a batch on the device."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lgnc.train.gpu.front import DeviceFront
from lgnc.train.network import Network, Rows


class Batch:
    """The buffers of a batch of `samples` rows, and for training the graph of the step.

    words: int32 words a node, a multiple of 4. staged: pinned host copy of (rows, labels, learning rate) in one array.
    """

    def __init__(
        self, samples: int, network: Network, front: DeviceFront, device: torch.device, floats: torch.dtype | None
    ) -> None:
        """floats: the type of gradient rows, or None for a batch that is only evaluated."""
        self.samples, self.words = samples, 4 * -(-samples // 128)
        self.row_words = 2 * -(-network.inputs // 64)
        size = samples * self.row_words
        self.staged = torch.zeros(size + samples + 1, dtype=torch.int32, pin_memory=device.type == "cuda")
        self.received = torch.zeros_like(self.staged, device=device)
        self.rows, self.y = self.received[:size], self.received[size : size + samples]
        self.lr = self.received[size + samples :].view(torch.float32)
        self.front = front.buffers(self.words, floats)
        widths = [layer.width for layer in network.layers]
        self.inputs, *dense = (
            torch.zeros(width, self.words, dtype=torch.int32, device=device) for width in (network.inputs, *widths)
        )
        self.bits = [self.inputs if self.front is None else self.front.bits[-1], *dense]
        """What the first dense layer reads, and what each of them gives."""
        columns = 32 * self.words
        self.scores = torch.zeros(network.classes, columns, dtype=torch.int32, device=device)
        self.head_grad = torch.zeros(network.classes, columns, device=device)
        self.class_block = max(2, 1 << (network.classes - 1).bit_length())
        self.columns = max(1, min(128, 8192 // self.class_block))
        self.losses = torch.zeros(columns // self.columns, device=device)
        self.grads: list[Tensor] = []
        if floats is not None:
            inner = max(widths[:-1], default=0)
            self.grads = [
                torch.zeros(inner, columns, dtype=floats, device=device) for _ in range(min(2, len(widths) - 1))
            ]
        self.graph: torch.cuda.CUDAGraph | None = None
        self.warm = False

    def load(self, rows: Rows, y: NDArray[np.int64] | None, lr: float) -> None:
        """Copy a batch to the device. The previous copy must have arrived: `step` and `scores` wait for their own."""
        staged = self.staged.numpy()
        size = self.samples * self.row_words
        staged[:size] = np.ascontiguousarray(rows).view(np.int32).ravel()
        if y is not None:
            staged[size : size + self.samples] = y
        staged[size + self.samples :].view(np.float32)[0] = lr
        self.received.copy_(self.staged, non_blocking=True)
