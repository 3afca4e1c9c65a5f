"""The reference engine, in PyTorch: what the packed and the Triton kernels are tested against."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lgnc.ir.simulate import unpack
from lgnc.train.network import (
    Estimator,
    Float32,
    LayerLogits,
    LayerStart,
    Network,
    Rows,
    cage_temperature,
    class_scores,
)
from lgnc.train.reference import LayerTensors, adam, confidence, forward, gumbel, loss_and_gradients
from lgnc.train.reference_front import ConvTensors, FrontTensors, conv_tensors

_EVALUATION_CELLS = 1 << 24
"""Activations held at a time while rows are evaluated."""


@contextmanager
def deterministic() -> Iterator[None]:
    """PyTorch adds up in one order, whatever its threads do."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def bits_of(rows: Rows, inputs: int) -> NDArray[np.bool_]:
    """bool[inputs, n] of packed sample rows, uint64[n, words]."""
    return unpack(rows, inputs)


def _shared(layer: LayerStart, gate: Tensor, wiring: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """The gradients of a layer, summed over what the neurons of a word share."""
    if layer.one_gate:
        gate = _word_sums(gate[None], layer.word)[0]
    return gate, wiring if wiring is None or layer.word == 1 else _word_sums(wiring, layer.word)


def _word_sums(gradient: Tensor, word: int) -> Tensor:
    """float[n, width, choices]: each word's sum in the place of each of its neurons."""
    words = gradient.view(len(gradient), -1, word, gradient.shape[2])
    return words.sum(dim=2, keepdim=True).expand_as(words).reshape(gradient.shape)


class TorchEngine:
    """Trains with `lgnc.train.reference` on any device of PyTorch. Rows may also be float32[n, inputs] in [0, 1]."""

    name = "torch"

    def __init__(
        self, network: Network, estimator: Estimator, seed: int, device: str = "cpu", threads: int | None = None
    ) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self.network, self.estimator, self.seed, self.device = network, estimator, seed, torch.device(device)
        if device == "cuda":  # cuBLAS reads it when it starts; without it, deterministic products are refused.
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        self.steps, self._c_ema = 0, 1 / 16
        self._starts = torch.from_numpy(np.array(network.head_starts, np.int64))
        self._weights = None if network.weights is None else self._tensor(network.weights, np.float32)
        self._layers = [
            LayerTensors(
                self._tensor(layer.gate_logits, np.float32),
                self._tensor(layer.candidates, np.int64),
                None if layer.wiring_logits is None else self._tensor(layer.wiring_logits, np.float32),
            )
            for layer in network.layers
        ]
        convs = tuple(conv_tensors(conv, self.device) for conv in network.front)
        self._front = FrontTensors(convs, estimator.pool_gradient)
        self._moments = {name: (torch.zeros_like(z), torch.zeros_like(z)) for name, z in self._parameters().items()}

    def _tensor(self, array: NDArray[Any], dtype: type) -> Tensor:
        return torch.from_numpy(np.array(array, dtype)).to(self.device)

    def _all(self) -> list[ConvTensors | LayerTensors]:
        """The layers that have logits, from the bits up."""
        return [*self._front.layers, *self._layers]

    def _parameters(self) -> dict[str, Tensor]:
        named = dict[str, Tensor]()
        for index, layer in enumerate(self._all()):
            named[f"gate.{index}"] = layer.gate
            if layer.wiring is not None:
                named[f"wiring.{index}"] = layer.wiring
        return named

    @property
    def _rates(self) -> list[float]:
        """What each layer's rate is times that of a step."""
        return [conv.lr for conv in self.network.front] + [layer.lr for layer in self.network.layers]

    @property
    def c_ema(self) -> float:
        return self._c_ema

    @property
    def tau_b(self) -> float:
        return cage_temperature(self.estimator, self._c_ema)

    def _noise(self, stream: int) -> list[Tensor] | None:
        if not self.estimator.noisy:
            return None
        mixed = np.random.SeedSequence([self.seed, stream, self.steps]).generate_state(1, np.uint64)[0]
        generator = torch.Generator().manual_seed(int(mixed >> np.uint64(1)))
        widths = [each.width for each in self.network.front] + [each.width for each in self.network.layers]
        return [gumbel(width, generator).to(self.device) for width in widths]

    def _cut(self, noise: list[Tensor] | None) -> tuple[list[Tensor] | None, list[Tensor] | None]:
        """The noise of the front and that of the dense layers."""
        convs = len(self._front.layers)
        return (None, None) if noise is None else (noise[:convs], noise[convs:])

    def _inputs(self, rows: NDArray[Any]) -> Tensor:
        x = rows.T if rows.dtype.kind == "f" else bits_of(rows, self.network.inputs)
        return torch.from_numpy(np.ascontiguousarray(x, np.float32)).to(self.device)

    def step(self, rows: NDArray[Any], y: NDArray[np.int64], lr: float) -> float:
        """See `Engine.step`."""
        beta = self.estimator.cage_beta
        self._c_ema = beta * self._c_ema + (1 - beta) * confidence(self._all())
        loss, gradients = self._gradients(rows, y)
        self.steps += 1
        for (name, z), g in zip(self._parameters().items(), gradients, strict=True):
            rate = lr * self._rates[int(name.partition(".")[2])]
            adam(z, g, *self._moments[name], self.steps, rate, self.estimator)
            if not torch.isfinite(z).all():
                raise FloatingPointError(f"{name} logits are not finite after step {self.steps}")
        if not np.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss} in step {self.steps}")
        return loss

    def _gradients(self, rows: NDArray[Any], y: NDArray[np.int64]) -> tuple[float, list[Tensor]]:
        """The mean cross-entropy and the gradient of each of `_parameters`, in that order."""
        x, labels = self._inputs(rows), torch.from_numpy(np.ascontiguousarray(y)).to(self.device)
        (low, high), tau, estimator, front = self._cut(self._noise(0)), self.network.tau, self.estimator, self._front
        with deterministic():
            front = front.leaves()
            x = front.forward(x, estimator.forward_temperature, self.tau_b, low, estimator.wiring_temperature)
            tau_b, weights = self.tau_b, self._weights
            loss, pairs = loss_and_gradients(
                x, labels, self._layers, self._starts, tau, estimator, tau_b, high, weights, self.network.members
            )
        below = [z for layer in front.layers for z in (layer.gate, layer.wiring) if z is not None]
        found = [torch.zeros_like(z) if z.grad is None else z.grad for z in below]
        shared = [_shared(layer, *pair) for layer, pair in zip(self.network.layers, pairs, strict=True)]
        return loss, found + [g for pair in shared for g in pair if g is not None]

    @torch.no_grad()
    def scores(self, rows: NDArray[Any], *, hard: bool) -> Float32:
        """See `Engine.scores`."""
        noise, tau_f = (None, 0.0) if hard else (self._noise(1), self.estimator.forward_temperature)
        low, high = self._cut(noise)
        width = max(
            [layer.width for layer in self.network.layers] + [8 * conv.made.nodes for conv in self.network.front]
        )
        block = max(1, _EVALUATION_CELLS // max(self.network.inputs, width, 1))
        out = np.empty((len(rows), self.network.runs), np.float32)
        for first in range(0, len(rows), block):
            x = self._front.forward(self._inputs(rows[first : first + block]), tau_f, noise=low)
            found = forward(x, self._layers, self._starts, tau_f, noise=high)
            out[first : first + block] = found.cpu().numpy()
        return class_scores(self.network, out)

    def logits(self) -> list[LayerLogits]:
        """See `Engine.logits`."""
        return [
            LayerLogits(
                layer.gate.cpu().numpy().copy(), None if layer.wiring is None else layer.wiring.cpu().numpy().copy()
            )
            for layer in self._all()
        ]

    def state(self) -> dict[str, NDArray[Any]]:
        """See `Engine.state`."""
        out: dict[str, NDArray[Any]] = {"steps": np.array([self.steps]), "c_ema": np.array([self._c_ema])}
        for name, z in self._parameters().items():
            m, v = self._moments[name]
            for key, tensor in ((name, z), (f"{name}.m", m), (f"{name}.v", v)):
                out[key] = tensor.cpu().numpy().copy()
        return out

    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """See `Engine.load_state`."""
        self.steps, self._c_ema = int(state["steps"][0]), float(state["c_ema"][0])
        for name, z in self._parameters().items():
            m, v = self._moments[name]
            for key, tensor in ((name, z), (f"{name}.m", m), (f"{name}.v", v)):
                tensor.copy_(torch.from_numpy(np.array(state[key])))
