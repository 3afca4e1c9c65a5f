"""What the optimiser leaves and how long it takes, beside `yosys-abc` on the same circuits.

    python benchmarks/optimiser.py [MODEL.lgn ...] [--epfl FOLDER] [--scale 1000000] [--out FILE.json]

For each model its gate layers alone (same output bits) and the whole classifier (bits in, class out, head lowered to
full adders and a tournament); without models, random nets of 6 x 8000 gates. For each circuit: two-input gates, AND
nodes (after ABC's `strash`, when ABC is there) and LUT6 (`if -K 6`), at -O1 to -O3, against ABC's
`strash; ifraig; dc2; dc2; compress2rs` on the circuit as it was. Last the scale: a random net of 5 x --scale gates
through -O1, in a process of its own. Times are CPU seconds of this process; ABC's own are wall seconds.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from lgnc.backends.aiger import aiger_bytes, and_nodes
from lgnc.frontend.lift import lift
from lgnc.frontend.source import load_source
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.model import Layer, Model
from lgnc.passes.manager import load_pass, run_pipeline
from lgnc.rewrite_with_abc import ABC_SCRIPT
from lgnc.toolchain import find_tool, run


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


def bare(circuit: Circuit) -> Circuit:
    """The gates alone: encoder bits in, the head's literals out."""
    inputs, outputs = (
        tuple(f"{kind}{k}" for k in range(n)) for kind, n in (("i", circuit.inputs), ("o", len(circuit.outputs)))
    )
    return circuit.with_(encoder=Encoder.binary(inputs), head=None, output_names=outputs)


def abc_counts(circuit: Circuit, script: str = "strash") -> dict[str, Any]:
    """AND nodes, levels and LUT6 after an ABC script; AND nodes alone, unshared, where ABC is not installed."""
    program = find_tool("yosys-abc")
    if program is None:
        return {"and": len(and_nodes(circuit)[1])}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "x.aig").write_bytes(aiger_bytes(circuit))
        words = f"read_aiger x.aig; {script}; print_stats; if -K 6; print_stats"
        began = time.perf_counter()
        text = run([program, "-q", words], cwd=Path(folder), timeout=3000).decode()
        seconds = time.perf_counter() - began
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    ands, lut6 = re.search(r"and *= *(\d+)", plain), re.search(r"nd *= *(\d+)", plain.rpartition("i/o")[2])
    found = {"and": int(ands[1]) if ands else None, "lut6": int(lut6[1]) if lut6 else None}
    return {**found, "seconds": round(seconds, 2)}


def row(name: str, circuit: Circuit, levels: tuple[int, ...]) -> dict[str, Any]:
    """The figures of one circuit."""
    result: dict[str, Any] = {"name": name, "gates": circuit.gates, "raw": abc_counts(circuit)}
    if find_tool("yosys-abc"):
        result["abc"] = abc_counts(circuit, ABC_SCRIPT)
    for level in levels:
        began = time.process_time()
        after, reports = run_pipeline(circuit, level)
        seconds = time.process_time() - began
        result[f"O{level}"] = {
            "gates": after.gates,
            "depth": after.depth,
            "cpu_seconds": round(seconds, 3),
            "passes": len(reports),
            **{key: value for key, value in abc_counts(after).items() if key != "seconds"},
        }
    if "abc" in result:
        result["and_ratio"] = round(result[f"O{levels[-1]}"]["and"] / max(1, result["abc"]["and"]), 4)
    print(json.dumps(result), flush=True)
    return result


def scale(width: int) -> dict[str, Any]:
    """5 x width gates through -O1: CPU seconds and peak memory, in this process."""
    circuit = lift(random_net(5, width))
    began = time.process_time()
    after, _ = run_pipeline(circuit, 1)
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"gates": circuit.gates, "after": after.gates, "cpu_seconds": round(seconds, 2), "peak_gb": round(peak, 2)}


def main() -> int:
    """Run what was asked for; exit code 1 when a target of scale is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--epfl", type=Path)
    parser.add_argument("--scale", type=int, default=1_000_000)
    parser.add_argument("--scale-only", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--levels", default="1,2,3")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    if chosen.scale_only:
        print(json.dumps(scale(chosen.scale)))
        return 0
    levels = tuple(map(int, chosen.levels.split(",")))
    rows = []
    sources = [(path.stem, load_source(path).circuit) for path in chosen.models]
    for name, circuit in sources or [("random 6x8000", lift(random_net(6, 8000)))]:
        rows.append(row(f"{name}, gates", bare(circuit), levels))
        rows.append(
            row(f"{name}, whole", load_pass("lower_head")(circuit.with_(encoder=bare(circuit).encoder)), levels)
        )
    epfl = [row(path.stem, load_source(path).circuit, levels) for path in sorted((chosen.epfl or Path()).glob("*.aig"))]
    report: dict[str, Any] = {"circuits": rows + epfl}
    if epfl and "and_ratio" in epfl[0]:
        mean = sum(math.log(each["and_ratio"]) for each in epfl) / len(epfl)
        report["epfl_and_ratio"] = round(math.exp(mean), 4)
        print(f"EPFL, AND nodes against ABC's, geometric mean: {report['epfl_and_ratio']}")
    command = [sys.executable, __file__, "--scale-only", "--scale", str(chosen.scale)]
    report["scale"] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    print(json.dumps(report["scale"]))
    if chosen.out:
        chosen.out.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if report["scale"]["cpu_seconds"] < 60 and report["scale"]["peak_gb"] < 4 else 1


if __name__ == "__main__":
    sys.exit(main())
