"""One training step on a CPU: the packed engine, a good plain-PyTorch autograd.Function, and torchlogix.

    python benchmarks/cpu_training.py [--layers 6] [--width 8000] [--batch 128] [--rounds 3] [--out FILE.json]

The same work for each: random bits through `layers` x `width` two-input gates with fixed random wiring, GroupSum over
10 classes, cross-entropy, the straight-through gradient of 16 logits a neuron, Adam. Each engine runs in a process of
its own, alternating, and counts its own CPU seconds (all threads); the least of the rounds is kept, so that other load
on the machine disturbs little. Peak memory is above a step of a tiny network, when libraries and kernels are loaded.
torchlogix is installed into an environment of its own, which borrows torch and numpy from this interpreter.

Runs on Linux, where lgnc[train] is installed. Writes the figures as JSON; the last lines say if the targets are met.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

TORCHLOGIX = "torchlogix==0.2.2"
INPUTS, CLASSES, TAU, LR, TEMPERATURE = 784, 10, 28.0, 0.01, 1.0
LEAST_GAIN = {"torchlogix": 40.0, "torch function": 10.0}
MOST_MEMORY = 1 / 5

Step = Callable[[], object]


def packed_step(layers: int, width: int, batch: int, threads: int) -> Step:
    """A step of `lgnc.train.cpu.engine.PackedEngine`, input bits packed as the trainer keeps them."""
    import numpy as np

    from lgnc.train.cpu.engine import PackedEngine
    from lgnc.train.network import Estimator, LayerStart, Network
    from lgnc.train.wiring import random_wiring

    rng = np.random.default_rng(0)
    below = [INPUTS] + [width] * (layers - 1)
    starts = [
        LayerStart(random_wiring(rng, n, width)[:, :, None], rng.standard_normal((width, 16)).astype(np.float32))
        for n in below
    ]
    cuts = (np.arange(CLASSES + 1) * width // CLASSES).astype(np.int32)
    network = Network(INPUTS, tuple(starts), cuts, TAU)
    engine = PackedEngine(network, Estimator("hard-st"), 0, threads=threads)
    bits = np.zeros((batch, -(-INPUTS // 64) * 64), np.bool_)
    bits[:, :INPUTS] = rng.random((batch, INPUTS)) < 0.5
    rows = np.packbits(bits, axis=1, bitorder="little").view("<u8").astype(np.uint64)
    labels = rng.integers(0, CLASSES, batch)
    return lambda: engine.step(rows, labels, LR)


def torch_function_step(layers: int, width: int, batch: int, threads: int) -> Step:
    """A step in plain PyTorch: rows are neurons, hard forward in closed form, backward written by hand, fused Adam."""
    import torch

    torch.set_num_threads(threads)
    gates = torch.tensor([[(k >> (3 - corner)) & 1 for corner in range(4)] for k in range(16)], dtype=torch.float32)

    class Gates(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, h: Any, z: Any, ia: Any, ib: Any) -> Any:
            t = gates[z.argmax(dim=1)].T.unsqueeze(2)
            a, b = h[ia], h[ib]
            ctx.save_for_backward(a, b, z, ia, ib)
            ctx.below = h.shape[0]
            return torch.addcmul(t[0] + (t[2] - t[0]) * a, b, (t[1] - t[0]) + (t[3] - t[2] - t[1] + t[0]) * a)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            g, (a, b, z, ia, ib) = grads[0], ctx.saved_tensors
            p = torch.softmax(z / TEMPERATURE, dim=1)
            t = (p @ gates).T.unsqueeze(2)
            cross, ga, gb = t[3] - t[2] - t[1] + t[0], g * a, g * b
            s, sa, sb, sab = g.sum(1), ga.sum(1), gb.sum(1), torch.linalg.vecdot(ga, b)
            d_p = torch.stack([s - sa - sb + sab, sb - sab, sa - sab, sab], dim=1) @ gates.T
            d_z = p * (d_p - (p * d_p).sum(1, keepdim=True)) / TEMPERATURE
            d_h = None
            if ctx.needs_input_grad[0]:
                d_h = torch.zeros(ctx.below, g.shape[1])
                d_h.index_add_(0, ia, torch.addcmul(g * (t[2] - t[0]), gb, cross))
                d_h.index_add_(0, ib, torch.addcmul(g * (t[1] - t[0]), ga, cross))
            return d_h, d_z, None, None

    torch.manual_seed(0)
    below = [INPUTS] + [width] * (layers - 1)
    wires = [torch.stack([torch.randperm(2 * width)[:width] % n for _ in range(2)]) for n in below]
    logits = [torch.randn(width, 16, requires_grad=True) for _ in range(layers)]
    optimizer = torch.optim.Adam(logits, lr=LR, fused=True)
    x, y = (torch.rand(INPUTS, batch) < 0.5).float(), torch.randint(CLASSES, (batch,))

    def step() -> object:
        h = x
        for z, (ia, ib) in zip(logits, wires, strict=True):
            h = Gates.apply(h, z, ia, ib)  # type: ignore[no-untyped-call]
        loss = torch.nn.functional.cross_entropy(h.view(CLASSES, -1, batch).sum(1).T / TAU, y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return loss.item()

    return step


def torchlogix_step(layers: int, width: int, batch: int, threads: int) -> Step:
    """A step of torchlogix's dense layers: 16 logits, hard forward, soft backward."""
    import torch

    if sys.version_info < (3, 12):  # Its circuit module, of no use here, has 3.12 syntax.
        sys.modules["torchlogix.circuit"] = ModuleType("circuit")
        sys.modules["torchlogix.circuit"].__dict__["Circuit"] = None
    from torchlogix.layers import GroupSum, LogicDense  # type: ignore[import-not-found]

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    options = {"forward_sampling": "hard", "temperature": TEMPERATURE, "weight_init": "random"}
    below = [INPUTS] + [width] * (layers - 1)
    dense = [LogicDense(n, width, parametrization="raw", parametrization_kwargs=options) for n in below]
    model = torch.nn.Sequential(*dense, GroupSum(k=CLASSES, tau=TAU))
    optimizer = torch.optim.Adam(model.parameters(), lr=LR, fused=True)
    x, y = (torch.rand(batch, INPUTS) < 0.5).float(), torch.randint(CLASSES, (batch,))

    def step() -> object:
        loss = torch.nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return loss.item()

    return step


STEPS = {"packed": packed_step, "torch function": torch_function_step, "torchlogix": torchlogix_step}


def worker(engine: str, layers: int, width: int, batch: int, threads: int, seconds: float) -> dict[str, float]:
    """Times steps for about `seconds`: CPU and wall milliseconds a step, and the peak megabytes of memory."""
    tiny = STEPS[engine](2, 400, batch, threads)
    tiny()
    base = memory("VmRSS")
    step = STEPS[engine](layers, width, batch, threads)
    step(), step()
    walls: list[float] = []
    begin, end = time.process_time(), time.perf_counter() + seconds
    while len(walls) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        walls.append(time.perf_counter() - start)
    cpu = (time.process_time() - begin) / len(walls)
    peak = memory("VmHWM")
    wall = sorted(walls)[len(walls) // 2]
    return {"cpu_ms": 1e3 * cpu, "wall_ms": 1e3 * wall, "best_wall_ms": 1e3 * min(walls), "peak_mb": peak - base}


def memory(field: str) -> float:
    """Megabytes of Linux's VmRSS (now; the peak is counted anew from here) or VmHWM (the peak)."""
    if field == "VmRSS":
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


def torchlogix_python(folder: Path) -> Path:
    """An interpreter with torchlogix, and with this one's torch and numpy: made in `folder` at the first call."""
    from lgnc.toolchain import run

    return peer_python(folder, lambda pip: run([*pip, "--no-deps", TORCHLOGIX]))


def peer_python(folder: Path, install: Callable[[list[str | Path]], object]) -> Path:
    """An interpreter with this one's torch and numpy, made in `folder` at the first call; `install` gets its pip."""
    import numpy
    import torch

    from lgnc.toolchain import run

    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        run([sys.executable, "-m", "venv", folder])
        site = next(folder.glob("lib/python*/site-packages"))
        lent = {str(Path(module.__file__ or "").parent.parent) for module in (numpy, torch)}
        install([python, "-m", "pip", "install", "--quiet"])
        (site / "lent.pth").write_text("\n".join(sorted(lent)) + "\n")
        (folder / "installed").touch()
    return python


def measure(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Alternates the engines; of each figure the least over the rounds."""
    from lgnc.toolchain import run

    interpreters = dict.fromkeys(STEPS, Path(sys.executable))
    interpreters["torchlogix"] = torchlogix_python(options.environment)
    size = ["--layers", options.layers, "--width", options.width, "--batch", options.batch]
    found: dict[str, dict[str, float]] = {}
    for _ in range(options.rounds):
        for engine, python in interpreters.items():
            for threads in (1, 2):
                task = ["--worker", engine, "--threads", threads, "--seconds", options.seconds]
                # Compilers and caches of the libraries' own threads are held to the same number.
                env = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
                line = run([python, __file__, *map(str, task + size)], env=env).splitlines()[-1]
                best = found.setdefault(f"{engine}, {threads} thread{'s' * (threads > 1)}", json.loads(line))
                best.update({key: min(value, best[key]) for key, value in json.loads(line).items()})
    return found


def verdicts(found: dict[str, dict[str, float]]) -> list[tuple[str, float, float, bool]]:
    """(what, figure, target, met): ratios against the packed engine, one thread each."""
    ours, rows = found["packed, 1 thread"], []
    for engine, least in LEAST_GAIN.items():
        gain = found[f"{engine}, 1 thread"]["cpu_ms"] / ours["cpu_ms"]
        rows.append((f"CPU time: {engine} / packed, at least", gain, least, gain >= least))
    share = ours["peak_mb"] / found["torchlogix, 1 thread"]["peak_mb"]
    rows.append(("memory: packed / torchlogix, at most", share, MOST_MEMORY, share <= MOST_MEMORY))
    return rows


def main() -> int:
    """Prints the table and writes the JSON; exit code 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("layers", 6), ("width", 8000), ("batch", 128), ("rounds", 3), ("threads", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each engine steps in a round")
    parser.add_argument("--environment", type=Path, default=Path("build/torchlogix"), help="where torchlogix goes")
    parser.add_argument("--out", type=Path, default=Path("build/benchmarks/cpu_training.json"))
    parser.add_argument("--worker", choices=STEPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        size = (options.layers, options.width, options.batch, options.threads, options.seconds)
        print(json.dumps(worker(options.worker, *size)))
        return 0
    options.environment = options.environment.resolve()
    found = measure(options)
    print(f"{INPUTS} -> {options.layers} x {options.width} gates, batch {options.batch}, {os.cpu_count()} cores")
    print(f"{'engine':26} {'CPU ms':>9} {'median ms':>10} {'best ms':>9} {'peak MB':>9}")
    for engine, row in found.items():
        cells = (row["cpu_ms"], row["wall_ms"], row["best_wall_ms"], row["peak_mb"])
        print(f"{engine:26} {cells[0]:9.2f} {cells[1]:10.2f} {cells[2]:9.2f} {cells[3]:9.1f}")
    rows = verdicts(found)
    for what, figure, target, met in rows:
        print(f"{what} {target:g}: {figure:.3g} ({'met' if met else 'MISSED'})")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    result = {
        "layers": options.layers,
        "width": options.width,
        "batch": options.batch,
        "engines": found,
        "targets": [dict(zip(("what", "figure", "target", "met"), row, strict=True)) for row in rows],
    }
    options.out.write_text(json.dumps(result, indent=2) + "\n")
    return 0 if all(met for *_, met in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
