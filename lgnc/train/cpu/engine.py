"""The packed CPU engine: 64 samples a word (hard methods) or a row of floats (soft ones), numba kernels on every core.

A step has three parts, each shared out between threads: `prepare` (blocks of neurons), `train_chunks` (chunks of 64
samples) and the updates (blocks of neurons). What is summed over chunks is summed by group of chunks and then over
groups, in an order that depends on the batch alone: the result does not depend on the number of threads.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.train.cpu.backward import AHEAD
from lgnc.train.cpu.batch import Space, Wires, count_chunks, train_chunks
from lgnc.train.cpu.blocks import find_blocks
from lgnc.train.cpu.front import make_front, reread
from lgnc.train.cpu.front_batch import Readers, Trees, front_count_chunks, front_train_chunks, make_trees
from lgnc.train.cpu.jit import default_threads
from lgnc.train.cpu.layout import (
    FIRST,
    PADDED,
    PINS,
    SLOTS,
    WIDTH,
    WIRING,
    K,
    first_fanin,
    from_blocks,
    make_plan,
    to_blocks,
    zeros,
)
from lgnc.train.cpu.shared import share_sums
from lgnc.train.cpu.soft import SoftSpace, soft_count_chunks, soft_train_chunks
from lgnc.train.cpu.threads import Team
from lgnc.train.cpu.update import prepare, update_gates
from lgnc.train.cpu.wiring import BROKEN, CHANGED, consumers, readers, rewire, update_wiring
from lgnc.train.network import (
    POOL_GRADIENTS,
    Estimator,
    Float32,
    LayerLogits,
    Network,
    Rows,
    cage_temperature,
    class_scores,
)

_GROUPS = 16
"""At most so many sums over chunks are kept apart: the most threads that can share a batch."""

_MOMENTS = ("", ".m", ".v")


class PackedEngine:
    """An `Engine` on rows of bits, for every method; with convolutions, for hard ones.

    threads: at most so many; None for `default_threads`.
    """

    name = "packed"

    def __init__(self, network: Network, estimator: Estimator, seed: int, threads: int | None = None) -> None:
        self.network, self.estimator, self.seed = network, estimator, seed
        self._team = Team(threads or default_threads())
        self.steps, self._c_ema = 0, 1 / 16
        self._front = make_front(network)
        self._plan = plan = make_plan(network, self._front)
        slots, blocks = plan.slots, len(plan.live)
        self._rows = np.concatenate([plan.shared, plan.layers])
        """A row of the plan for each layer that has logits, the front's first."""
        self._pins = np.concatenate([plan.leaves, plan.layers])
        """The same for its learned pins: a neuron has two, a leaf of the front is one."""
        halves = np.repeat([1, 2], [len(plan.leaves), len(plan.layers)]) * (self._pins[:, PADDED] > 0)
        pins, wiring = (int((self._pins[:, SLOTS] * halves * each).sum()) for each in (1, self._pins[:, K]))
        self._gate = [zeros(16 * slots, np.float32) for _ in _MOMENTS]
        self._wiring = [zeros(wiring, np.float32) for _ in _MOMENTS]
        self._noisy = zeros(16 * slots if estimator.noisy else 0, np.float32)
        self._op, self._noisy_op = np.zeros(slots, np.int32), np.zeros(slots if estimator.noisy else 0, np.int32)
        self._best = np.zeros(pins, np.int32)
        self._confidence = np.zeros(blocks, np.float32)
        self._chosen = np.zeros(2 * int((plan.leaves[:, SLOTS] * (plan.leaves[:, PADDED] > 0)).sum()), np.int32)
        """The candidate that each learned leaf reads, laid out as the fan-in of neurons is."""
        edges = 4 * sum(layer.width for layer in network.layers[1:])
        self._home = np.zeros(slots, np.int32)
        for row in plan.layers:
            self._home[row[FIRST] : row[FIRST] + row[WIDTH]] = np.arange(row[WIDTH])
        self._readers = self._make_readers()
        self._wires = Wires(
            first_fanin(network, plan),
            zeros(edges + 2 * AHEAD, np.int32),
            np.zeros(slots + 1, np.int64),
            zeros(4 * slots, np.float32),
            zeros(slots, np.float32),
        )
        self._mixed = self._wires
        """The wires of a soft method's forward pass: with CAGE they have slopes and floors of their own."""
        if estimator.cage and not estimator.hard:
            self._mixed = self._wires._replace(slopes=zeros(4 * slots, np.float32), floors=zeros(slots, np.float32))
        self._spaces: dict[bool, list[Any]] = {False: [], True: []}
        self._sums = [np.zeros((0, size), np.float32) for size in (4 * slots, len(plan.candidates))]
        self._trees: list[Trees] = []
        starts: list[Any] = [*network.front, *network.layers]
        self._rates_of = np.array([each.lr for each in starts])
        self._set_logits("", [each.gate_logits for each in starts], [each.wiring_logits for each in starts])
        self._settle()

    def _make_readers(self) -> Readers | None:
        if self._front is None:
            return None
        blocks = find_blocks(self.network)
        for row, cuts in zip(self._plan.layers, blocks.cuts, strict=False):
            neurons = np.arange(row[WIDTH])
            start = cuts[np.searchsorted(cuts, neurons, side="right") - 1]
            self._home[row[FIRST] : row[FIRST] + row[WIDTH]] = neurons - start
        edges = zeros(4 * self.network.layers[0].width + 2 * AHEAD, np.int32)
        return Readers(blocks.order, blocks.cuts, blocks.nodes, edges, np.zeros(self._front.flat + 1, np.int64))

    def _workspaces(self, count: int, soft: bool) -> list[Any]:
        plan, runs, inputs = self._plan, self.network.runs, self.network.inputs
        stored = len(plan.layers) > 2 or self._front is not None
        rows = 64 * (runs + (2 * int(plan.layers[:, SLOTS].max()) if stored else 0))
        made = self._spaces[soft]
        while len(made) < count:
            gradients = zeros(rows, np.float32)
            if soft:
                acts, values = zeros(inputs, np.uint64), zeros(64 * (inputs + plan.slots), np.float32)
                made.append(SoftSpace(acts, values, gradients, zeros(64 * runs, np.float32)))
            else:
                acts, pairs = zeros(plan.origin + plan.slots, np.uint64), zeros(2 * plan.slots, np.uint64)
                made.append(Space(acts, pairs, gradients, zeros(64 * runs, np.int32)))
        while self._front is not None and len(self._trees) < count:
            self._trees.append(make_trees(self._front))
        return made[:count]

    # --- Training. ---

    @property
    def c_ema(self) -> float:
        return self._c_ema

    @property
    def tau_b(self) -> float:
        return cage_temperature(self.estimator, self._c_ema)

    def _keys(self, stream: int) -> NDArray[np.int32]:
        return np.random.SeedSequence([self.seed, stream, self.steps]).generate_state(2, np.uint32).view(np.int32)

    def _prepare(self, stream: int, wires: Wires, tau: float) -> None:
        """The slopes and floors of `wires` at the gate temperature tau, and the noise of a stream."""
        over_tau, keys = np.float32(1 / tau), self._keys(stream)
        fixed = (self._gate[0], over_tau, wires.slopes, wires.floors, self._noisy_op, self._noisy, keys)
        self._team.run(prepare, ((*cut, *fixed) for cut in self._team.cuts(len(self._plan.live))))

    def gradient_sums(self, rows: Rows, y: NDArray[np.int64]) -> tuple[float, list[Float32]]:
        """The passes of a step: the mean loss, and what the update needs of the gradients of it.

        float32[groups, slots * 4], a group's sums over each neuron's table; float32[groups, len(candidates)], those
        over each learned pin's candidates. Both are overwritten by the next call.
        """
        if len(y) != len(rows) or not len(y) or y.min() < 0 or y.max() >= self.network.classes:
            raise ValueError(f"{len(rows)} rows need as many labels from 0 to {self.network.classes - 1}")
        chunks = -(-len(rows) // 64)
        groups = min(chunks, _GROUPS)
        if len(self._sums[0]) != groups:
            sizes = [each.shape[1] for each in self._sums]
            self._sums = [zeros(groups * size, np.float32).reshape(groups, size) for size in sizes]
        losses, labels = np.zeros(chunks), np.ascontiguousarray(y, np.int64)
        samples, workers = self._samples(rows), min(self._team.active, groups)
        hard = self.estimator.hard
        train: Any = train_chunks if hard else soft_train_chunks
        op = self._noisy_op if self.estimator.noisy else self._op
        wires: Any = (self._wires, op) if hard else (self._mixed, self._wires)

        inputs, tau = self.network.inputs, self.network.tau
        rule = POOL_GRADIENTS.index(self.estimator.pool_gradient)

        def work(worker: int, space: Any) -> None:
            for group in range(worker, groups, workers):
                sums = (self._sums[0][group], self._sums[1][group])
                if self._front is None:
                    train(group, groups, self._plan, *wires, space, samples, labels, inputs, tau, *sums, losses)
                    continue
                net: list[Any] = [self._plan, self._front, self._readers, *wires, space, self._trees[worker]]
                front_train_chunks(*[group, groups, *net, samples, labels, inputs, tau, rule, *sums, losses])

        self._team.run(work, enumerate(self._workspaces(workers, not hard)))
        return float(losses.sum()) / len(rows), self._sums

    def _samples(self, rows: Rows) -> Rows:
        if rows.ndim != 2 or rows.dtype != np.uint64 or rows.shape[1] != -(-self.network.inputs // 64):
            raise ValueError(f"rows are uint64[n, {-(-self.network.inputs // 64)}], not {rows.dtype}{list(rows.shape)}")
        return np.ascontiguousarray(rows)

    def _rates(self, lr: float) -> Float32:
        e, t = self.estimator, self.steps
        values = [
            e.beta1,
            e.beta2,
            lr / (1 - e.beta1**t),
            1 / math.sqrt(1 - e.beta2**t),
            e.epsilon,
            1 - lr * e.weight_decay,
        ]
        return np.array(values, np.float32)

    def step(self, rows: Rows, y: NDArray[np.int64], lr: float) -> float:
        """See `Engine.step`."""
        start = time.perf_counter()
        beta = self.estimator.cage_beta
        self._c_ema = beta * self._c_ema + (1 - beta) * self._c()
        self._prepare(0, self._wires, self.tau_b)
        if self._mixed is not self._wires:
            self._prepare(0, self._mixed, self.estimator.temperature)
        loss, sums = self.gradient_sums(rows, y)
        share_sums(self.network, self._plan, *sums)
        self.steps += 1
        self._update_gates(lr, sums[0])
        finite = self._update_wiring(lr, sums[1])
        if not np.isfinite(self._c()) or not finite:
            raise FloatingPointError(f"a logit is not finite after step {self.steps}")
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss} in step {self.steps}")
        self._team.pace(time.perf_counter() - start)
        return loss

    def _update_gates(self, lr: float, sums: Float32) -> None:
        """Gate logits by one step, and the gates and confidence after it; layers of one rate at once."""
        over_tau, live = np.float32(1 / self.tau_b), self._plan.live
        ends = np.cumsum(self._rows[:, SLOTS]) // 16
        runs = np.flatnonzero(np.diff(self._rates_of, append=np.nan) != 0)
        start = 0
        for run in runs:
            rates, end = self._rates(lr * self._rates_of[run]), int(ends[run])
            fixed = (*self._gate, self._noisy, over_tau, sums, live, rates, self._op, self._confidence)
            cuts = self._team.cuts(end - start)
            self._team.run(update_gates, ((start + first, start + last, *fixed) for first, last in cuts))
            start = end

    def _update_wiring(self, lr: float, sums: Float32) -> bool:
        """Wiring logits by one step, and the wiring after them. False where a logit is not finite."""
        over_tau, finite, convs = np.float32(1 / self.estimator.wiring_temperature), True, len(self.network.front)
        changed = False
        for index, row in enumerate(self._pins):
            if not row[PADDED]:
                continue
            fixed = (row, *self._wiring, over_tau, sums, self._rates(lr * self._rates_of[index]))
            rest = (self._best, self._plan.candidates, self._chosen if index < convs else self._wires.fanin)
            blocks = int(row[SLOTS]) // (16 if index < convs else 8)
            flags = 0
            for found in self._team.run(update_wiring, [(*cut, *fixed, *rest) for cut in self._team.cuts(blocks)]):
                flags |= found
            finite &= not flags & BROKEN
            if flags & CHANGED and index < convs:
                self._reread(index)
            elif flags & CHANGED:
                changed = True
        if changed:
            self._connect()
        return finite

    def _reread(self, index: int) -> None:
        """Convolution `index` reads what its learned leaves have chosen."""
        assert self._front is not None
        row = self._pins[index]
        reread(self._front, index, self._best[row[PINS] : row[PINS] + row[SLOTS]])

    def _connect(self) -> None:
        wires, plan = self._wires, self._plan
        consumers(plan.layers, wires.fanin, plan.head, plan.origin, self._home, wires.ptr, wires.edges)
        if self._readers is not None:
            args = (plan.layers[0], len(plan.layers) == 1, wires.fanin, plan.head, plan.nodes, self._home)
            readers(*args, self._readers.ptr, self._readers.edges)

    def _c(self) -> float:
        """CAGE's confidence of the logits as they are."""
        return float(self._confidence.sum(dtype=np.float64)) / self.network.neurons

    # --- Evaluation. ---

    def scores(self, rows: Rows, *, hard: bool) -> Float32:
        """See `Engine.scores`."""
        soft = not (hard or self.estimator.hard)
        noisy = self.estimator.noisy and not hard
        if noisy or soft:
            self._prepare(1, self._mixed, self.estimator.temperature if soft else self.tau_b)
        samples, out = self._samples(rows), np.empty((len(rows), self.network.runs), np.float32)
        workers = max(1, min(self._team.active, -(-len(rows) // 64)))
        wires = (self._mixed,) if soft else (self._wires.fanin, self._noisy_op if noisy else self._op)
        spaces, inputs = self._workspaces(workers, soft), self.network.inputs
        if self._front is not None:
            net = (self._plan, self._front, *wires)
            each = [(*pair, samples, inputs, out) for pair in zip(spaces, self._trees, strict=False)]
            self._team.run(front_count_chunks, ((i, workers, *net, *args) for i, args in enumerate(each)))
            return class_scores(self.network, out)
        parts = ((i, workers, self._plan, *wires, space, samples, inputs, out) for i, space in enumerate(spaces))
        self._team.run(soft_count_chunks if soft else count_chunks, parts)
        return class_scores(self.network, out)

    # --- Logits in and out, in the order of the network. ---

    def _set_logits(self, suffix: str, gates: list[Any], wirings: list[Any]) -> None:
        which = _MOMENTS.index(suffix)
        for row, pins, gate, wiring in zip(self._rows, self._pins, gates, wirings, strict=True):
            first, slots = int(row[FIRST]), int(row[SLOTS])
            self._gate[which][16 * first : 16 * (first + slots)] = to_blocks(np.asarray(gate), slots)
            if pins[PADDED]:
                halves = np.asarray(wiring).reshape(-1, pins[WIDTH], pins[K])
                both = np.concatenate([to_blocks(half, int(pins[SLOTS])) for half in halves])
                self._wiring[which][pins[WIRING] : pins[WIRING] + len(both)] = both

    def _get_logits(self, suffix: str) -> list[LayerLogits]:
        which, out = _MOMENTS.index(suffix), list[LayerLogits]()
        starts: list[Any] = [*self.network.front, *self.network.layers]
        for row, pins, start in zip(self._rows, self._pins, starts, strict=True):
            first, slots = int(row[FIRST]), int(row[SLOTS])
            gate = from_blocks(self._gate[which][16 * first : 16 * (first + slots)], 16, int(row[WIDTH]))
            wiring = None
            if pins[PADDED]:
                shape, k, width = start.wiring_logits.shape, int(pins[K]), int(pins[WIDTH])
                halves = start.wiring_logits.size // (width * k)
                both = self._wiring[which][pins[WIRING] : pins[WIRING] + halves * pins[SLOTS] * k].reshape(halves, -1)
                wiring = np.stack([from_blocks(half, k, width) for half in both]).reshape(shape)
            out.append(LayerLogits(gate, wiring))
        return out

    def _settle(self) -> None:
        """Everything that follows from the logits: gates, wiring, confidence."""
        for index, (row, layer) in enumerate(zip(self._rows, self._get_logits(""), strict=True)):
            first, slots, width, pins = int(row[FIRST]), int(row[SLOTS]), int(row[WIDTH]), self._pins[index]
            self._op[first : first + width] = layer.gate.argmax(axis=1)
            with np.errstate(invalid="ignore"):  # An infinite logit is told by the next step.
                share = np.exp(layer.gate - layer.gate.max(axis=1, keepdims=True))
            most = np.zeros(slots, np.float32)
            most[:width] = 1 / share.sum(axis=1)
            self._confidence[first // 16 : (first + slots) // 16] = most.reshape(-1, 16).sum(axis=1)
            if layer.wiring is not None:
                found = layer.wiring.argmax(axis=2).reshape(-1, pins[WIDTH])
                best = np.zeros((len(found), pins[SLOTS]), np.int32)
                best[:, : pins[WIDTH]] = found
                self._best[pins[PINS] : pins[PINS] + best.size] = best.ravel()
                if index < len(self.network.front):
                    self._chosen[2 * pins[FIRST] : 2 * (pins[FIRST] + pins[SLOTS]) : 2] = best[0]
                    self._reread(index)
        rewire(self._plan.layers, self._plan.candidates, self._best, self._wires.fanin)
        self._connect()

    def logits(self) -> list[LayerLogits]:
        """See `Engine.logits`."""
        return self._get_logits("")

    def noisy_logits(self) -> list[Float32] | None:
        """float32[width, 16] a layer: logits plus noise of the last pass, or None for a method without noise."""
        if not self.estimator.noisy:
            return None
        cut = [(16 * int(row[FIRST]), 16 * int(row[FIRST] + row[SLOTS]), int(row[WIDTH])) for row in self._rows]
        return [from_blocks(self._noisy[first:last], 16, width) for first, last, width in cut]

    def state(self) -> dict[str, NDArray[Any]]:
        """See `Engine.state`."""
        out: dict[str, NDArray[Any]] = {"steps": np.array([self.steps]), "c_ema": np.array([self._c_ema])}
        out["confidence"] = self._confidence.copy()
        for suffix in _MOMENTS:
            for index, layer in enumerate(self._get_logits(suffix)):
                out[f"gate.{index}{suffix}"] = layer.gate
                if layer.wiring is not None:
                    out[f"wiring.{index}{suffix}"] = layer.wiring
        return out

    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """See `Engine.load_state`."""
        self.steps, self._c_ema = int(state["steps"][0]), float(state["c_ema"][0])
        layers = range(len(self._rows))
        for suffix in _MOMENTS:
            gates = [state[f"gate.{index}{suffix}"] for index in layers]
            self._set_logits(suffix, gates, [state.get(f"wiring.{index}{suffix}") for index in layers])
        self._settle()
        if "confidence" in state:  # Another engine's state has none: then it is the one of the logits, to rounding.
            self._confidence[:] = state["confidence"]
