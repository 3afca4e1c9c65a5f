"""Learned wiring with fresh candidates: after an epoch, those that a pin likes least give way to others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.train.network import Engine, Float32, LayerLogits, LayerStart, Network, Rows

State = dict[str, NDArray[Any]]

_CANDIDATES = "candidates."
"""The state's names for what an engine does not keep in its own: the candidates of each layer."""


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
        layers = enumerate(self.network.layers)
        return self._engine.state() | {f"{_CANDIDATES}{index}": layer.candidates for index, layer in layers}

    def load_state(self, state: State) -> None:
        """See `Engine.load_state`."""
        layers = enumerate(self.network.layers)
        kept = tuple(replace(layer, candidates=state[f"{_CANDIDATES}{index}"]) for index, layer in layers)
        inner = {name: array for name, array in state.items() if not name.startswith(_CANDIDATES)}
        self._become(replace(self.network, layers=kept), inner)


def check_candidates(network: Network, state: State, where: str) -> None:
    """Raise BadInput for a candidate that is no node of the layer below: kernels do not look."""
    below = network.below
    for index, layer in enumerate(network.layers):
        found = state.get(f"{_CANDIDATES}{index}", layer.candidates)
        if found.size and not 0 <= found.min() <= found.max() < below:
            what = f"{_CANDIDATES}{index} holds {found.min()}..{found.max()}, outside 0..{below - 1}"
            raise BadInput(f"is a damaged checkpoint: {what}", where=where, fix="train again without --resume")
        below = layer.width


def redraw_candidates(network: Network, state: State, rng: np.random.Generator) -> tuple[Network, State]:
    """The network and the engine's state with the lower half of every pin's candidates drawn anew.

    A new candidate is one that the pin does not have, from the whole layer below; it starts with the lowest wiring
    logit that the pin keeps, and moments of 0. What a pin reads does not change.
    """
    layers, state, below = [], dict(state), network.below
    for index, layer in enumerate(network.layers, len(network.front)):
        name = f"wiring.{index}"
        if name in state:
            layer, changed = _redraw(layer, {part: state[name + part] for part in ("", ".m", ".v")}, below, rng)
            state |= {name + part: array for part, array in changed.items()}
        layers.append(layer)
        below = layer.width
    return replace(network, layers=tuple(layers)), state


def _redraw(layer: LayerStart, parts: State, below: int, rng: np.random.Generator) -> tuple[LayerStart, State]:
    logits, k = parts[""].reshape(2 * layer.width, -1), layer.candidates.shape[2]
    order = np.argsort(-logits, axis=1, kind="stable")
    kept = (k + 1) // 2
    pins = np.take_along_axis(layer.candidates.reshape(logits.shape), order, axis=1)
    fresh = pins.copy()
    fresh[:, kept:] = rng.integers(0, below, (len(pins), k - kept))
    ordered = np.sort(fresh, axis=1)
    able = (ordered[:, 1:] != ordered[:, :-1]).all(axis=1)  # The others wait for another epoch.
    pins[able] = fresh[able]
    out = {}
    for part, array in parts.items():
        moved = np.take_along_axis(array.reshape(logits.shape), order, axis=1)
        moved[able, kept:] = 0 if part else moved[able, kept - 1 : kept]
        out[part] = moved.reshape(array.shape)
    shape = layer.candidates.shape
    return replace(layer, candidates=pins.reshape(shape).astype(np.int32)), out
