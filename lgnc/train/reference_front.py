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
    """gate: float[kernels * gates, 16]. candidates: int64[kernels, 2^depth, k, places], nodes of the layer below that a
    leaf may read at each place, -1 for 0. wiring: float[kernels, 2^depth, k], or None when k is 1.

    squares: int64[size * size, nodes], what each node of the pool reads of the convolution's output; None for no pool.
    """

    gate: Tensor
    candidates: Tensor
    wiring: Tensor | None
    squares: Tensor | None
    negated: bool


def conv_tensors(start: ConvStart, device: torch.device | str = "cpu") -> ConvTensors:
    """`start` for PyTorch."""
    nodes: NDArray[Any]
    kernels, count, k, _ = start.candidates.shape
    if start.conv is None:
        nodes = np.arange(start.below.nodes).reshape(start.below.places, 1, -1).transpose(2, 1, 0)
    else:
        nodes = leaf_nodes(start.conv, start.below, start.candidates.reshape(kernels, count * k, 3))
    squares = pool_nodes(Pool(start.pool, start.size), start.made) if start.size > 1 else None

    def tensor(array: NDArray[Any] | None, dtype: type) -> Tensor | None:
        return None if array is None else torch.from_numpy(np.array(array, dtype)).to(device)

    gate, wiring = (tensor(each, np.float32) for each in (start.gate_logits, start.wiring_logits))
    candidates, read = tensor(nodes.reshape(kernels, count, k, -1), np.int64), tensor(squares, np.int64)
    assert gate is not None
    assert candidates is not None
    return ConvTensors(gate, candidates, wiring, read, start.pool == "and")


class Leaves(torch.autograd.Function):
    """The leaves of a convolution's kernels at all places: each reads the candidate with the highest wiring logit.

    As `lgnc.train.reference.Pins`, but that a candidate is another node at each place, and sums run over places too.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, candidates: Tensor, v: Tensor | None, tau_w: float) -> Tensor:
        """x: float[nodes + 1, batch], its last row 0. candidates, v: see `ConvTensors`.

        Gives float[kernels, leaves, places, batch].
        """
        chosen = candidates[:, :, 0]
        if v is not None:
            best = v.argmax(dim=2)[:, :, None, None].expand(-1, -1, 1, candidates.shape[3])
            chosen = candidates.gather(2, best)[:, :, 0]
        ctx.save_for_backward(x, candidates, chosen, *([] if v is None else [v]))
        ctx.tau_w = tau_w
        return x[chosen]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, None, Tensor | None, None]:
        """See `lgnc.train.reference.Pins`."""
        (g,) = grads
        x, candidates, chosen, *learned = ctx.saved_tensors
        d_x = torch.zeros_like(x).index_put_((chosen,), g, accumulate=True) if ctx.needs_input_grad[0] else None
        if not learned:
            return d_x, None, None, None
        q = torch.softmax(learned[0] / ctx.tau_w, dim=2)
        s = torch.stack([(g * x[each]).sum((2, 3)) for each in candidates.unbind(2)], dim=2)
        return d_x, None, q * (s - (q * s).sum(2, keepdim=True)) / ctx.tau_w, None


_leaves: Callable[..., Tensor] = Leaves.apply


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


def convolve(
    x: Tensor, layer: ConvTensors, z: Tensor, tau_f: float, tau_b: float, rule: str, tau_w: float = 1.0
) -> Tensor:
    """float[nodes above, batch] of x, float[nodes below, batch]. z: layer.gate, with noise or without."""
    kernels, count, _, places = layer.candidates.shape
    batch = x.shape[1]
    padded = torch.cat([x, torch.zeros_like(x[:1])])
    h = _leaves(padded, layer.candidates, layer.wiring, tau_w).reshape(kernels, count, places * batch)
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

    def forward(
        self,
        x: Tensor,
        tau_f: float,
        tau_b: float = 1.0,
        noise: Sequence[Tensor] | None = None,
        tau_w: float = 1.0,
    ) -> Tensor:
        """float[nodes, batch] of the encoder bits x. noise: float[kernels * gates, 16] each, added to the logits."""
        for index, layer in enumerate(self.layers):
            z = layer.gate if noise is None else layer.gate + noise[index]
            x = convolve(x, layer, z, tau_f, tau_b, self.rule, tau_w)
        return x

    def leaves(self) -> FrontTensors:
        """The same with logits that gather gradients."""

        def leaf(z: Tensor | None) -> Any:
            return None if z is None else z.detach().requires_grad_()

        made = (replace(layer, gate=leaf(layer.gate), wiring=leaf(layer.wiring)) for layer in self.layers)
        return FrontTensors(tuple(made), self.rule)
