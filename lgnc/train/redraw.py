"""Learned wiring with fresh candidates: after an epoch, those that a pin likes least give way to others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.draw_leaves import bits_of, codes_of, draw_distinct, kernel_channels
from lgnc.ir.layers import Conv
from lgnc.train.network import Engine, Float32, Int32, LayerLogits, Network, Rows
from lgnc.train.wiring import word_wiring

State = dict[str, NDArray[Any]]
Pins = NDArray[Any]

_CANDIDATES, _LEAVES = "candidates.", "leaves."
"""The state's names for what an engine does not keep in its own: the candidates of each dense layer, and of each
convolution with learned leaves."""


class RedrawingEngine:
    """An engine whose candidates can change. make: an engine of a network, with everything but that fixed."""

    def __init__(self, network: Network, make: Callable[[Network], Engine]) -> None:
        self.network, self._make = network, make
        self._engine = make(network)
        self.name = self._engine.name

    def redraw(self, rng: np.random.Generator) -> None:
        """See `redraw_candidates`."""
        self._become(*redraw_candidates(self.network, self._engine.state(), rng))

    def _become(self, network: Network, state: State) -> None:
        self.network, self._engine = network, self._make(network)
        self._engine.load_state(state)

    @property
    def c_ema(self) -> float:
        """See `Engine.c_ema`."""
        return self._engine.c_ema

    @property
    def tau_b(self) -> float:
        """See `Engine.tau_b`."""
        return self._engine.tau_b

    def step(self, rows: Rows, y: NDArray[np.int64], lr: float) -> float:
        """See `Engine.step`."""
        return self._engine.step(rows, y, lr)

    def scores(self, rows: Rows, *, hard: bool) -> Float32:
        """See `Engine.scores`."""
        return self._engine.scores(rows, hard=hard)

    def logits(self) -> list[LayerLogits]:
        """See `Engine.logits`."""
        return self._engine.logits()

    def state(self) -> State:
        """See `Engine.state`."""
        return self._engine.state() | _candidates(self.network)

    def load_state(self, state: State) -> None:
        """See `Engine.load_state`."""
        layers, front = enumerate(self.network.layers), enumerate(self.network.front)
        kept = tuple(replace(layer, candidates=state[f"{_CANDIDATES}{index}"]) for index, layer in layers)
        convs = tuple(
            replace(conv, candidates=state.get(f"{_LEAVES}{index}", conv.candidates)) for index, conv in front
        )
        inner = {name: array for name, array in state.items() if not name.startswith((_CANDIDATES, _LEAVES))}
        self._become(replace(self.network, layers=kept, front=convs), inner)


def _candidates(network: Network) -> State:
    """What may be read, by name."""
    dense = {f"{_CANDIDATES}{index}": layer.candidates for index, layer in enumerate(network.layers)}
    return dense | {f"{_LEAVES}{index}": conv.candidates for index, conv in enumerate(network.front) if conv.k > 1}


def check_candidates(network: Network, state: State, where: str) -> None:
    """Raise BadInput for a candidate that is no node of the layer below: kernels do not look."""
    below = network.below
    for index, conv in enumerate(network.front):
        found = state.get(f"{_LEAVES}{index}", conv.candidates)
        limits = (conv.below.channels, conv.window, conv.window)
        if found.size and ((found < 0) | (found >= limits)).any():
            what = f"is a damaged checkpoint: {_LEAVES}{index} holds what is no bit of the window"
            raise BadInput(what, where=where, fix="train again without --resume")
    for index, layer in enumerate(network.layers):
        found = state.get(f"{_CANDIDATES}{index}", layer.candidates)
        if found.size and not 0 <= found.min() <= found.max() < below:
            what = f"{_CANDIDATES}{index} holds {found.min()}..{found.max()}, outside 0..{below - 1}"
            raise BadInput(f"is a damaged checkpoint: {what}", where=where, fix="train again without --resume")
        below = layer.width


def redraw_candidates(network: Network, state: State, rng: np.random.Generator) -> tuple[Network, State]:
    """The network and the engine's state with the lower half of every learned pin's and leaf's candidates drawn anew.

    A new candidate is one that the pin does not have, from the whole layer below, or for a leaf from the window in the
    channels that its kernel may read; it starts with the lowest wiring logit that the pin keeps, and moments of 0. What
    a pin reads does not change.
    """
    layers, front, state, below = [], [], dict(state), network.below
    for index, start in enumerate(network.front):
        conv, parts = start.conv, _logits_of(state, index)
        if conv is not None and parts:
            channels, shape = kernel_channels(conv, start.below, start.candidates, rng), start.candidates.shape
            pins = codes_of(conv, start.candidates).reshape(-1, start.k)

            def draw(fresh: Pins, kept: int, conv: Conv = conv, channels: Int32 = channels) -> None:
                draw_distinct(conv, channels, fresh, kept, rng)

            drawn, changed = _redraw(pins, parts, draw)
            start, state = replace(start, candidates=bits_of(conv, drawn).reshape(shape)), state | changed
        front.append(start)
    for index, layer in enumerate(network.layers, len(network.front)):
        parts = _logits_of(state, index)
        if parts:
            word = layer.word
            own, firsts = layer.candidates[:, ::word], {name: each[:, ::word] for name, each in parts.items()}

            def draw_any(fresh: Pins, kept: int, below: int = below) -> None:
                fresh[:, kept:] = rng.integers(0, below, (len(fresh), fresh.shape[1] - kept))

            found, changed = _redraw(own.reshape(-1, own.shape[2]), firsts, draw_any)
            firsts_of: Int32 = found.reshape(own.shape).astype(np.int32)
            layer = replace(layer, candidates=word_wiring(firsts_of, word) if word > 1 else firsts_of)
            state |= {name: np.repeat(each, word, axis=1) for name, each in changed.items()}
        layers.append(layer)
        below = layer.width
    return replace(network, layers=tuple(layers), front=tuple(front)), state


_PARTS = ("", ".m", ".v")


def _logits_of(state: State, index: int) -> State:
    """A layer's wiring logits and their moments, or nothing."""
    return {name: state[name] for name in (f"wiring.{index}{part}" for part in _PARTS) if name in state}


def _redraw(pins: Pins, parts: State, draw: Callable[[Pins, int], None]) -> tuple[Pins, State]:
    """The pins' candidates and their logits and moments after a redraw.

    pins: int[pins, k]. draw: draws all but the first so many of each row anew, in place.
    """
    logits, k = next(iter(parts.values())).reshape(pins.shape), pins.shape[1]
    order = np.argsort(-logits, axis=1, kind="stable")
    kept = (k + 1) // 2
    pins = np.take_along_axis(pins, order, axis=1)
    fresh = pins.copy()
    draw(fresh, kept)
    ordered = np.sort(fresh, axis=1)
    able = (ordered[:, 1:] != ordered[:, :-1]).all(axis=1)  # The others wait for another epoch.
    pins[able] = fresh[able]
    out = {}
    for name, array in parts.items():
        moved = np.take_along_axis(array.reshape(logits.shape), order, axis=1)
        moved[able, kept:] = 0 if name.endswith((".m", ".v")) else moved[able, kept - 1 : kept]
        out[name] = moved.reshape(array.shape)
    return pins, out
