"""The convolutions and pools of a network on the device, and the launches of their passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import triton
from numpy.typing import NDArray
from torch import Tensor

from lgnc.train.gpu import convolve as triton_convolve
from lgnc.train.gpu import convolve_backward as triton_backward
from lgnc.train.gpu.arguments import Above, Adam, Clock, Head, Readers, Slide, Trees
from lgnc.train.gpu.layer import DeviceGates
from lgnc.train.network import ConvStart, Network


def slide_of(start: ConvStart) -> Slide:
    """The geometry of `start`."""
    kernels, leaves = start.candidates.shape[:2]
    below, above = start.below, start.above
    return Slide(
        leaves.bit_length() - 1, kernels, below.channels, below.height, below.width, above.places, above.width,
        start.stride, start.padding, start.size, start.pool == "and",
    )  # fmt: skip


class DeviceConv(DeviceGates):
    """A convolution and the pool above it. leaves: int32[kernels, 2^depth, 3]. readers: see `Readers`."""

    def __init__(self, start: ConvStart, device: torch.device) -> None:
        super().__init__(start.gate_logits, device)
        self.slide, self.nodes, self.below = slide_of(start), start.above.nodes, start.below.nodes
        self.parts = start.size * start.size
        leaves = start.leaves(start.wiring_logits)
        self.rows_of_leaves = leaves.shape[0] * leaves.shape[1] * start.above.places

        def tensor(array: NDArray[Any]) -> Tensor:
            return torch.from_numpy(np.array(array, np.int32)).to(device)

        channel = leaves[:, :, 0].ravel()
        self.leaves = tensor(leaves)
        starts = np.searchsorted(np.sort(channel), np.arange(start.below.channels + 1))
        self.readers = Readers(tensor(starts), tensor(np.argsort(channel, kind="stable")))

    def rows(self, most: int) -> int:
        """Squares a program: at most so many, and no more than there are, a power of two."""
        return min(most, int(triton.next_power_of_2(self.slide.SQUARES)))


class FrontBuffers:
    """What a batch needs for the front. bits, masks: int32, of each convolution its output and its `Trees.masks`.

    For training: grad, float[nodes, columns], of the output that the backward pass is at, and leaf_grad of its leaves'
    rows; sums: see `convolve_backward_kernel`.
    """

    def __init__(self, convs: list[DeviceConv], words: int, rows: int, floats: torch.dtype | None) -> None:
        """rows: squares a program of the backward pass. floats: of gradient rows, None for no training."""
        device = convs[0].z.device

        def bits(*shape: int) -> Tensor:
            return torch.zeros(shape, dtype=torch.int32, device=device)

        self.bits = [bits(conv.nodes, words) for conv in convs]
        self.masks = [bits(conv.parts, conv.nodes, words) for conv in convs]
        if floats is None:
            return
        columns = 32 * words
        leaves = max((conv.rows_of_leaves for conv in convs[1:]), default=1)
        self.grad = torch.zeros(max(conv.nodes for conv in convs), columns, dtype=floats, device=device)
        self.leaf_grad = torch.zeros(leaves, columns, dtype=floats, device=device)
        most = max(conv.width * triton.cdiv(conv.slide.SQUARES, conv.rows(rows)) * (words // 4) for conv in convs)
        self.sums = torch.zeros(max(most, 1), 4, device=device)


class DeviceFront:
    """All convolutions and pools of a network, from the encoder bits up.

    rows: squares a program of the backward pass, neurons a program of the update.
    """

    def __init__(self, network: Network, device: torch.device, rows: int) -> None:
        self.convs = [DeviceConv(start, device) for start in network.front]
        self._rows = rows
        self.rows_of_bits = sum(conv.nodes * (1 + conv.parts) for conv in self.convs)
        """Packed rows that a batch has of outputs and of masks."""

    def buffers(self, words: int, floats: torch.dtype | None) -> FrontBuffers | None:
        """Those of a batch of so many words; None where there is no convolution."""
        return FrontBuffers(self.convs, words, self._rows, floats) if self.convs else None

    def forward(self, below: Tensor, buffers: FrontBuffers, ops: list[Tensor], words: int) -> None:
        """Fill the bits and the masks of `buffers`, from the packed encoder bits. ops: of each convolution."""
        cols = min(32, triton.next_power_of_2(words))
        for conv, op, out, masks in zip(self.convs, ops, buffers.bits, buffers.masks, strict=True):
            rows = conv.rows(512 // cols)
            grid = (conv.slide.KERNELS, triton.cdiv(conv.slide.SQUARES, rows), triton.cdiv(words, cols))
            trees = Trees(conv.leaves, op, conv.coef, masks)
            triton_convolve.convolve_kernel[grid](
                below, out, trees, WORDS=words, SLIDE=conv.slide, ROWS=rows, COLS=cols
            )  # fmt: skip
            below = out

    def gather(self, buffers: FrontBuffers, head: Head, above: Above, words: int, *, up_top: bool) -> None:
        """The gradients of what the dense layers read, into `buffers.grad`."""
        nodes, rows = self.convs[-1].nodes, self._rows
        triton_backward.gather_edges_kernel[(triton.cdiv(nodes, rows), words // 4)](
            nodes, buffers.bits[-1], buffers.grad, head, above, WORDS=words, UP_TOP=up_top, ROWS=rows,
            num_warps=max(1, rows // 4),
        )  # fmt: skip

    def backward(
        self,
        inputs: Tensor,
        buffers: FrontBuffers,
        clock: Callable[[int], Clock],
        words: int,
        adam: Adam,
        *,
        noise: bool,
    ) -> None:
        """Gradients and updates from the top down, of the gradients in `buffers.grad`.

        inputs: the encoder bits. clock: of a stream of noise; a convolution's is twice its index.
        """
        lower = [inputs, *buffers.bits]
        for index in reversed(range(len(self.convs))):
            conv, now = self.convs[index], clock(2 * index)
            trees, gates = Trees(conv.leaves, conv.op, conv.coef, buffers.masks[index]), conv.gates()
            many, rows = conv.rows(self._rows), self._rows
            programs = triton.cdiv(conv.slide.SQUARES, many)
            own = (triton.cdiv(conv.width, rows),)
            if conv.width:
                triton_backward.slopes_kernel[own](conv.width, now, gates, NOISE=noise, ROWS=rows)
            triton_backward.convolve_backward_kernel[(conv.slide.KERNELS, programs, words // 4)](
                lower[index], buffers.grad, trees, buffers.sums, buffers.leaf_grad,
                WORDS=words, SLIDE=conv.slide, STORE=index > 0, ROWS=many, num_warps=max(1, many // 4),
            )  # fmt: skip
            if conv.width:
                triton_backward.update_trees_kernel[own](
                    conv.width, now, gates, buffers.sums, programs * (words // 4), NOISE=noise, ROWS=rows, ADAM=adam
                )  # fmt: skip
            if index:
                triton_backward.gather_leaves_kernel[(triton.cdiv(conv.below, rows), words // 4)](
                    buffers.grad, buffers.leaf_grad, trees, conv.readers, WORDS=words, SLIDE=conv.slide, ROWS=rows,
                    num_warps=max(1, rows // 4),
                )  # fmt: skip
