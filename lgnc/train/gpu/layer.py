"""A dense layer as the Triton kernels hold it on the device: logits, moments, choices, slopes, the reversed wiring."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lgnc.train.gpu.arguments import Gates
from lgnc.train.network import LayerStart


def reversed_wiring(candidates: Tensor, nodes: int) -> tuple[Tensor, Tensor, Tensor]:
    """(start, degree, slots), int32: node i is candidate f % k of pin f // k for f in slots[start[i]:][:degree[i]].

    candidates: int32[pins, k] of node numbers. Slots of a node ascend.
    """
    ordered, slots = torch.sort(candidates.reshape(-1), stable=True)
    bounds = torch.searchsorted(ordered, torch.arange(nodes + 1, dtype=ordered.dtype, device=ordered.device))
    return bounds[:-1].to(torch.int32), bounds.diff().to(torch.int32), slots.to(torch.int32)


class DeviceGates:
    """The gates of a layer, those of a convolution's kernels among them.

    z, m, v: float32[width, 16]. op: int32[width]. coef: float32[width, 4], see `table_slopes`.
    """

    def __init__(self, gate_logits: NDArray[Any], device: torch.device) -> None:
        self.width = len(gate_logits)
        self.z = torch.from_numpy(np.array(gate_logits, np.float32)).to(device)
        self.m, self.v = torch.zeros_like(self.z), torch.zeros_like(self.z)
        self.op = torch.zeros(self.width, dtype=torch.int32, device=device)
        self.coef = torch.zeros(self.width, 4, device=device)
        self.part = torch.zeros(0, device=device)

    def gates(self) -> Gates:
        """As kernels take them. The engine sets `part`."""
        return Gates(self.z, self.m, self.v, self.op, self.coef, self.part)

    def parameters(self) -> dict[str, tuple[Tensor, Tensor, Tensor]]:
        """Logits and Adam's two moments, by kind."""
        return {"gate": (self.z, self.m, self.v)}

    def to_numpy(self, kind: str, tensor: Tensor) -> NDArray[Any]:  # noqa: ARG002
        """A copy in the order of the `Network`: [width, 16], or [2, width, k] for wiring."""
        return np.array(tensor.cpu().numpy(), order="C")

    def fill(self, kind: str, tensor: Tensor, array: NDArray[Any]) -> None:  # noqa: ARG002
        """The inverse of `to_numpy`, in place."""
        tensor.copy_(torch.from_numpy(np.array(array, np.float32)))


class DeviceLayer(DeviceGates):
    """Pins are numbered 2 * neuron + (0 for a, 1 for b); a wiring array's first axis is the pin.

    candidates: int32[pins, k]. wz, wm, wv: float32[pins, k] (one element each when the wiring is fixed). src, pick:
    int32[pins], the source of each pin and its candidate. edges: the fan-out of the nodes below, None for the encoder's
    bits.
    """

    def __init__(self, layer: LayerStart, below: int | None, device: torch.device) -> None:
        super().__init__(layer.gate_logits, device)
        self.k = int(layer.candidates.shape[2])
        self.kp = max(2, 1 << (self.k - 1).bit_length())
        if self.k > 1 and layer.wiring_logits is None:
            raise ValueError("several candidates a pin need wiring logits")
        pins = 2 * self.width
        self.candidates = torch.from_numpy(by_pin(np.array(layer.candidates, np.int32))).to(device)
        wiring = np.zeros((1, 1), np.float32) if layer.wiring_logits is None else by_pin(layer.wiring_logits)
        self.wz = torch.from_numpy(wiring).to(device)
        self.wm, self.wv = torch.zeros_like(self.wz), torch.zeros_like(self.wz)
        self.pick = torch.zeros(pins, dtype=torch.int32, device=device)
        self.src = self.candidates[:, 0].clone()
        self.edges = None if below is None else Edges(self, below)

    @property
    def learned(self) -> bool:
        return self.k > 1

    def parameters(self) -> dict[str, tuple[Tensor, Tensor, Tensor]]:
        """See `DeviceGates`."""
        kinds = super().parameters()
        if self.learned:
            kinds["wiring"] = (self.wz, self.wm, self.wv)
        return kinds

    def to_numpy(self, kind: str, tensor: Tensor) -> NDArray[Any]:
        """See `DeviceGates`."""
        array = super().to_numpy(kind, tensor)
        if kind == "wiring":
            array = np.ascontiguousarray(array.reshape(self.width, 2, self.k).transpose(1, 0, 2))
        return array

    def fill(self, kind: str, tensor: Tensor, array: NDArray[Any]) -> None:
        """See `DeviceGates`."""
        super().fill(kind, tensor, by_pin(array) if kind == "wiring" else array)


class Edges:
    """Who reads each of the `nodes` below a layer. Static for fixed wiring; else `edges_kernel` fills it each step."""

    def __init__(self, layer: DeviceLayer, nodes: int) -> None:
        self.nodes = nodes
        self.start, self.degree, self.slots = reversed_wiring(layer.candidates, nodes)
        if layer.learned:
            self.count = torch.zeros_like(self.degree)
            self.edge, self.other = torch.zeros_like(self.slots), torch.zeros_like(self.slots)
        else:
            self.count, self.edge = self.degree, self.slots
            self.other = layer.src[(self.edge ^ 1).to(torch.int64)].contiguous()


def by_pin(array: NDArray[Any]) -> NDArray[Any]:
    """[2 * width, k] of [2, width, k]: pins of a neuron side by side."""
    return np.ascontiguousarray(array.transpose(1, 0, 2)).reshape(-1, array.shape[2])
