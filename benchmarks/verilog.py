"""What the Verilog target costs, where, and how much of it was simulated.

    python benchmarks/verilog.py [MODEL.lgn ...] [--family xilinx|ice40|ecp5] [--stages N] [--route BOARD ...] [--synth]
        [--only heads writing vectors modules routes] [--out FILE.json]

Heads: LUT6 a head bit of popcount and of the whole head, lgnc's forms against full adders, after ABC's `if -K 6`,
alone and after `ifraig; dc2; dc2`, and, with --synth, after yosys `synth_xilinx -flatten`. Writing: a random net of
48,000 gates with a head of 8,000 bits, and Icarus' CPU seconds to compile it. Vectors: random networks of every
feature type, plain and pipelined, simulated by Icarus and compared with the IR's meaning. Modules: what yosys makes
of each module of each model's design, as trained (-O0) and optimised (-O2). Routes: each model's class behind the
serial wrapper, on each board of --route, with one rank of registers and with three levels between ranks.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from lgnc.arithmetic.compressors import GOALS
from lgnc.arithmetic.head import argmax_circuit, popcount_circuit, score_format
from lgnc.backends.artifact import Artifact, Options
from lgnc.backends.verilog.boards import FPGA_BOARDS
from lgnc.backends.verilog.emit import emit
from lgnc.backends.verilog.flow import SYNTHESIS
from lgnc.diagnostics import Failed
from lgnc.flows.bitstream import make_bitstream
from lgnc.flows.compile import compile_circuit
from lgnc.flows.synthesis import cell_counts, read_netlist, report_rows, synthesise
from lgnc.formats import lift
from lgnc.formats.lgn import Layer, Model
from lgnc.formats.source import Source, load_source
from lgnc.formats.write_blif import blif_bytes
from lgnc.ir.circuit import Circuit, Encoder, Head
from lgnc.ir.compose import compose
from lgnc.ir.simulate import simulate
from lgnc.passes.manager import run_pipeline
from lgnc.sim.folder import run_folder
from lgnc.toolchain import require_tool, run

SIZES = ((10, 20), (10, 60), (10, 100), (10, 200), (10, 800))


SCRIPTS = {"if": "strash; if -K 6", "dc2": "strash; ifraig; dc2; dc2; if -K 6"}


def abc_luts(circuit: Circuit, script: str) -> tuple[int, int]:
    """(LUT6, levels) after ABC, with one of SCRIPTS."""
    with tempfile.TemporaryDirectory() as place:
        Path(place, "x.blif").write_bytes(blif_bytes(circuit))
        words = f"read_blif x.blif; {SCRIPTS[script]}; print_stats"
        text = run([require_tool("yosys-abc"), "-c", words], cwd=Path(place)).decode()
    found = re.findall(r"nd\s*=\s*(\d+).*?lev\s*=\s*(\d+)", text)[-1]
    return int(found[0]), int(found[1])


def popcount_luts(circuit: Circuit) -> int:
    """LUTs of a circuit alone after yosys' `synth_xilinx -flatten`."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "x.blif").write_bytes(blif_bytes(circuit))
        script = "read_blif x.blif; hierarchy -top lgn; synth_xilinx -flatten -top lgn; write_json x.json"
        run([require_tool("yosys"), "-q", "-p", script], cwd=folder, timeout=3000)
        return cell_counts(read_netlist(folder / "x.json")).luts


def head_of(classes: int, each: int) -> Head:
    starts = np.arange(classes + 1, dtype=np.int32) * each
    return Head(tuple(map(str, range(classes))), starts, np.zeros(classes, np.int32))


def heads(synth: bool) -> list[dict[str, Any]]:
    rows = []
    for classes, each in SIZES:
        head = head_of(classes, each)
        for goal in GOALS:
            popcount = popcount_circuit(head, goal)
            whole = compose(popcount, argmax_circuit(classes, score_format(head).width, goal))
            row: dict[str, Any] = {"classes": classes, "bits": each, "goal": goal, "gates": popcount.gates}
            for name, circuit in (("popcount", popcount), ("head", whole)):
                for script in SCRIPTS:
                    luts, levels = abc_luts(circuit, script)
                    row |= {f"{name}_{script}": round(luts / (classes * each), 3), f"{name}_{script}_levels": levels}
            if synth:
                made = popcount_luts(popcount)
                row["popcount_xilinx_a_bit"] = round(made / (classes * each), 3)
            rows.append(row)
            print(row, flush=True)
    return rows


def write(folder: Path, artifact: Artifact) -> None:
    for name, data in artifact.files.items():
        (folder / name).write_bytes(data)


def modules(path: Path, family: str, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Costs of every module of a model's design, before and after optimising."""
    counts = []
    for level in (0, 2):
        circuit, _ = run_pipeline(load_source(path).circuit, level)
        counts.append(synthesise(emit(circuit, Options("net", settings)).files, "net", family))
    rows = [{"model": path.name, "family": family, **row} for row in report_rows(*counts)]
    for row in rows:
        print(row, flush=True)
    return rows


def routes(path: Path, board: str) -> list[dict[str, Any]]:
    """What routing a model on a board gives, or why it does not: of both forms, hardly pipelined and pipelined."""
    circuit, _ = run_pipeline(load_source(path).circuit, 2)
    rows = []
    for portable, settings in product((True, False), ({"stages": 1}, {"pipeline_depth": 3})):
        chosen = {**settings, "board": board, "outputs": "class", "portable": portable}
        artifact = emit(circuit, Options("net", chosen))
        facts = artifact.details["verilog"]
        latency = facts.get("mapped", facts)["latency"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        row: dict[str, Any] = {"model": path.name, "board": board, "gates": circuit.gates, "latency": latency}
        row |= {"portable": portable, **settings}
        try:
            row |= make_bitstream(artifact.files, "net", facts).facts
        except Failed as error:
            row["failed"] = str(error)
        row["cpu_seconds"] = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, 1)
        rows.append(row)
        print(row, flush=True)
    return rows


def random_net(layers: int, width: int, dtype: str = "bool", features: int = 784, seed: int = 0) -> Circuit:
    rng = np.random.default_rng(seed)
    made, first, nodes = [], 0, features
    for _ in range(layers):
        fanin = rng.integers(first, nodes, (2, width, 1)).astype(np.int32)
        made.append(Layer(fanin, None, None, rng.integers(0, 16, width).astype(np.uint8)))
        first, nodes = nodes, nodes + width
    threshold = np.zeros(features) if dtype == "bool" else rng.integers(0, 100, features)
    feature = np.arange(features, dtype=np.int32)
    encoder = Encoder(tuple(f"x{k}" for k in range(features)), dtype, feature, threshold.astype(np.int64))
    starts = np.linspace(0, width, 11).astype(np.int32)
    return lift(Model(encoder, tuple(made), np.arange(first, nodes, dtype=np.int32), starts, tuple("0123456789"), 10.0))


def writing() -> dict[str, Any]:
    circuit = random_net(6, 8000)
    began = time.process_time()
    artifact = emit(circuit, Options("net"))
    seconds = time.process_time() - began
    with tempfile.TemporaryDirectory() as place:
        write(Path(place), artifact)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        run([require_tool("iverilog"), "-g2001", "-o", "net.vvp", "net.v", "tb_net.v"], cwd=Path(place))
        compiled = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    row = {
        "gates": circuit.gates,
        "write_cpu_seconds": round(seconds, 2),
        "megabytes": round(len(artifact.files["net.v"]) / 1e6, 1),
        "iverilog_cpu_seconds": round(compiled, 1),
    }
    print(row, flush=True)
    return row


def vectors(wanted: int) -> dict[str, int]:
    """Vectors simulated, and how many gave another class or score than the IR."""
    kinds: list[dict[str, Any]] = [{}, {"stages": 4}, {"pipeline_depth": 5}]
    jobs = [(dtype, settings) for dtype in ("bool", "uint8", "int8", "int16") for settings in kinds]
    each, ran, wrong = -(-wanted // len(jobs)), 0, 0
    for seed, (dtype, settings) in enumerate(jobs):
        circuit = random_net(2, 60, dtype, 16, seed)
        rng = np.random.default_rng(seed)
        x = rng.integers(0, 2 if dtype == "bool" else 120, (each, 16)).astype(dtype)
        with tempfile.TemporaryDirectory() as place:
            source = Source(circuit, "0" * 64)
            compile_circuit(source, "verilog", level=0, prove=False, settings=settings).write(Path(place))
            result = run_folder(Path(place), x)
        scores, classes = simulate(circuit, x)
        bad = (result.classes != classes) | (result.scores != scores).any(axis=1)  # type: ignore[union-attr]
        ran, wrong = ran + each, wrong + int(bad.sum())
    row = {"vectors": ran, "mismatches": wrong}
    print(row, flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--family", choices=list(SYNTHESIS), default="xilinx")
    parser.add_argument("--stages", type=int)
    parser.add_argument("--route", nargs="+", default=[], choices=list(FPGA_BOARDS), metavar="BOARD")
    parser.add_argument("--only", nargs="+", choices=("heads", "writing", "vectors", "modules", "routes"))
    parser.add_argument("--synth", action="store_true", help="put the heads through yosys too: minutes")
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    settings = {"stages": given.stages} if given.stages else {}
    parts: dict[str, Callable[[], Any]] = {
        "heads": lambda: heads(given.synth),
        "writing": writing,
        "vectors": lambda: vectors(given.vectors),
        "modules": lambda: [row for path in given.models for row in modules(path, given.family, settings)],
        "routes": lambda: [row for path in given.models for board in given.route for row in routes(path, board)],
    }
    figures = {name: measure() for name, measure in parts.items() if name in (given.only or parts)}
    if given.out:
        given.out.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
