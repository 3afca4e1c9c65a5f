"""The optimiser and the prover, figure by figure, beside `yosys-abc` and torchlogix on the same circuits.

    python benchmarks/optimiser.py [--only gates,whole,...] [--epfl FOLDER] [--cache FOLDER] [--out FILE.json]

The nets are trained on MNIST at the first call and kept in --cache: 2 x 8000 gates with learned wiring, 6 x 8000 with
random wiring. A line for each figure with its target, and at the end a table. CPU seconds are of this process and of
the programs that it calls; so other work on the machine changes them little.

gates        AND nodes of the gate layers alone, same output bits, after -O3 and after ABC's script on them as trained
whole        bits in, class out: AND nodes and LUT6 (`if -K 6`) of the net after -O3 with its head lowered in each form,
             as it is and after -O2 and -O3, the best of them beside ABC's script on the circuit as trained with a head
             of full adders
epfl         AND nodes of the EPFL circuits in --epfl after -O3 and after ABC's script
torchlogix   two-input gates and CPU seconds beside torchlogix's simplify() (installed into --environment)
time         CPU seconds of -O2 on 384,000 random gates, and of -O1 on 5,000,000
proof        CPU seconds of the proofs of -O2 and -O3 of the 6 x 8000 net with its head, all scores
calibrate    gates saved beyond -O3 by calibration on the training rows, and what that costs in test accuracy
mutants      1,000 mutants of one gate of the 2 x 8000 net after -O2: refuted, proven harmless or undecided
"""

from __future__ import annotations

import argparse
import json
import math
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cpu_training import torchlogix_python

from lgnc.arithmetic.compressors import GOALS
from lgnc.formats.lgn import Layer, Model, save_model
from lgnc.formats.lift import lift
from lgnc.formats.source import load_source
from lgnc.formats.write_aiger import aiger_bytes
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.gates import READS_A, READS_B
from lgnc.ir.simulate import simulate
from lgnc.passes.manager import load_pass, run_pipeline
from lgnc.passes.rewrite_with_abc import ABC_SCRIPT
from lgnc.toolchain import require_tool, run
from lgnc.verify.prove import prove

NETS: dict[str, dict[str, Any]] = {
    "2x8000": {"layers": 2, "wiring": "learned"},
    "6x8000": {"layers": 6, "wiring": "random"},
}
EPOCHS = 15

Row = tuple[str, float, str, float]
"""(what, figure, '<=' or '>=', target)."""


@dataclass
class Run:
    """What was asked for, the nets, and the figures so far."""

    options: argparse.Namespace
    rows: list[Row] = field(default_factory=list)
    details: list[dict[str, Any]] = field(default_factory=list)
    optimised: dict[str, tuple[Circuit, float]] = field(default_factory=dict)

    def add(self, what: str, figure: float, sign: str, target: float, **details: Any) -> None:
        """Print and keep a figure."""
        met = figure <= target if sign == "<=" else figure >= target
        self.rows.append((what, figure, sign, target))
        self.details.append({"what": what, "figure": figure, "target": f"{sign} {target:g}", "met": met, **details})
        print(json.dumps(self.details[-1]), flush=True)

    def net(self, name: str) -> Circuit:
        """A trained net's circuit; trained when it is not in the cache."""
        path = self.options.cache / f"{name}.lgn"
        if not path.exists():
            from lgnc.data import load_dataset
            from lgnc.train import TrainConfig, train

            config = TrainConfig(width=8000, epochs=EPOCHS, threads=1, seed=0, **NETS[name])
            path.parent.mkdir(parents=True, exist_ok=True)
            save_model(train(load_dataset("mnist"), config).model, path)
        return load_source(path).circuit

    def at(self, name: str, circuit: Circuit, level: int) -> tuple[Circuit, float]:
        """A circuit after a level, and the CPU seconds; kept by its name and level."""
        key = f"{name} -O{level}"
        if key not in self.optimised:
            began = cpu()
            self.optimised[key] = run_pipeline(circuit, level)[0], cpu() - began
        return self.optimised[key]


def cpu() -> float:
    """CPU seconds of this process and of the programs that it has run."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def bare(circuit: Circuit) -> Circuit:
    """The gates alone: encoder bits in, the head's literals out."""
    inputs, outputs = (
        tuple(f"{kind}{k}" for k in range(n)) for kind, n in (("i", circuit.inputs), ("o", len(circuit.outputs)))
    )
    return circuit.with_(encoder=Encoder.binary(inputs), head=None, output_names=outputs)


_AREA = "dch -f; if -K 6 -a; mfs2 -a -e"
LUT_FLOWS = ("if -K 6", _AREA, f"{_AREA}; strash; {_AREA}")
"""What ABC's users map to look-up tables with, from AND nodes on."""


def abc_counts(circuit: Circuit, script: str = "strash", mapping: str = LUT_FLOWS[0]) -> dict[str, int]:
    """AND nodes after an ABC script, and LUT6 after a mapping of that."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "x.aig").write_bytes(aiger_bytes(circuit))
        words = f"read_aiger x.aig; {script}; print_stats; {mapping}; print_stats"
        text = run([require_tool("yosys-abc"), "-q", words], cwd=Path(folder), timeout=3000).decode()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    ands, lut6 = re.search(r"and *= *(\d+)", plain), re.search(r"nd *= *(\d+)", plain.rpartition("i/o")[2])
    if ands is None or lut6 is None:
        raise SystemExit(f"cannot read what ABC printed: {plain}")
    return {"and": int(ands[1]), "lut6": int(lut6[1])}


def gates(run_: Run) -> None:
    """AND nodes of the gate layers."""
    for name in NETS:
        circuit = bare(run_.net(name))
        after, seconds = run_.at(f"{name} gates", circuit, 3)
        ours, theirs = abc_counts(after), abc_counts(circuit, ABC_SCRIPT)
        facts = {"ours": ours, "abc": theirs, "gates": [circuit.gates, after.gates], "cpu_seconds": seconds}
        run_.add(f"{name}, gate layers, AND nodes against ABC", ours["and"] / theirs["and"], "<=", 1.0, **facts)


def whole(run_: Run) -> None:
    """AND nodes and LUT6 of the whole classifier, for each form of the adders."""
    lower = load_pass("lower_head")
    for name in NETS:
        net = run_.net(name)
        net = net.with_(encoder=bare(net).encoder)
        theirs = abc_counts(lower(net, goal="gates"), ABC_SCRIPT)
        reduced, _ = run_.at(f"{name} bits", net, 3)
        head = reduced.head
        assert head is not None
        floor = 7 * (len(reduced.outputs) - sum(int(n).bit_length() for n in np.diff(head.starts)))
        ours = {}
        for goal in GOALS:
            lowered = lower(reduced, goal=goal)
            for level in (0, 2, 3):
                after, seconds = run_.at(f"{name} whole {goal}", lowered, level)
                ours[f"{goal} -O{level}"] = {**abc_counts(after), "gates": after.gates, "cpu_seconds": seconds}
        facts = {
            "ours": ours,
            "abc": theirs,
            "head_bits": [len(net.outputs), len(reduced.outputs)],
            "full_adders_take": floor,
            "gate_layers_take": abc_counts(bare(reduced))["and"],
        }
        for count, target in (("and", 0.85), ("lut6", 0.8)):
            best = min(each[count] for each in ours.values())
            run_.add(f"{name}, whole, {count} against ABC", best / theirs[count], "<=", target, **facts)


def luts(run_: Run) -> None:
    """LUT6 of the whole classifier against the best of ABC's flows for look-up tables, with its script and without."""
    lower = load_pass("lower_head")
    for name in NETS:
        net = run_.net(name)
        net = net.with_(encoder=bare(net).encoder)
        plain = lower(net, goal="gates")
        theirs = {
            f"{script}; {flow}": abc_counts(plain, script, flow)["lut6"]
            for script in ("strash; ifraig", ABC_SCRIPT)
            for flow in LUT_FLOWS
        }
        lowered = lower(run_.at(f"{name} bits", net, 3)[0], goal="lut6")
        ours = {f"-O{level}": abc_counts(run_pipeline(lowered, level)[0])["lut6"] for level in (0, 2)}
        ratio = min(ours.values()) / min(theirs.values())
        run_.add(f"{name}, whole, LUT6 against ABC's LUT flows", ratio, "<=", 0.8, ours=ours, abc=theirs)


def epfl(run_: Run) -> None:
    """AND nodes of the EPFL circuits: the geometric mean."""
    ratios = {}
    for path in sorted(run_.options.epfl.glob("*.aig")):
        circuit = load_source(path).circuit
        after, _ = run_.at(path.stem, circuit, 3)
        ratios[path.stem] = abc_counts(after)["and"] / abc_counts(circuit, ABC_SCRIPT)["and"]
    if ratios:
        mean = math.exp(sum(map(math.log, ratios.values())) / len(ratios))
        run_.add("EPFL, AND nodes against ABC, geometric mean", mean, "<=", 1.0, each=ratios)


def torchlogix(run_: Run) -> None:
    """Two-input gates and CPU seconds beside torchlogix on the same gates and sums."""
    python = torchlogix_python(run_.options.environment.resolve())
    worker = Path(__file__).with_name("torchlogix_simplify.py")
    for name in NETS:
        net = run_.net(name)
        assert net.head is not None
        file = run_.options.cache / f"{name}.npz"
        np.savez(file, op=net.op, a=net.a, b=net.b, outputs=net.outputs, starts=net.head.starts, inputs=net.inputs)
        theirs = json.loads(run([python, worker, file], timeout=3000).splitlines()[-1])
        seconds = []
        for _ in range(3):
            began = time.process_time()
            after, _ = run_pipeline(net, 2)
            seconds.append(time.process_time() - began)
        facts = {"torchlogix": theirs, "O2": two_input(after), "cpu_seconds": seconds}
        if net.gates == 48_000:
            what = "CPU time of -O2 on 48,000 gates against torchlogix"
            run_.add(what, min(seconds) / theirs["cpu_seconds"], "<=", 0.1, **facts)
        best, _ = run_.at(name, net, 3)
        run_.add(f"{name}, gates against torchlogix", two_input(best) / theirs["gates"], "<=", 0.8, **facts)


def two_input(circuit: Circuit) -> int:
    """The gates that read both of their pins."""
    return int((READS_A & READS_B)[circuit.op].sum())


def times(run_: Run) -> None:
    """-O2 on 384,000 gates, -O1 on 5,000,000."""
    for layers, width, level, target in ((6, 64_000, 2, 20.0), (5, run_.options.scale, 1, 60.0)):
        circuit = lift(random_net(layers, width))
        began = time.process_time()
        after, _ = run_pipeline(circuit, level)
        seconds = time.process_time() - began
        what = f"-O{level} on {circuit.gates:,} gates, CPU s"
        run_.add(what, seconds, "<=", target, gates=[circuit.gates, after.gates])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    run_.add("peak memory of this process, GB", peak, "<=", 4.0)


def random_net(layers: int, width: int, inputs: int = 784) -> Model:
    """A net with uniformly random gates and wiring, each layer reading the one before."""
    rng = np.random.default_rng(0)
    made, first, nodes = [], 0, inputs
    for _ in range(layers):
        fanin = rng.integers(first, nodes, (2, width, 1)).astype(np.int32)
        made.append(Layer(fanin, None, None, rng.integers(0, 16, width).astype(np.uint8)))
        first, nodes = nodes, nodes + width
    encoder = Encoder.binary(tuple(f"x{k}" for k in range(inputs)))
    starts = np.linspace(0, width, 11).astype(np.int32)
    return Model(encoder, tuple(made), np.arange(first, nodes, dtype=np.int32), starts, tuple("0123456789"), 10.0)


def proof(run_: Run) -> None:
    """Proofs of -O2 and -O3 of a net with its head."""
    net = run_.net("6x8000")
    for level, target in ((2, 10.0), (3, 60.0)):
        after, _ = run_.at("6x8000", net, level)
        began = time.process_time()
        verdict = prove(net, after, time_limit=600)
        seconds = time.process_time() - began
        what = f"proof of -O{level}, {net.gates:,} gates with head, all scores, CPU s"
        run_.add(what, seconds if verdict.equal else math.inf, "<=", target, equal=verdict.equal, how=verdict.how)


def calibrate(run_: Run) -> None:
    """Gates saved beyond -O3 by what the training rows never show; accuracies on MNIST's test rows."""
    from lgnc.data import load_dataset
    from lgnc.flows.calibrate import calibrate as calibrated

    data = load_dataset("mnist")
    for name in NETS:
        net = run_.net(name)
        best, _ = run_.at(name, net, 3)
        found = calibrated(net, data.x_train, data.y_train, max_accuracy_drop=run_.options.max_accuracy_drop)
        after, _ = run_.at(f"{name} calibrated", found.circuit, 3)
        was, now = (float((simulate(c, data.x_test)[1] == data.y_test).mean()) for c in (best, after))
        facts = {"gates": [best.gates, after.gates], "test_accuracy": [was, now], "tolerance": found.tolerance}
        run_.add(
            f"{name}, gates saved beyond -O3 by calibration, %", 100 * (1 - after.gates / best.gates), ">=", 20, **facts
        )
        run_.add(f"{name}, test accuracy lost to calibration, points", 100 * (was - now), "<=", 0.2, **facts)


def mutants(run_: Run) -> None:
    """Mutants of one gate: how many stay undecided."""
    net, _ = run_.at("2x8000", run_.net("2x8000"), 2)
    rng = np.random.default_rng(0)
    count = {True: 0, False: 0, None: 0}
    began = time.process_time()
    for _ in range(run_.options.mutants):
        op = net.op.copy()
        gate = int(rng.integers(len(op)))
        op[gate] = (int(op[gate]) + int(rng.integers(1, 16))) % 16
        count[prove(net, net.with_(op=op)).equal] += 1
    facts = {"refuted": count[False], "harmless": count[True], "cpu_seconds": time.process_time() - began}
    run_.add(f"{run_.options.mutants:,} mutants of {net.gates:,} gates, undecided", count[None], "<=", 0, **facts)


PARTS: dict[str, Callable[[Run], None]] = {
    "torchlogix": torchlogix,
    "time": times,
    "proof": proof,
    "epfl": epfl,
    "gates": gates,
    "whole": whole,
    "luts": luts,
    "calibrate": calibrate,
    "mutants": mutants,
}


def main() -> int:
    """Run what was asked for; exit code 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS), help="the parts to run")
    parser.add_argument("--epfl", type=Path, default=Path("circuits/epfl"), help="a folder of its .aig files")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "lgnc" / "optimiser")
    parser.add_argument("--environment", type=Path, default=Path("build/torchlogix"), help="where torchlogix goes")
    parser.add_argument("--scale", type=int, default=1_000_000, help="a fifth of the gates of the largest circuit")
    parser.add_argument("--max-accuracy-drop", type=float, default=0.002, help="calibration's limit")
    parser.add_argument("--mutants", type=int, default=1000)
    parser.add_argument("--out", type=Path)
    run_ = Run(parser.parse_args())
    for part in run_.options.only.split(","):
        PARTS[part](run_)
    for what, figure, sign, target in run_.rows:
        met = figure <= target if sign == "<=" else figure >= target
        print(f"{what:70} {figure:10.4f} {sign} {target:g}  {'reached' if met else 'NOT REACHED'}")
    if run_.options.out:
        run_.options.out.write_text(json.dumps(run_.details, indent=2) + "\n")
    return 0 if all(each["met"] for each in run_.details) else 1


if __name__ == "__main__":
    sys.exit(main())
