"""Convolutions and pools in plain PyTorch: what faster kernels are tested against. Activations are float[nodes, batch].

A kernel's gate is one neuron of `lgnc.train.reference` whose batch is all places of all samples, so that its logits'
gradient is the sum over both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lgnc.ir.layers import Pool, leaf_nodes, pool_nodes
from lgnc.train.network import ConvStart
from lgnc.train.reference import neurons


@dataclass(frozen=True, eq=False)
class ConvTensors:
    """gate: float[kernels * gates, 16]. leaves: int64[kernels, 2^depth, places], nodes of the layer below, -1 for 0.

    squares: int64[size * size, nodes], what each node of the pool reads of the convolution's output; None for no pool.
    """

    gate: Tensor
    leaves: Tensor
    squares: Tensor | None
    negated: bool


def conv_tensors(start: ConvStart, device: torch.device | str = "cpu") -> ConvTensors:
    """`start` for PyTorch."""
    nodes: NDArray[Any]
    if start.conv is None:
        nodes = np.arange(start.below.nodes).reshape(start.below.places, 1, -1).transpose(2, 1, 0)
    else:
        nodes = leaf_nodes(start.conv, start.below, start.leaves)
    squares = pool_nodes(Pool(start.pool, start.size), start.made) if start.size > 1 else None
    gate, leaves = (torch.from_numpy(np.array(each)).to(device) for each in (start.gate_logits, nodes.astype(np.int64)))
    read = None if squares is None else torch.from_numpy(squares.astype(np.int64)).to(device)
    return ConvTensors(gate, leaves, read, start.pool == "and")


def shares_of_or(y: Tensor, rule: str) -> Tensor:
    """How much of the gradient of OR(y[0], y[1], ...) each y[p] gets: float[parts, ...], for y of bits or in [0, 1].

    rule: of `POOL_GRADIENTS`. 'exact' is the derivative of 1 - (1 - y[0]) (1 - y[1]) ...; for values between 0 and 1
    'first' and 'spread' take the highest for the true ones.
    """
    if rule == "exact":
        low = 1 - y
        return torch.stack([torch.cat([low[:p], low[p + 1 :]]).prod(dim=0) for p in range(len(y))])
    shares = torch.zeros_like(y).scatter_(0, y.argmax(dim=0, keepdim=True), 1.0)
    if rule == "spread":
        shares = torch.where(y.amax(dim=0) == 0, torch.full_like(y, 1 / len(y)), shares)
    return shares


class Or(torch.autograd.Function):
    """OR over the first axis: of bits, or by the rule 'exact' of the chances of independent bits, else the highest."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, rule: str) -> Tensor:
        """y: float[parts, nodes, batch]."""
        ctx.save_for_backward(y)
        ctx.rule = rule
        return 1 - (1 - y).prod(dim=0) if rule == "exact" else y.amax(dim=0)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        """See `shares_of_or`."""
        (y,) = ctx.saved_tensors
        return grads[0] * shares_of_or(y, ctx.rule), None


_or: Callable[..., Tensor] = Or.apply


def convolve(x: Tensor, layer: ConvTensors, z: Tensor, tau_f: float, tau_b: float, rule: str) -> Tensor:
    """float[nodes above, batch] of x, float[nodes below, batch]. z: layer.gate, with noise or without."""
    kernels, count, places = layer.leaves.shape
    batch = x.shape[1]
    h = torch.cat([x, torch.zeros_like(x[:1])])[layer.leaves].reshape(kernels, count, places * batch)
    gates, first = z.reshape(kernels, count - 1, 16), 0
    while count > 1:
        count //= 2
        a, b = (h[:, pin::2].reshape(kernels * count, -1) for pin in (0, 1))
        level = gates[:, first : first + count].reshape(-1, 16)
        h = neurons(a, b, level, tau_f, tau_b).reshape(kernels, count, -1)
        first += count
    made = h.reshape(kernels, places, batch).transpose(0, 1).reshape(kernels * places, batch)
    if layer.squares is None:
        return made
    squares = made[layer.squares]
    return 1 - _or(1 - squares, rule) if layer.negated else _or(squares, rule)


@dataclass(frozen=True, eq=False)
class FrontTensors:
    """All convolutions and pools of a network, from the encoder bits up. rule: of `POOL_GRADIENTS`."""

    layers: tuple[ConvTensors, ...]
    rule: str

    def forward(self, x: Tensor, tau_f: float, tau_b: float = 1.0, noise: Sequence[Tensor] | None = None) -> Tensor:
        """float[nodes, batch] of the encoder bits x. noise: float[kernels * gates, 16] each, added to the logits."""
        for index, layer in enumerate(self.layers):
            z = layer.gate if noise is None else layer.gate + noise[index]
            x = convolve(x, layer, z, tau_f, tau_b, self.rule)
        return x

    def leaves(self) -> FrontTensors:
        """The same with logits that gather gradients."""
        made = (replace(layer, gate=layer.gate.detach().requires_grad_()) for layer in self.layers)
        return FrontTensors(tuple(made), self.rule)
