"""The method in plain PyTorch: what faster kernels are tested against. Activations are float[nodes, batch].

With p = softmax((z + g) / tau), z the logits, g Gumbel noise or nothing, a neuron's mixture of the sixteen relaxed
gates is the bilinear function of (a, b) with corners T_ij = sum_k p_k gate_k(i, j), as every relaxed gate is bilinear.

Soft methods compute that mixture and its exact gradient. Hard methods compute the one gate argmax(z + g), and take for
gradient that of the mixture at temperature tau_b, evaluated at the hard activations (straight-through). With CAGE
(arXiv 2603.14157), which sets the backward temperature alone, tau_b follows the network's confidence; a soft method
still mixes at its own temperature, so that its gradient is then that of the mixture at tau_b, at its activations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import torch
from torch import Tensor

from lgnc.ir.gates import TABLE
from lgnc.train.network import Estimator


@dataclass(frozen=True, eq=False)
class LayerTensors:
    """gate: float[width, 16]. candidates: int64[2, width, k]. wiring: float[2, width, k], or None when k is 1."""

    gate: Tensor
    candidates: Tensor
    wiring: Tensor | None


def _bilinear(corner: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """float[width, batch]: the bilinear function with corners float[width, 4] (T00 T01 T10 T11) at (a, b)."""
    t00, t01, t10, t11 = corner.unsqueeze(2).unbind(1)
    return t00 + a * (t10 - t00) + b * (t01 - t00) + a * b * (t11 - t10 - t01 + t00)


class Neurons(torch.autograd.Function):
    """A layer's gates: forward of the mixture at tau_f (0: of the best gate), backward of that at tau_b."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, z: Tensor, tau_f: float, tau_b: float) -> Tensor:
        """a, b: float[width, batch]. z: float[width, 16], noise included. Returns float[width, batch]."""
        table = torch.from_numpy(TABLE).to(z)
        p = torch.softmax(z / tau_b, dim=1)
        soft = p @ table
        ctx.save_for_backward(a, b, p, soft)
        ctx.tau_b = tau_b
        corner = torch.softmax(z / tau_f, dim=1) @ table if tau_f else table[z.argmax(dim=1)]
        return _bilinear(corner, a, b)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        """With g the output's gradient: dL/da = g dT/da and so on; dL/dT_ij = sum over the batch of g [a, b = i, j]."""
        (g,) = grads
        a, b, p, soft = ctx.saved_tensors
        table = torch.from_numpy(TABLE).to(p)
        t00, t01, t10, t11 = soft.unsqueeze(2).unbind(1)
        cross = t11 - t10 - t01 + t00
        ga, gb = g * a, g * b
        s, sa, sb, sab = g.sum(1), ga.sum(1), gb.sum(1), (ga * b).sum(1)
        d_corner = torch.stack([s - sa - sb + sab, sb - sab, sa - sab, sab], dim=1)
        d_p = d_corner @ table.T
        d_z = p * (d_p - (p * d_p).sum(1, keepdim=True)) / ctx.tau_b
        return g * (t10 - t00) + gb * cross, g * (t01 - t00) + ga * cross, d_z, None, None


class Pins(torch.autograd.Function):
    """One pin of every neuron of a layer: reads the candidate with the highest wiring logit."""

    @staticmethod
    def forward(ctx: Any, h: Tensor, candidates: Tensor, v: Tensor | None, tau_w: float) -> Tensor:
        """h: float[below, batch]. candidates: int64[width, k]. v: float[width, k] or None. Gives one row a neuron."""
        best = torch.zeros_like(candidates[:, 0]) if v is None else v.argmax(dim=1)
        chosen = candidates.gather(1, best[:, None])[:, 0]
        ctx.save_for_backward(h, candidates, chosen, *([] if v is None else [v]))
        ctx.tau_w = tau_w
        return h[chosen]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, None, Tensor | None, None]:
        """The activation's gradient goes to the chosen candidate; dL/dv_k = q_k (s_k - sum_j q_j s_j) / tau_w,
        with q = softmax(v / tau_w) and s_k the sum over the batch of g times candidate k's activation."""
        (g,) = grads
        h, candidates, chosen, *learned = ctx.saved_tensors
        d_h = torch.zeros_like(h).index_put_((chosen,), g, accumulate=True) if ctx.needs_input_grad[0] else None
        if not learned:
            return d_h, None, None, None
        q = torch.softmax(learned[0] / ctx.tau_w, dim=1)
        s = torch.stack([(g * h[column]).sum(1) for column in candidates.unbind(1)], dim=1)
        return d_h, None, q * (s - (q * s).sum(1, keepdim=True)) / ctx.tau_w, None


neurons: Callable[..., Tensor] = Neurons.apply
_pins: Callable[..., Tensor] = Pins.apply


def forward(
    x: Tensor,
    layers: list[LayerTensors],
    head_starts: Tensor,
    tau_f: float,
    *,
    noise: list[Tensor] | None = None,
    tau_b: float = 1.0,
    tau_w: float = 1.0,
) -> Tensor:
    """float[batch, runs]: the sum over each run of neurons (not divided by the group temperature).

    x: float[inputs, batch], bits or values in [0, 1]. noise: float[width, 16] a layer, added to the gate logits.
    tau_f: the gate temperature, 0 for the best gate alone. tau_b, tau_w: those of the backward pass, of gates and pins.
    """
    h = x
    for index, layer in enumerate(layers):
        wiring: tuple[Any, ...] = (None, None) if layer.wiring is None else layer.wiring.unbind(0)
        a, b = (_pins(h, layer.candidates[pin], wiring[pin], tau_w) for pin in (0, 1))
        z = layer.gate if noise is None else layer.gate + noise[index]
        h = neurons(a, b, z, tau_f, tau_b)
    bounds = head_starts.tolist()
    return torch.stack([h[i:j].sum(0) for i, j in pairwise(bounds)], dim=1)


class HasGate(Protocol):
    """A layer with logits: gate is float[width, 16]."""

    @property
    def gate(self) -> Tensor: ...


def confidence(layers: Sequence[HasGate]) -> float:
    """CAGE's c: the mean over all neurons of max softmax(z), on the logits as they are (temperature 1, no noise)."""
    total = sum(float(torch.softmax(layer.gate, dim=1).amax(dim=1).sum(dtype=torch.float64)) for layer in layers)
    return total / sum(len(layer.gate) for layer in layers)


def gumbel(width: int, generator: torch.Generator) -> Tensor:
    """float32[width, 16] of Gumbel(0, 1) noise; finite, because the uniform sample is kept from 0 and 1."""
    uniform = torch.rand((width, 16), generator=generator, dtype=torch.float64).clamp_(1e-12, 1 - 1e-12)
    return (-torch.log(-torch.log(uniform))).to(torch.float32)


def loss_and_gradients(
    x: Tensor,
    y: Tensor,
    layers: list[LayerTensors],
    head_starts: Tensor,
    tau: float,
    estimator: Estimator,
    tau_b: float,
    noise: list[Tensor] | None = None,
    weights: Tensor | None = None,
    members: int = 1,
) -> tuple[float, list[tuple[Tensor, Tensor | None]]]:
    """The mean of the members' cross-entropies of scores / tau, and a (d gate logits, d wiring logits) pair per layer.

    x: float[inputs, batch]; the gradient goes on into what it was made of. y: int64[batch]. weights: float[classes],
    by which a sample's cross-entropy is multiplied before the mean over the batch is taken.
    """
    leaves = [
        LayerTensors(
            layer.gate.detach().requires_grad_(),
            layer.candidates,
            None if layer.wiring is None else layer.wiring.detach().requires_grad_(),
        )
        for layer in layers
    ]
    tau_f, tau_w = estimator.forward_temperature, estimator.wiring_temperature
    scores = forward(x, leaves, head_starts, tau_f, noise=noise, tau_b=tau_b, tau_w=tau_w)
    each_member = scores.view(len(y), -1, members) / tau
    targets = y[:, None].expand(-1, members)
    each = torch.nn.functional.cross_entropy(each_member, targets, reduction="none")
    loss = (each if weights is None else each * weights[targets]).mean()
    loss.backward()  # type: ignore[no-untyped-call]
    gradients = [(_gradient(layer.gate), None if layer.wiring is None else layer.wiring.grad) for layer in leaves]
    return float(loss.detach()), gradients


def _gradient(leaf: Tensor) -> Tensor:
    return torch.zeros_like(leaf) if leaf.grad is None else leaf.grad


def adam(z: Tensor, g: Tensor, m: Tensor, v: Tensor, step: int, lr: float, estimator: Estimator) -> None:
    """One Adam step in place (Kingma and Ba, 2015): step counts from 1; m and v are the running moments.

    The weight decay is AdamW's (Loshchilov and Hutter, 2019).
    """
    m.mul_(estimator.beta1).add_(g, alpha=1 - estimator.beta1)
    v.mul_(estimator.beta2).addcmul_(g, g, value=1 - estimator.beta2)
    scale = math.sqrt(1 - estimator.beta2**step)
    rate = lr / (1 - estimator.beta1**step)
    z.mul_(1 - lr * estimator.weight_decay)
    z.addcdiv_(m, v.sqrt().div_(scale).add_(estimator.epsilon), value=-rate)
