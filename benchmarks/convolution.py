"""Convolutional networks of logic: what a step costs on one CPU thread, and what a training run reaches.

    python benchmarks/convolution.py step [--nets s,m] [--rounds 5] [--torchlogix] [--out FILE.json]
    python benchmarks/convolution.py start [--inits residual:5,edges:5] [--seeds 6] [--images 300]
    python benchmarks/convolution.py unroll [--model FILE.lgn]
    python benchmarks/convolution.py train s|m|mnist [--config FILE.toml] [--epochs N] [--folder build/convolution]

`step` trains on random bits: LogicTreeNet-S and -M (k = 32 and 256), batch 128, Hard-ST with CAGE, one thread. The
figure is CPU seconds, the least of the rounds, so that other load on the machine disturbs little. With --torchlogix the
same S is trained by torchlogix (installed into an environment of its own) in a process beside it.

`start` builds LogicTreeNet-S and, before any step, prints how many of the bits above each pool are true on training
images of CIFAR-10, in %, and a bit's mean entropy over the images: means over networks of so many seeds.

`unroll` writes LogicTreeNet-S out gate by gate, runs all passes of -O2 and proves the result: CPU seconds of all three,
and the peak of memory. Its gates are drawn at random, or those of a trained model.

`train` trains a preset and appends its figures to FOLDER/figures.jsonl: test accuracy with every gate fixed, selection
gap, CPU seconds of all sittings. It goes on from its checkpoint where it was stopped. Needs CIFAR-10 or MNIST.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lgnc.data import Dataset

BATCH = 128
TARGETS = {"s": 0.020, "m": 0.160}
"""CPU seconds per step."""
UNROLLED = (60.0, 4.0)
"""CPU seconds and GB of S written out, optimised and proven."""
LEAST_GAIN = 40.0
"""torchlogix's CPU seconds over these."""
PRESETS = {"s": "logictreenet-s", "m": "logictreenet-m", "mnist": "logictreenet-mnist"}
DATA = {"s": "cifar10", "m": "cifar10", "mnist": "mnist"}


def pictures() -> Any:
    """A data set of random pictures of 32 x 32 x 3: enough to build the networks for."""
    from lgnc.data.dataset import Dataset

    x = np.random.default_rng(0).integers(0, 256, (40, 32 * 32 * 3)).astype(np.uint8)
    x[0], x[1], y = 0, 255, np.arange(40) % 10
    names, classes = tuple(f"p{i}" for i in range(x.shape[1])), tuple("0123456789")
    return Dataset("random pictures", x, y, x, y, names, classes, {}, (32, 32, 3))


def packed_step(net: str) -> Callable[[], object]:
    """A step of the packed engine on random rows."""
    from lgnc.train.config import TrainConfig
    from lgnc.train.cpu.engine import PackedEngine
    from lgnc.train.prepare import prepare

    problem = prepare(pictures(), TrainConfig(preset=PRESETS[net], validation_fraction=0.0))
    engine = PackedEngine(problem.network, problem.estimator, 0, threads=1)
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 1 << 64, (BATCH, problem.network.inputs // 64), dtype=np.uint64)
    labels = rng.integers(0, 10, BATCH)
    return lambda: engine.step(rows, labels, 0.02)


def cpu_seconds(step: Callable[[], object], rounds: int, steps: int) -> float:
    """The least CPU seconds per step of `rounds` rounds of `steps`, after one that compiles."""
    step()
    least = float("inf")
    for _ in range(rounds):
        started = time.process_time()
        for _ in range(steps):
            step()
        least = min(least, (time.process_time() - started) / steps)
    return least


def measure(options: argparse.Namespace) -> int:
    """Prints a row for each network; exit code 1 when a target is missed."""
    rows, found = [], {}
    for net in options.nets.split(","):
        found[net] = cpu_seconds(packed_step(net), options.rounds, 5 if net == "s" else 2)
        rows.append((f"CPU s per step of {BATCH}, {PRESETS[net]}, at most", found[net], TARGETS[net]))
    verdicts = [(what, figure, target, figure <= target) for what, figure, target in rows]
    if options.torchlogix:
        theirs = torchlogix_seconds(options.environment.resolve())
        gain = theirs / found["s"]
        verdicts.append((f"torchlogix's {theirs:.2f} s over these, S, at least", gain, LEAST_GAIN, gain >= LEAST_GAIN))
    for what, figure, target, met in verdicts:
        print(f"{what} {target:g}: {figure:.4g} ({'met' if met else 'MISSED'})")
    keys = ("what", "figure", "target", "met")
    save(options.out, [dict(zip(keys, row, strict=True)) for row in verdicts])
    return 0 if all(met for *_, met in verdicts) else 1


def measure_start(options: argparse.Namespace) -> int:
    """Prints a line for each initialisation."""
    from lgnc.data import load_dataset

    data, count = load_dataset(DATA["s"]), options.images
    part = replace(data, x_train=data.x_train[:count], y_train=data.y_train[:count])
    for init in options.inits.split(","):
        means = np.mean([pools_at_start(part, init, seed) for seed in range(options.seeds)], axis=0)
        print(f"{init}: " + ", ".join(f"{100 * true:.1f} % true, {bits:.2f} bits" for true, bits in means), flush=True)
    return 0


def pools_at_start(dataset: Dataset, init: str, seed: int) -> list[tuple[float, float]]:
    """(share of true bits, mean entropy of a bit) above each pool of S."""
    import torch

    from lgnc.ir.simulate import encode
    from lgnc.train.config import TrainConfig
    from lgnc.train.prepare import prepare
    from lgnc.train.reference_front import conv_tensors, convolve

    problem = prepare(dataset, TrainConfig(preset=PRESETS["s"], init=init, seed=seed, validation_fraction=0.0))
    x = torch.from_numpy(encode(problem.encoder, dataset.x_train).T.astype(np.float32))
    found = []
    for layer in map(conv_tensors, problem.network.front):
        parts = [x[:, first : first + 50] for first in range(0, x.shape[1], 50)]
        x = torch.cat([convolve(rows, layer, layer.gate, 0.0, 1.0, "first") for rows in parts], dim=1)
        share = x.mean(dim=1, dtype=torch.float64)
        entropy = (torch.special.entr(share) + torch.special.entr(1 - share)) / np.log(2)
        found.append((float(share.mean()), float(entropy.mean())))
    return found


def measure_unrolled(options: argparse.Namespace) -> int:
    """Prints what it costs to write S out, optimise and prove it; exit code 1 when a target is missed."""
    from lgnc.formats.lgn import load_model
    from lgnc.formats.lift import lift
    from lgnc.passes.manager import run_pipeline
    from lgnc.verify.prove import prove

    model = random_model() if options.model is None else load_model(options.model)
    started = time.process_time()
    circuit = lift(model)
    smaller, _ = run_pipeline(circuit, 2)
    verdict = prove(circuit, smaller, time_limit=600)
    seconds, peak = time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    met = verdict.equal is True and seconds <= UNROLLED[0] and peak <= UNROLLED[1]
    print(f"{circuit.gates:,} gates to {smaller.gates:,}, {verdict.how}: {seconds:.1f} CPU s, {peak:.2f} GB")
    print(f"at most {UNROLLED[0]:g} CPU s and {UNROLLED[1]:g} GB: {'met' if met else 'MISSED'}")
    return 0 if met else 1


def random_model() -> Any:
    """S with random gates."""
    from lgnc.train.build import to_model
    from lgnc.train.config import TrainConfig
    from lgnc.train.network import LayerLogits
    from lgnc.train.prepare import prepare

    dataset, rng = pictures(), np.random.default_rng(0)
    problem = prepare(dataset, TrainConfig(preset=PRESETS["s"], validation_fraction=0.0))
    starts: list[Any] = [*problem.network.front, *problem.network.layers]
    logits = [rng.standard_normal(start.gate_logits.shape).astype(np.float32) for start in starts]
    return to_model(problem.network, [LayerLogits(each, None) for each in logits], problem.encoder, dataset, {})


def save(path: Path, rows: list[dict[str, Any]]) -> None:
    """Writes the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, indent=2) + "\n")


TORCHLOGIX_STEP = """
import sys, time, torch, types
if sys.version_info < (3, 12):  # Its circuit module, of no use here, has 3.12 syntax.
    sys.modules["torchlogix.circuit"] = types.ModuleType("circuit")
    sys.modules["torchlogix.circuit"].Circuit = None
from torchlogix.layers import GroupSum, LogicConv2d, LogicDense, OrPooling2d
torch.set_num_threads(1)
raw = {"parametrization": "raw", "parametrization_kwargs": {"forward_sampling": "hard", "weight_init": "residual"}}
blocks, channels, side = [], 9, 32
for kernels in (32, 128, 512, 1024):
    blocks += [LogicConv2d(in_dim=side, channels=channels, num_kernels=kernels, tree_depth=3,
                           receptive_field_size=3, padding=1, **raw), OrPooling2d(2, 2)]
    channels, side = kernels, side // 2
blocks += [torch.nn.Flatten(), LogicDense(4096, 40960, **raw), LogicDense(40960, 20480, **raw),
           LogicDense(20480, 10240, **raw), GroupSum(10, 20)]
net = torch.nn.Sequential(*blocks)
adam = torch.optim.AdamW(net.parameters(), lr=0.02, weight_decay=0.002)
x, y = (torch.rand(128, 9, 32, 32) < 0.5).float(), torch.randint(0, 10, (128,))
least = 1e9
for _ in range(2):
    started = time.process_time()
    adam.zero_grad()
    for part in range(0, 128, 16):  # In parts, for memory; the step is the same.
        torch.nn.functional.cross_entropy(net(x[part : part + 16]), y[part : part + 16]).backward()
    adam.step()
    least = min(least, time.process_time() - started)
print(least)
"""


def torchlogix_seconds(environment: Path) -> float:
    """CPU seconds of torchlogix's step of S, its defaults, in an environment that `cpu_training.py` makes."""
    from cpu_training import torchlogix_python

    from lgnc.toolchain import run

    script = environment / "step.py"
    python = torchlogix_python(environment)
    script.write_text(TORCHLOGIX_STEP)
    return float(run([python, script], env={"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}).splitlines()[-1])


def train_preset(options: argparse.Namespace) -> int:
    """One accuracy run; its figures as a JSON line, whole runs only."""
    from lgnc.data import load_dataset
    from lgnc.files import append_line
    from lgnc.formats.lgn import save_model
    from lgnc.train import TrainConfig, train

    chosen: dict[str, Any] = {"threads": options.threads, "seed": options.seed, "epochs": options.epochs}
    if options.config is None:
        config = TrainConfig.from_dict({"preset": PRESETS[options.net], **chosen})
    else:
        config = TrainConfig.from_toml(options.config, **chosen)
    name = f"{options.net}{'' if options.config is None else '-' + options.config.stem}-{options.seed}"
    options.folder.mkdir(parents=True, exist_ok=True)
    spent = options.folder / f"{name}.seconds"
    before = float(spent.read_text()) if spent.exists() else 0.0

    def note(epoch: dict[str, Any]) -> None:
        seconds = before + time.process_time()
        spent.write_text(f"{seconds}\n")
        append_line(options.folder / f"{name}.jsonl", json.dumps({**epoch, "cpu_seconds": seconds}) + "\n")

    dataset = load_dataset(DATA[options.net])
    result = train(dataset, config, on_epoch=note, checkpoint=options.folder / f"{name}.checkpoint", resume=True)
    save_model(result.model, options.folder / f"{name}.lgn")
    report = result.report
    kept = ("test_accuracy", "validation_accuracy", "selection_gap", "gates", "epochs", "best_epoch", "config")
    figures = {"net": name, "data": dataset.name, "cpu_seconds": before + time.process_time()}
    figures |= {key: report[key] for key in kept}
    append_line(options.folder / "figures.jsonl", json.dumps(figures) + "\n")
    shown = f"{100 * report['test_accuracy']:.2f} %, gap {100 * report['selection_gap']:g}"
    print(f"{name}, {dataset.name}: {shown}, {figures['cpu_seconds']:.0f} CPU s")
    return 0 if report["selection_gap"] == 0 else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(required=True)
    step = modes.add_parser("step", help="what a step costs")
    step.add_argument("--nets", default="s,m", help="s, m or both")
    step.add_argument("--rounds", type=int, default=5)
    step.add_argument("--torchlogix", action="store_true", help="train S by torchlogix too")
    step.add_argument("--environment", type=Path, default=Path("build/torchlogix"), help="where torchlogix goes")
    step.add_argument("--out", type=Path, default=Path("build/benchmarks/convolution.json"))
    step.set_defaults(call=measure)
    start = modes.add_parser("start", help="what S is before its first step")
    start.add_argument("--inits", default="residual:5,edges:5")
    start.add_argument("--seeds", type=int, default=6)
    start.add_argument("--images", type=int, default=300)
    start.set_defaults(call=measure_start)
    unrolled = modes.add_parser("unroll", help="what the written-out S costs")
    unrolled.add_argument("--model", type=Path, help="a trained S")
    unrolled.set_defaults(call=measure_unrolled)
    run = modes.add_parser("train", help="what a training run reaches")
    run.add_argument("net", choices=PRESETS)
    run.add_argument("--config", type=Path, help="other settings than the preset's, as TOML")
    run.add_argument("--epochs", type=int)
    run.add_argument("--seed", type=int, default=0)
    run.add_argument("--threads", type=int, default=1)
    run.add_argument("--folder", type=Path, default=Path("build/convolution"))
    run.set_defaults(call=train_preset)
    options = parser.parse_args()
    code: int = options.call(options)
    return code


if __name__ == "__main__":
    sys.exit(main())
