"""LogicTreeNet's steps on a CUDA device: the Triton engine against the PyTorch reference.

usage: python benchmarks/gpu_convolution.py [--presets logictreenet-s,logictreenet-m] [--steps N] [--json FILE]

Random bits for pictures: the time does not depend on them. Prints, and writes, seconds a step (the median of timed
steps, each waited for), and first the largest relative error of any gradient of a small net against the reference's.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lgnc.ir.layers import Conv, Dense, Layer, Pool, Shape
from lgnc.train.engine import TorchEngine
from lgnc.train.front import build_front, cut_front
from lgnc.train.network import Estimator, Float32, LayerStart, Network
from lgnc.train.presets import PRESETS
from lgnc.train.wiring import random_wiring

SMALL: tuple[Layer, ...] = (Conv(8, 3, 3, padding=1), Pool(), Conv(16, 3, 2, padding=1), Pool("and"), Dense(200))
THRESHOLDS = 3


def made_network(layers: tuple[Layer, ...], shape: tuple[int, int, int], tau: float) -> Network:
    """The network of `layers` over pictures with three thresholds a channel, its logits N(0, 1) and far apart."""
    rng = np.random.default_rng(0)
    grid = Shape(shape[2] * THRESHOLDS, shape[0], shape[1])
    convs, widths = cut_front(layers, grid)

    def logits(rng: np.random.Generator, conv: Conv) -> Float32:
        return (4 * rng.normal(size=(conv.kernels * conv.gates, 16))).astype(np.float32)

    front = build_front(convs, grid, rng, logits)
    below, dense = front[-1].above.nodes, []
    for width in widths:
        pins = random_wiring(rng, below, width)[:, :, None]
        dense.append(LayerStart(pins, (4 * rng.normal(size=(width, 16))).astype(np.float32)))
        below = width
    return Network(grid.nodes, tuple(dense), (np.arange(11) * below // 10).astype(np.int32), tau, front)


def batch(network: Network, samples: int = 128) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Random rows and labels."""
    rng = np.random.default_rng(1)
    bits = np.zeros((samples, -(-network.inputs // 64) * 64), np.bool_)
    bits[:, : network.inputs] = rng.integers(0, 2, (samples, network.inputs))
    return np.packbits(bits, axis=1, bitorder="little").view(np.uint64), rng.integers(0, network.classes, samples)


def seconds(engine: Any, network: Network, steps: int) -> float:
    """The median of `steps` steps, after three that compile and warm up."""
    rows, y = batch(network)
    times = []
    for step in range(steps + 3):
        start = time.perf_counter()
        engine.step(rows, y, 0.01)
        if step >= 3:
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def gradient_error(device: str) -> float:
    """The largest relative error of any logits' gradient of a small net, by Adam's first moment after one step."""
    from lgnc.train.gpu.engine import TritonEngine

    network = made_network(SMALL, (16, 16, 1), 2.0)
    engines = TritonEngine(network, Estimator(), 0), TorchEngine(network, Estimator(), 0, device)
    for engine in engines:
        engine.step(*batch(network), 0.01)
    found, want = (engine.state() for engine in engines)
    names = [name for name in want if name.endswith(".m")]
    return max(float(np.linalg.norm(found[name] - want[name]) / np.linalg.norm(want[name])) for name in names)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", default="logictreenet-s,logictreenet-m")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("PyTorch finds no CUDA device: nothing was measured")
        return 3
    from lgnc.train.gpu.engine import TritonEngine

    result: dict[str, Any] = {"device": torch.cuda.get_device_name(), "gradient_error": gradient_error("cuda")}
    print(f"{result['device']}: gradients differ by {result['gradient_error']:.1e}")
    for name in options.presets.split(","):
        preset = PRESETS[name]
        network = made_network(preset.layers, preset.shape, preset.settings["group_tau"])
        triton = seconds(TritonEngine(network, Estimator(), 0), network, options.steps)
        result[name] = {"triton": triton}
        print(f"{name}: {1e3 * triton:.2f} ms a step of 128", flush=True)
        try:
            plain = seconds(TorchEngine(network, Estimator(), 0, "cuda"), network, 3)
        except torch.OutOfMemoryError:
            print(f"{name}: the PyTorch reference needs more memory than the device has", flush=True)
            continue
        result[name] |= {"torch": plain, "ratio": plain / triton}
        print(f"{name}: PyTorch {1e3 * plain:.1f} ms, {plain / triton:.1f} x", flush=True)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
