"""Hard-ST in plain PyTorch, as fast as it gets without kernels of one's own: what `gpu_training.py` compares with.

Fixed wiring. A net is a list of (candidates int64[2, width], gate logits float32[width, 16]); activations are [nodes,
batch].
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from lgnc.ir.gates import TABLE
from lgnc.train.network import Network

TAU_B = 2.0


class Gates(torch.autograd.Function):
    """One layer with its pins: floats forward, bytes kept for the backward pass, which adds rows with index_add_."""

    @staticmethod
    def forward(ctx: Any, h: Tensor, z: Tensor, wiring: Tensor, table: Tensor) -> Tensor:
        """h: float32[below, batch]. z: float32[width, 16]. wiring: int64[2, width]. table: float32[16, 4]."""
        a, b = h[wiring[0]], h[wiring[1]]
        t00, t01, t10, t11 = table[z.argmax(1)].unsqueeze(2).unbind(1)
        ctx.save_for_backward(a.to(torch.bool), b.to(torch.bool), z, wiring, table)
        ctx.below = len(h)
        return t00 + a * (t10 - t00) + b * ((t01 - t00) + a * (t11 - t10 - t01 + t00))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor, None, None]:
        """See `lgnc.train.reference.Neurons`."""
        (g,) = grads
        a, b, z, wiring, table = ctx.saved_tensors
        p = torch.softmax(z / TAU_B, dim=1)
        t00, t01, t10, t11 = (p @ table).unsqueeze(2).unbind(1)
        ga, gb = g * a, g * b
        s, sa, sb, sab = g.sum(1), ga.sum(1), gb.sum(1), (ga * b).sum(1)
        d_p = torch.stack([s - sa - sb + sab, sb - sab, sa - sab, sab], dim=1) @ table.T
        d_z = p * (d_p - (p * d_p).sum(1, keepdim=True)) / TAU_B
        if not ctx.needs_input_grad[0]:
            return None, d_z, None, None
        cross = t11 - t10 - t01 + t00
        d_h = torch.zeros(ctx.below, g.shape[1], device=g.device, dtype=g.dtype)
        d_h.index_add_(0, wiring[0], g * (t10 - t00) + gb * cross)
        d_h.index_add_(0, wiring[1], g * (t01 - t00) + ga * cross)
        return d_h, d_z, None, None


_gates: Callable[..., Tensor] = Gates.apply


class PlainNet:
    """A network of fixed wiring with torch's fused Adam; `step` is one training step on the device."""

    def __init__(self, network: Network, device: torch.device) -> None:
        self.network, self.device = network, device
        self.wiring = [torch.from_numpy(layer.candidates[:, :, 0]).to(device, torch.int64) for layer in network.layers]
        self.z = [torch.from_numpy(layer.gate_logits.copy()).to(device).requires_grad_() for layer in network.layers]
        self.table = torch.from_numpy(TABLE).to(device, torch.float32)
        labels = torch.repeat_interleave(torch.from_numpy(network.head_starts).diff().to(torch.int64))
        self.class_of = labels.to(device)
        cuda = device.type == "cuda"
        self.optimizer = torch.optim.Adam(self.z, lr=0.01, fused=cuda or None, capturable=cuda)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """The mean cross-entropy of float32 bits x, [inputs, batch]."""
        h = x
        for wiring, z in zip(self.wiring, self.z, strict=True):
            h = _gates(h, z, wiring, self.table)
        scores = torch.zeros(self.network.classes, h.shape[1], device=h.device).index_add(0, self.class_of, h)
        return torch.nn.functional.cross_entropy(scores.T / self.network.tau, y)

    def step(self, x: Tensor, y: Tensor, loss: Callable[[Tensor, Tensor], Tensor] | None = None) -> None:
        """Gradients and Adam; `loss` is a compiled form of `self.loss`."""
        self.optimizer.zero_grad(set_to_none=True)
        (loss or self.loss)(x, y).backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()


def capture(step: Callable[[], None]) -> Callable[[], None]:
    """`step` as a CUDA graph, after three steps on a side stream."""
    side: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def compiled(net: PlainNet, mode: str | None) -> Callable[[Tensor, Tensor], Tensor]:
    """`net.loss` through torch.compile; the compiler's chatter is off."""
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "8")
    return torch.compile(net.loss, mode=mode)


def autograd_gradients(
    network: Network, wiring_tau: float, x: Tensor, y: Tensor, tau_b: float
) -> list[tuple[Tensor, Tensor | None]]:
    """(d gate logits, d wiring logits) a layer from nothing but autograd, in float64: no custom backward at all.

    Straight-through is written as soft + (hard - soft).detach(), for gates and for pins. x: float64[inputs, batch].
    """
    table = torch.from_numpy(TABLE).to(x.device, torch.float64)
    h, leaves = x, []
    for layer in network.layers:
        candidates = torch.from_numpy(layer.candidates).to(x.device, torch.int64)
        z = torch.from_numpy(layer.gate_logits).to(x.device, torch.float64).requires_grad_()
        v = None
        if layer.wiring_logits is not None:
            v = torch.from_numpy(layer.wiring_logits).to(x.device, torch.float64).requires_grad_()
        a, b = (_pin(h, candidates[pin], None if v is None else v[pin], wiring_tau) for pin in (0, 1))
        soft = _bilinear(torch.softmax(z / tau_b, 1) @ table, a, b)
        h = soft + (_bilinear(table[z.argmax(1)], a, b) - soft).detach()
        leaves.append((z, v))
    starts = network.head_starts.tolist()
    scores = torch.stack([h[i:j].sum(0) for i, j in pairwise(starts)], dim=1)
    torch.nn.functional.cross_entropy(scores / network.tau, y).backward()  # type: ignore[no-untyped-call]
    return [(z.grad if z.grad is not None else torch.zeros_like(z), None if v is None else v.grad) for z, v in leaves]


def _bilinear(corners: Tensor, a: Tensor, b: Tensor) -> Tensor:
    t00, t01, t10, t11 = corners.unsqueeze(2).unbind(1)
    return t00 + a * (t10 - t00) + b * (t01 - t00) + a * b * (t11 - t10 - t01 + t00)


def _pin(h: Tensor, candidates: Tensor, v: Tensor | None, tau: float) -> Tensor:
    """The chosen candidate's row; its gradient goes to that row, and to the logits as of the softmax mixture."""
    if v is None:
        return h[candidates[:, 0]]
    chosen = h[candidates.gather(1, v.argmax(1)[:, None])[:, 0]]
    mixture = torch.einsum("nk,nkb->nb", torch.softmax(v / tau, 1), h.detach()[candidates])
    return chosen + (mixture - mixture.detach())
