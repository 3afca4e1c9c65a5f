"""What an engine trains, and what every engine can do: plain numpy on the border, so that engines are interchangeable.

Rows: a batch is uint64[n, ceil(inputs / 64)], one sample per row; encoder bit i is bit i % 64 (least significant first)
of word i // 64, and bits past `inputs` are 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.layers import Conv, Pool, Shape, output_shape
from lgnc.train.methods import method_of

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]
Rows = NDArray[np.uint64]

POOL_GRADIENTS = ("first", "exact", "spread")
"""Which of a pool's inputs get the gradient of an OR of bits: the first true one, or the first of all where none is
true; those that change the result alone; the first true one, or all in equal parts where none is true. An AND is the
same with true and false exchanged."""


@dataclass(frozen=True, eq=False)
class LayerStart:
    """A layer before its first step. Every pin reads the layer below: encoder bits for the first layer.

    candidates: int32[2, width, k], positions in the layer below that pin a (row 0) and pin b (row 1) may read, distinct
    within a pin. gate_logits: float32[width, 16]. wiring_logits: float32[2, width, k], or None when k is 1. lr: times
    the rate of a step. word: so many neurons, one after another, share one choice of candidates, which are those of
    `lgnc.train.wiring.word_wiring`; with one_gate they share a gate too. Their logits start equal.
    """

    candidates: Int32
    gate_logits: Float32
    wiring_logits: Float32 | None = None
    lr: float = 1.0
    word: int = 1
    one_gate: bool = False

    @property
    def width(self) -> int:
        return int(self.candidates.shape[1])


@dataclass(frozen=True, eq=False)
class ConvStart:
    """A convolution and the pool above it, before its first step; see `lgnc.ir.layers`.

    below: the shape of what it reads. conv: None for a pool alone, whose kernels are the channels, with one leaf and no
    gate each. candidates: int32[kernels, 2^depth, k, 3], the bits of the window that each leaf may read, distinct.
    gate_logits: float32[kernels * gates, 16], a kernel's gates together. wiring_logits: float32[kernels, 2^depth, k],
    or None when k is 1. size: of the pool, 1 for none.
    """

    below: Shape
    conv: Conv | None
    candidates: Int32
    gate_logits: Float32
    wiring_logits: Float32 | None = None
    pool: str = "or"
    size: int = 1

    @property
    def lr(self) -> float:
        return self.conv.lr if self.conv else 1.0

    @property
    def k(self) -> int:
        """Candidates of each leaf."""
        return int(self.candidates.shape[2])

    def leaves(self, wiring: Float32 | None) -> Int32:
        """int32[kernels, 2^depth, 3]: what each leaf reads, by its wiring logits."""
        if wiring is None:
            return self.candidates[:, :, 0]
        best = wiring.argmax(axis=2)[:, :, None, None]
        return np.take_along_axis(self.candidates, best, axis=2)[:, :, 0]

    @property
    def window(self) -> int:
        return self.conv.window if self.conv else 1

    @property
    def stride(self) -> int:
        return self.conv.stride if self.conv else 1

    @property
    def padding(self) -> int:
        return self.conv.padding if self.conv else 0

    @property
    def width(self) -> int:
        """Gates with logits of their own."""
        return len(self.gate_logits)

    @property
    def made(self) -> Shape:
        """The shape of the convolution's output, before the pool."""
        return output_shape(self.conv, self.below) if self.conv else self.below

    @property
    def above(self) -> Shape:
        """The shape of the pool's output."""
        return output_shape(Pool(self.pool, self.size), self.made) if self.size > 1 else self.made


@dataclass(frozen=True, eq=False)
class Network:
    """inputs: encoder bits. The head reads the last layer in runs of neurons, `members` for each class: run r is
    neurons head_starts[r]:head_starts[r + 1], and class c sums runs c * members to (c + 1) * members - 1.

    front: the convolutions and pools, from the encoder bits up; what the last of them makes is below the first layer.

    head_starts: int32[classes * members + 1], from 0 to the last layer's width. A class score is its popcount / tau. A
    member's scores are those of its own runs, c * members + member; the loss is the mean over the members and the batch
    of the cross-entropy times the weight of the sample's class (weights: float32[classes], or None for 1 each).
    """

    inputs: int
    layers: tuple[LayerStart, ...]
    head_starts: Int32
    tau: float
    front: tuple[ConvStart, ...] = ()
    weights: Float32 | None = None
    members: int = 1

    @property
    def below(self) -> int:
        """Nodes that the first of `layers` reads."""
        return self.front[-1].above.nodes if self.front else self.inputs

    @property
    def neurons(self) -> int:
        """Gates with logits of their own: those of a kernel count once."""
        return sum(conv.width for conv in self.front) + sum(layer.width for layer in self.layers)

    @property
    def classes(self) -> int:
        return self.runs // self.members

    @property
    def runs(self) -> int:
        return len(self.head_starts) - 1


@dataclass(frozen=True)
class Estimator:
    """How gradients are estimated and applied. A layer's `lr` is a factor of the rate and so of the decay.

    temperature: the gate temperature, of both passes; with `cage`, that of the backward pass comes from the confidence
    instead, between tau_max and tau_min (see `cage_temperature`). wiring_temperature: of the softmax over a pin's
    candidates in the backward pass. beta1, beta2, epsilon: Adam's, with bias correction. weight_decay: AdamW's, so
    that each step takes lr * weight_decay of every logit away. pool_gradient: see `POOL_GRADIENTS`.
    """

    method: str = "hard-st"
    cage: bool = True
    temperature: float = 1.0
    tau_max: float = 3.0
    tau_min: float = 0.5
    cage_beta: float = 0.99
    wiring_temperature: float = 1.0
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    pool_gradient: str = "first"

    def __post_init__(self) -> None:
        method_of(self.method)  # An unknown one raises BadInput here, not in the middle of a step.

    @property
    def hard(self) -> bool:
        return method_of(self.method).hard

    @property
    def forward_temperature(self) -> float:
        """Of the mixture that a soft method computes; 0, the limit at which it is the one best gate, for a hard one."""
        return 0.0 if self.hard else self.temperature

    @property
    def noisy(self) -> bool:
        return method_of(self.method).noisy


def class_scores(network: Network, runs: Float32) -> Float32:
    """float32[n, classes] of the popcounts of each run, float32[n, runs]."""
    if network.members == 1:
        return runs
    found: Float32 = runs.reshape(len(runs), network.classes, network.members).sum(axis=2)
    return found


def cage_temperature(estimator: Estimator, c_ema: float) -> float:
    """tau_b for the running confidence `c_ema`, which starts at 1/16 (CAGE, arXiv 2603.14157).

    A step begins with c_ema <- beta c_ema + (1 - beta) c, where c is the mean over all neurons of max softmax(z) of the
    logits as they are before that step, without noise; then tau_b of the new c_ema serves that step's backward pass.
    """
    if not estimator.cage:
        return estimator.temperature
    part = min(max((c_ema - 1 / 16) / (1 - 1 / 16), 0.0), 1.0)
    return estimator.tau_max - (estimator.tau_max - estimator.tau_min) * part


@dataclass(frozen=True, eq=False)
class LayerLogits:
    """gate: float32[width, 16]. wiring: of the shape of `wiring_logits` of the layer's start, or None when k is 1."""

    gate: Float32
    wiring: Float32 | None


class Engine(Protocol):
    """Made as `SomeEngine(network, estimator, seed)`; everything random in it comes from `seed` and the step number."""

    name: str
    network: Network

    @property
    def c_ema(self) -> float:
        """The running confidence of CAGE (kept for every method, so that it can be shown)."""

    @property
    def tau_b(self) -> float:
        """The backward temperature of the last step (of the first one, before any)."""

    def step(self, rows: Rows, y: NDArray[np.int64], lr: float) -> float:
        """One Adam step on a batch of any size >= 1, labels y: int64[n]. Returns the mean cross-entropy before it.

        Raises FloatingPointError when the loss or a logit is not finite.
        """

    def scores(self, rows: Rows, *, hard: bool) -> Float32:
        """float32[n, classes], popcounts (not divided by tau) of any number of rows.

        hard: every gate and pin fixed to its argmax; else the training-time forward, noise and all.
        """

    def logits(self) -> list[LayerLogits]:
        """Copies of the current logits, a layer each, the front's first, in the order of the `Network`."""

    def state(self) -> dict[str, NDArray[Any]]:
        """Everything that a later `load_state` in a fresh engine needs to continue bit for bit."""

    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Continue from `state`."""
