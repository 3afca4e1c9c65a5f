"""The engine for CUDA devices: bit-packed hard training in Triton, a step without a word to the host.

A step is a fixed row of launches (begin, transpose, gates, popcount, loss, one backward kernel a dense layer, up to
four a convolution), captured in a CUDA graph at its second run. Its inputs travel in one copy; the loss and a
finiteness sum come back in another, which `step` waits for; `enqueue` does not.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import torch
import triton
from numpy.typing import NDArray
from torch import Tensor
from triton.runtime import JITFunction

from lgnc.diagnostics import BadInput
from lgnc.train.gpu import backward as triton_backward
from lgnc.train.gpu import bits as triton_bits
from lgnc.train.gpu import update as triton_update
from lgnc.train.gpu.arguments import Above, Adam, Clock, Head, Wiring
from lgnc.train.gpu.batch import Batch
from lgnc.train.gpu.front import DeviceFront
from lgnc.train.gpu.layer import DeviceGates, DeviceLayer
from lgnc.train.network import Estimator, Float32, LayerLogits, Network, Rows, cage_temperature

os.environ.setdefault("TRITON_DEFAULT_FP_FUSION", "1")
"""Triton 3.9 warns at every user's first kernel unless told that fused multiply-adds are meant, as they are here."""
_EVALUATION_BYTES = 1 << 30
"""Bits held at a time while rows are evaluated."""
_CHUNK = 512
"""Neurons a program of the popcount kernel."""
ROWS = 4
"""Neurons per program of the backward kernel, four per warp: up to 5 % quicker on an H200 than 8 or 16."""


def device_for_kernels() -> torch.device:
    """The CUDA device, or the CPU under Triton's interpreter. Raises BadInput where neither is there."""
    if not isinstance(triton_bits.gates_kernel, JITFunction):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise BadInput("needs a CUDA device", where="the triton engine", fix="use --engine auto")
    return torch.device("cuda", torch.cuda.current_device())


def check_network(network: Network) -> None:
    """Raise ValueError for what these kernels would pass over: see `lgnc.train.engines.ENGINES`."""
    rates = [conv.lr for conv in network.front] + [layer.lr for layer in network.layers]
    has = {
        "learned leaves": any(conv.k > 1 for conv in network.front),
        "rates of layers": any(rate != 1 for rate in rates),
        "weights of classes": network.weights is not None,
        "members": network.members > 1,
        "words of gates": any(layer.word > 1 for layer in network.layers),
    }
    if found := [what for what, there in has.items() if there]:
        raise ValueError(f"{found[0]} are not for this engine")


class TritonEngine:
    """See `lgnc.train.network.Engine`. Hard methods on bits only, and no network that `check_network` refuses.

    gradient_dtype: of the gradient rows that pass between layers; sums and updates are float32 in any case. rows:
    neurons a program of the backward kernel, a power of two from 4 on.
    """

    name = "triton"

    def __init__(
        self,
        network: Network,
        estimator: Estimator,
        seed: int,
        gradient_dtype: torch.dtype = torch.float32,
        rows: int = ROWS,
    ) -> None:
        if not estimator.hard:
            raise ValueError(f"'{estimator.method}' has no bits to pack")
        if estimator.pool_gradient != "first":
            raise ValueError(f"pool gradients are by the rule 'first', not '{estimator.pool_gradient}'")
        check_network(network)
        self.network, self.estimator, self.gradient_dtype, self._rows = network, estimator, gradient_dtype, rows
        self.device = device_for_kernels()
        mixed = np.random.SeedSequence([seed, 0x7EA1]).generate_state(1, np.uint64)[0]
        self._seed = int(mixed >> np.uint64(1)) | 1 << 62
        below = [network.below if network.front else None, *(layer.width for layer in network.layers[:-1])]
        self._front = DeviceFront(network, self.device, rows)
        self._layers = [DeviceLayer(*pair, self.device) for pair in zip(network.layers, below, strict=True)]
        self._all: list[DeviceGates] = [*self._front.convs, *self._layers]
        """All that has logits, from the bits up."""
        starts = np.array(network.head_starts, np.int32)
        self._starts = torch.from_numpy(starts).to(self.device)
        labels = np.repeat(np.arange(network.classes, dtype=np.int32), np.diff(starts))
        self._class_of = torch.from_numpy(labels).to(self.device)
        self._largest = int(np.diff(starts).max())
        self._adam = Adam(estimator.beta1, estimator.beta2, estimator.epsilon)
        self._neurons = sum(layer.width for layer in self._all)
        e = estimator
        hyper = [e.cage_beta, e.tau_max, e.tau_min, e.temperature, e.beta1, e.beta2, e.weight_decay]
        self._hyper = torch.tensor(hyper, dtype=torch.float64, device=self.device)
        self._state = torch.zeros(4, dtype=torch.float64, device=self.device)
        self._now = torch.ones(4, device=self.device)
        self._step = torch.zeros(1, dtype=torch.int64, device=self.device)
        self._result = torch.zeros(2, dtype=torch.float64, device=self.device)
        parts = [-(-layer.width // rows) for layer in self._all]
        self._parts = torch.zeros(sum(parts), device=self.device)
        for layer, part in zip(self._all, torch.split(self._parts, parts), strict=True):
            layer.part = part
        self._batch: Batch | None = None
        self._set_counters(0, 1 / 16)
        self._refresh()

    @property
    def steps(self) -> int:
        """Steps done (waits for the device)."""
        return int(self._step.item())

    @property
    def c_ema(self) -> float:
        return float(self._state[0].item())

    @property
    def tau_b(self) -> float:
        return cage_temperature(self.estimator, self.c_ema)

    def _set_counters(self, steps: int, c_ema: float) -> None:
        e = self.estimator
        counters = [c_ema, cage_temperature(e, c_ema), e.beta1**steps, e.beta2**steps]
        self._state.copy_(torch.tensor(counters, dtype=torch.float64))
        self._step.fill_(steps)

    def _refresh(self) -> None:
        """Gates, pins, edges and confidence from the logits as they are."""
        for index, each in enumerate(self._all):
            self._choose(index, each.op, each.part, 0, noise=self.estimator.noisy)
        for layer in self._layers:
            if layer.learned:
                pins = 2 * layer.width
                part = torch.zeros(triton.cdiv(pins, 16), device=self.device)
                triton_update.choose_pins_kernel[(len(part),)](
                    layer.wz, layer.candidates, layer.pick, layer.src, part, pins, layer.k, layer.kp, 16
                )
        self._link()
        torch.sum(self._parts, 0, dtype=torch.float64, out=self._result[1])

    def _choose(self, index: int, op: Tensor, part: Tensor, stream: int, *, noise: bool) -> None:
        layer = self._all[index]
        if layer.width:
            triton_update.choose_kernel[(len(part),)](
                layer.z, op, part, self._step, layer.width, self._seed, 2 * index + stream, noise, self._rows
            )

    def _link(self) -> None:
        """The edges of learned wiring, from the chosen candidates."""
        for layer in self._layers:
            edges = layer.edges
            if layer.learned and edges is not None:
                triton_update.edges_kernel[(triton.cdiv(edges.nodes, 8),)](
                    edges.start, edges.degree, edges.slots, layer.pick, layer.src, edges.count, edges.edge, edges.other,
                    edges.nodes, layer.k, 8, 32,
                )  # fmt: skip

    def _forward(self, batch: Batch, ops: list[Tensor]) -> None:
        words = batch.words
        inputs = self.network.inputs
        triton_bits.transpose_kernel[(triton.cdiv(inputs, 32), words)](
            batch.rows, batch.inputs, batch.samples, inputs, batch.row_words, words, num_warps=1
        )
        convs = len(self._front.convs)
        if batch.front is not None:
            self._front.forward(batch.inputs, batch.front, ops[:convs], words)
        cols = min(32, triton.next_power_of_2(words))
        rows = 512 // cols
        for index, (layer, op) in enumerate(zip(self._layers, ops[convs:], strict=True)):
            triton_bits.gates_kernel[(triton.cdiv(layer.width, rows), triton.cdiv(words, cols))](
                batch.bits[index], batch.bits[index + 1], op, layer.src, layer.width, words, rows, cols
            )
        batch.scores.zero_()
        grid = (triton.cdiv(self._largest, _CHUNK), words // 4, self.network.classes)
        triton_bits.popcount_kernel[grid](batch.bits[-1], self._starts, batch.scores, words, _CHUNK, 32)

    def _launch(self, batch: Batch) -> None:
        """One training step on what `batch` received."""
        triton_update.begin_kernel[(1,)](
            self._state, self._now, self._step, self._result[1:], batch.lr, self._hyper, self._neurons,
            self.estimator.cage,
        )  # fmt: skip
        self._forward(batch, [layer.op for layer in self._all])
        triton_bits.loss_kernel[(len(batch.losses),)](
            batch.scores, batch.y, batch.head_grad, batch.losses, batch.samples, self.network.classes,
            self.network.tau, 32 * batch.words, batch.columns, batch.class_block,
        )  # fmt: skip
        for index in reversed(range(len(self._layers))):
            self._backward(batch, index)
        self._front_backward(batch)
        self._link()
        torch.sum(batch.losses, 0, dtype=torch.float64, out=self._result[0])
        torch.sum(self._parts, 0, dtype=torch.float64, out=self._result[1])

    def _backward(self, batch: Batch, index: int) -> None:
        """One dense layer's gradients and update; gradient rows of layer l live in buffer l % 2."""
        layer, e, last = self._layers[index], self.estimator, len(self._layers) - 1
        top, up_top = index == last, index + 1 == last
        above = self._above(batch, index + 1)
        grads = batch.grads or [batch.head_grad]
        stored = index < last and (index > 0 or batch.front is not None)
        triton_backward.backward_kernel[(len(layer.part),)](
            layer.width, self._clock(2 * (len(self._front.convs) + index)), layer.gates(),
            Wiring(layer.src, layer.wz, layer.wm, layer.wv, layer.candidates, layer.pick, e.wiring_temperature),
            batch.bits[index], batch.bits[index + 1], grads[index % len(grads)],
            Head(self._class_of, batch.head_grad), above,
            WORDS=batch.words, TOP=top, UP_TOP=up_top, STORE=stored, NOISE=e.noisy,
            K=layer.k, KP=layer.kp, ROWS=self._rows, ADAM=self._adam, num_warps=self._rows // 4,
        )  # fmt: skip

    def _above(self, batch: Batch, index: int) -> Above:
        """Dense layer `index` as the one below it sees it; what nobody reads where there is none."""
        layer = self._layers[min(index, len(self._layers) - 1)]
        grads = batch.grads or [batch.head_grad]
        grad = batch.head_grad if index + 1 >= len(self._layers) else grads[index % len(grads)]
        edges = layer.edges
        if edges is None or index == len(self._layers):
            return Above(layer.src, layer.src, layer.src, layer.src, layer.coef, grad)
        return Above(edges.start, edges.count, edges.edge, edges.other, layer.coef, grad)

    def _front_backward(self, batch: Batch) -> None:
        """Gradients and updates of the convolutions."""
        if batch.front is not None:
            head, above, words = Head(self._class_of, batch.head_grad), self._above(batch, 0), batch.words
            self._front.gather(batch.front, head, above, words, up_top=len(self._layers) == 1)
            self._front.backward(
                batch.inputs, batch.front, self._clock, words, self._adam, noise=self.estimator.noisy
            )  # fmt: skip

    def _clock(self, stream: int) -> Clock:
        return Clock(self._now, self._step, self._seed, stream)

    def load(self, rows: Rows, y: NDArray[np.int64], lr: float) -> None:
        """Put a batch and a learning rate on the device for the following `enqueue`s; its size picks the buffers."""
        if self._batch is None or self._batch.samples != len(rows):
            self._batch = None
            self._batch = Batch(len(rows), self.network, self._front, self.device, self.gradient_dtype)
        self._batch.load(rows, y, lr)

    def enqueue(self) -> None:
        """Start a step on the batch that was loaded last; does not wait for it."""
        batch = self._batch
        if batch is None:
            raise ValueError("no batch was loaded")
        if self.device.type != "cuda" or not batch.warm:
            self._launch(batch)
            batch.warm = True
            return
        if batch.graph is None:
            batch.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(batch.graph):
                self._launch(batch)
        batch.graph.replay()

    def step(self, rows: Rows, y: NDArray[np.int64], lr: float) -> float:
        """See `Engine.step`."""
        self.load(rows, y, lr)
        self.enqueue()
        loss, sure = self._result.tolist()
        if not math.isfinite(sure):
            raise FloatingPointError(f"logits are not finite after step {self.steps}")
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss} in step {self.steps}")
        return float(loss)

    def scores(self, rows: Rows, *, hard: bool) -> Float32:
        """See `Engine.scores`."""
        noise = self.estimator.noisy and not hard
        ops = [torch.zeros_like(layer.op) for layer in self._all]
        for index, op in enumerate(ops):
            self._choose(index, op, torch.zeros_like(self._all[index].part), 1, noise=noise)
        nodes = self.network.inputs + sum(layer.width for layer in self._layers) + self._front.rows_of_bits
        block = max(128, min(8192, 8 * _EVALUATION_BYTES // nodes // 128 * 128))
        batch = Batch(max(1, min(block, len(rows))), self.network, self._front, self.device, None)
        out = np.empty((len(rows), self.network.classes), np.float32)
        for first in range(0, len(rows), batch.samples):
            part = rows[first : first + batch.samples]
            batch.load(np.pad(part, ((0, batch.samples - len(part)), (0, 0))), None, 0.0)
            self._forward(batch, ops)
            found = batch.scores.view(self.network.classes, -1, 32, 4).transpose(2, 3)
            out[first : first + len(part)] = found.reshape(self.network.classes, -1)[:, : len(part)].cpu().numpy().T
        return out

    def logits(self) -> list[LayerLogits]:
        """See `Engine.logits`."""
        named = [
            {kind: layer.to_numpy(kind, z) for kind, (z, _, _) in layer.parameters().items()} for layer in self._all
        ]
        return [LayerLogits(each["gate"], each.get("wiring")) for each in named]

    def state(self) -> dict[str, NDArray[Any]]:
        """See `Engine.state`: the same names as those of `TorchEngine`."""
        out: dict[str, NDArray[Any]] = {"steps": np.array([self.steps]), "c_ema": np.array([self.c_ema])}
        for index, layer in enumerate(self._all):
            for kind, tensors in layer.parameters().items():
                for suffix, tensor in zip(("", ".m", ".v"), tensors, strict=True):
                    out[f"{kind}.{index}{suffix}"] = layer.to_numpy(kind, tensor)
        return out

    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """See `Engine.load_state`."""
        for index, layer in enumerate(self._all):
            for kind, tensors in layer.parameters().items():
                for suffix, tensor in zip(("", ".m", ".v"), tensors, strict=True):
                    layer.fill(kind, tensor, state[f"{kind}.{index}{suffix}"])
        self._set_counters(int(state["steps"][0]), float(state["c_ema"][0]))
        self._refresh()
