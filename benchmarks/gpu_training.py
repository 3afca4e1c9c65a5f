"""Training on a GPU: gradients checked, then step times against plain PyTorch, torch.compile and the bandwidth floor.

usage: python benchmarks/gpu_training.py [--nets 6x8000,6x64000,5x1000000] [--batches 128,1024] [--json FILE]

Runs from a checkout with torch, triton and numpy, nothing else installed. Without a CUDA device it says so and ends
with exit code 3; `--cpu`, under TRITON_INTERPRET=1, runs small nets there, for what that is worth (no figures).
Exit code 1: a gradient is off by more than 1e-4 of its norm.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import numpy as np  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

INPUTS, CLASSES, TOLERANCE = 784, 10, 1e-4


def make_network(layers: int, width: int, k: int = 1, seed: int = 0) -> Any:
    """Random logits and even random wiring, 784 inputs, ten classes."""
    from lgnc.train.network import LayerStart, Network
    from lgnc.train.wiring import candidate_wiring, random_wiring

    rng = np.random.default_rng(seed)
    made, below = [], INPUTS
    for _ in range(layers):
        wired = random_wiring(rng, below, width)[:, :, None] if k == 1 else candidate_wiring(rng, below, width, k)
        pins = rng.standard_normal(wired.shape, np.float32) if k > 1 else None
        made.append(LayerStart(wired, rng.standard_normal((width, 16), np.float32), pins))
        below = width
    return Network(INPUTS, tuple(made), np.linspace(0, width, CLASSES + 1).astype(np.int32), 10.0)


def make_batch(samples: int, seed: int = 1) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.bool_]]:
    """(packed rows, labels, the same bits unpacked, bool[samples, inputs])."""
    rng = np.random.default_rng(seed)
    bits = np.zeros((samples, -(-INPUTS // 64) * 64), np.bool_)
    bits[:, :INPUTS] = rng.integers(0, 2, (samples, INPUTS))
    rows = np.packbits(bits, axis=1, bitorder="little").view(np.uint64)
    return rows, rng.integers(0, CLASSES, samples), bits[:, :INPUTS]


def gradient_error(layers: int, width: int, samples: int, k: int, dtype: torch.dtype, device: torch.device) -> float:
    """The largest relative error of a logit array's gradient, against float64 autograd."""
    from gpu_plain import autograd_gradients

    from lgnc.train.gpu.engine import TritonEngine
    from lgnc.train.network import Estimator

    network = make_network(layers, width, k, seed=3)
    estimator = Estimator("hard-st", cage=False, temperature=1.3, wiring_temperature=0.8)
    rows, y, bits = make_batch(samples, 4)
    engine = TritonEngine(network, estimator, 0, dtype)
    engine.step(rows, y, 0.01)
    state = engine.state()
    x = torch.from_numpy(bits.T.copy()).to(device, torch.float64)
    expected = autograd_gradients(network, 0.8, x, torch.from_numpy(y).to(device), 1.3)
    worst = 0.0
    for index, pair in enumerate(expected):
        for kind, gradient in zip(("gate", "wiring"), pair, strict=True):
            if gradient is not None:
                truth = gradient.cpu().numpy()
                found = state[f"{kind}.{index}.m"] / (1 - estimator.beta1)
                worst = max(worst, float(np.linalg.norm(found - truth) / np.linalg.norm(truth)))
    return worst


def milliseconds(step: Callable[[], Any], device: torch.device, budget: float) -> float:
    """The median time of a step on the device, in runs that together take about `budget` seconds."""
    for _ in range(3):
        step()
    if device.type != "cuda":
        started = time.perf_counter()
        step()
        return 1e3 * (time.perf_counter() - started)

    def run(count: int) -> float:
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        first.record()
        for _ in range(count):
            step()
        last.record()
        last.synchronize()
        return float(first.elapsed_time(last)) / count

    repeats = max(1, int(1e3 * budget / 15 / max(run(3), 1e-3)))
    return statistics.median(run(repeats) for _ in range(15))


def bandwidth(device: torch.device, budget: float) -> dict[str, float]:
    """Bytes a second: of a copy (read + written), and of a gather of random 512-byte rows (read + written)."""
    size = 1 << (29 if device.type == "cuda" else 18)
    source = torch.rand(size // 128, 128, device=device)
    target = torch.empty_like(source)
    order = torch.randperm(len(source), device=device)
    copied = milliseconds(lambda: target.copy_(source), device, budget)
    gathered = milliseconds(lambda: torch.index_select(source, 0, order, out=target), device, budget)
    moved = 2.0 * source.numel() * source.element_size()
    return {"copy": 1e3 * moved / copied, "row_gather": 1e3 * moved / gathered}


def step_bytes(network: Any, samples: int, gradient_bytes: int) -> tuple[int, int]:
    """(fewest, counted) bytes that a step moves: every array once; and every gradient row once for each reader.

    Per neuron: op, sources and bits forward; logits and moments read and written; slopes, edge lists, the bits of its
    inputs and of its consumers' other inputs, its gradient row backward. Cached reads count too, the class rows do not.
    """
    columns = 128 * -(-samples // 128)
    fewest = counted = 0
    last = len(network.layers) - 1
    for index, layer in enumerate(network.layers):
        n, k = layer.width, layer.candidates.shape[2]
        row, floats = columns // 8, columns * gradient_bytes
        each = (12 + row) + 384 + 8 + 16 + 4
        once, again = row, 4 * row
        if index < last:
            each += 8 + 16
            once, again = once + 16, again + 16 + 2 * row
        if 0 < index < last:
            each += floats
        if index + 1 < last:
            once, again = once + floats, again + 2 * floats
        if k > 1:
            each += 2 * k * (4 + 24) + (2 * k * 8 if index else 0)
            again += 2 * k * row
        fewest, counted = fewest + n * (each + once), counted + n * (each + again)
    return fewest, counted


def attempt(results: dict[str, Any], name: str, measure: Callable[..., Any], *arguments: Any) -> None:
    """Store what `measure` gives, or why it gave nothing."""
    try:
        results[name] = measure(*arguments)
    except Exception as error:  # any failure of a baseline is a result: the table goes on
        results[name] = None
        results[f"{name}_failed"] = f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def time_ours(
    network: Any, samples: int, dtype: torch.dtype, rows: int, device: torch.device, budget: float
) -> dict[str, float]:
    """ms per step: on the device alone, and with the batch sent and the loss read each step (host clock).

    rows: neurons a program of the backward kernel.
    """
    from lgnc.train.gpu.engine import TritonEngine
    from lgnc.train.network import Estimator

    engine = TritonEngine(network, Estimator(), 0, dtype, rows)
    packed, y, _ = make_batch(samples)
    engine.load(packed, y, 0.01)
    on_device = milliseconds(engine.enqueue, device, budget)
    times = []
    for _ in range(20 if device.type == "cuda" else 1):
        started = time.perf_counter()
        engine.step(packed, y, 0.01)
        times.append(1e3 * (time.perf_counter() - started))
    return {"device": on_device, "with_host": statistics.median(times)}


def time_plain(network: Any, samples: int, kind: str, device: torch.device, budget: float) -> float:
    """ms per step of plain PyTorch: 'eager', 'graph' (CUDA graph), or 'compile', 'compile-graph' (torch.compile)."""
    from gpu_plain import PlainNet, capture, compiled

    net = PlainNet(network, device)
    _, labels, bits = make_batch(samples)
    x = torch.from_numpy(bits.T.astype(np.float32)).to(device)
    y = torch.from_numpy(labels).to(device)
    loss = compiled(net, None) if kind.startswith("compile") else None

    def step() -> None:
        net.step(x, y, loss)

    return milliseconds(capture(step) if kind.endswith("graph") else step, device, budget)


def time_apart(work: str, budget: float) -> float:
    """`time_plain` in a process of its own, for what may take that process down; `work` is kind,layers,width,batch."""
    command = [sys.executable, __file__, "--apart", work, "--seconds", str(budget)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    return float(done.stdout.splitlines()[-1])


def measure(layers: int, width: int, samples: int, options: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """One row of the table."""
    network = make_network(layers, width)
    row: dict[str, Any] = {"net": f"{layers} x {width}", "batch": samples}
    tried = [int(rows) for rows in options.rows.split(",")]
    for name, dtype in (("ours", torch.float32), ("ours_bf16", torch.bfloat16)):
        for rows in tried:
            attempt(row, f"{name}_{rows}", time_ours, network, samples, dtype, rows, device, options.seconds)
        found = [row[f"{name}_{rows}"] for rows in tried if row[f"{name}_{rows}"]]
        row[name] = min(found, key=lambda times: float(times["device"]), default=None)
    kinds = ["eager", "graph", "compile", "compile-graph"]
    if device.type != "cuda":
        kinds = ["eager"]
    for kind in kinds:
        if not kind.startswith("compile"):
            attempt(row, kind, time_plain, network, samples, kind, device, options.seconds)
        elif not options.no_compile and layers * width <= options.compile_up_to:
            attempt(row, kind, time_apart, f"{kind},{layers},{width},{samples}", options.seconds)
    row["bytes_fewest"], row["bytes_counted"] = step_bytes(network, samples, 4)
    row["bytes_counted_bf16"] = step_bytes(network, samples, 2)[1]
    return row


def report(row: dict[str, Any], copy: float) -> str:
    """Adds the ratios to a row; gives its line of the table."""
    plain = [row[kind] for kind in ("eager", "graph") if row.get(kind)]
    built = [row[kind] for kind in ("compile", "compile-graph") if row.get(kind)]
    ours = row["ours"]["device"] if row["ours"] else None
    row["floor_ms"], row["floor_counted_ms"] = (1e3 * row[key] / copy for key in ("bytes_fewest", "bytes_counted"))
    if ours:
        row["times_plain"] = min(plain) / ours if plain else None
        row["times_compiled"] = min(built) / ours if built else None
        row["share_of_floor"], row["share_of_counted"] = row["floor_ms"] / ours, row["floor_counted_ms"] / ours

    def text(value: float | None, form: str) -> str:
        return f"{value:{form}}" if value is not None else f"{'-':>{form.split('.')[0]}}"

    half = row["ours_bf16"]["device"] if row["ours_bf16"] else None
    cells = [text(v, "9.3f") for v in (ours, half, min(plain, default=None), min(built, default=None), row["floor_ms"])]
    cells += [text(row.get(key), "8.2f") for key in ("times_plain", "times_compiled", "share_of_floor")]
    return f"{row['net']:>12} {row['batch']:>6} " + " ".join(cells)


def shapes(text: str) -> list[tuple[int, int]]:
    """(layers, width) pairs of '6x8000,5x1000000'."""
    return [(int(layers), int(width)) for layers, width in (net.split("x") for net in text.split(","))]


def check_gradients(nets: list[tuple[int, int]], samples: int, device: torch.device) -> dict[str, float]:
    """`gradient_error` of each net, printed; small nets also with an odd batch and with learned wiring."""
    errors = {}
    for layers, width in nets:
        small = [(1, samples + 1), (4, samples)] if width < 50_000 else []
        for k, batch in [(1, samples), *small]:
            label = f"{layers} x {width}, batch {batch}, {k} candidates"
            errors[label] = gradient_error(layers, width, batch, k, torch.float32, device)
            print(f"gradient error {errors[label]:.1e}  {label}", flush=True)
    return errors


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nets", default="6x8000,6x64000,5x1000000")
    parser.add_argument("--batches", default="128,1024")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each measurement")
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument(
        "--compile-up-to", type=int, default=400_000, help="neurons in a net that torch.compile is given"
    )
    parser.add_argument("--check-nets", default="3x1003,6x8000,6x64000", help="nets whose gradients are checked")
    parser.add_argument("--rows", default="4,8,16", help="neurons a program of the backward kernel; the best counts")
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--apart", help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if not torch.cuda.is_available() and not options.cpu:
        print(f"{Path(__file__).name}: PyTorch {torch.__version__} finds no CUDA device, so nothing is measured")
        return 3
    device = torch.device("cpu" if options.cpu else "cuda")
    if options.apart:
        kind, *numbers = options.apart.split(",")
        layers, width, samples = map(int, numbers)
        print(time_plain(make_network(layers, width), samples, kind, device, options.seconds))
        return 0
    import triton

    name = "the CPU, under Triton's interpreter" if options.cpu else torch.cuda.get_device_name()
    result: dict[str, Any] = {"device": name, "torch": torch.__version__, "triton": triton.__version__, "rows": []}
    print(f"{name}, torch {torch.__version__}, triton {triton.__version__}")
    batches = [int(batch) for batch in options.batches.split(",")]
    result["gradient_errors"] = errors = check_gradients(shapes(options.check_nets), batches[0], device)
    result["bandwidth"] = bandwidth(device, options.seconds)
    print(", ".join(f"{key} {value / 1e12:.2f} TB/s" for key, value in result["bandwidth"].items()))
    print(f"{'net':>12} {'batch':>6} {'ours ms':>9} {'bf16':>9} {'plain':>9} {'compiled':>9} {'floor':>9} "
          f"{'x plain':>8} {'x comp.':>8} {'of floor':>8}")  # fmt: skip
    for layers, width in shapes(options.nets):
        for samples in batches:
            result["rows"].append(measure(layers, width, samples, options, device))
            print(report(result["rows"][-1], result["bandwidth"]["copy"]), flush=True)
            if options.json:
                options.json.write_text(json.dumps(result, indent=1) + "\n")
    wrong = [label for label, error in errors.items() if not error < TOLERANCE]
    if wrong:
        print(f"gradients differ: {'; '.join(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
