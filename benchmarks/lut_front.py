"""Accuracy against LUT6 of the whole classifier on MNIST: encoder, gates, popcount and argmax in one circuit.

usage: LGNC_DATA=FOLDER python benchmarks/lut_front.py [--epochs N] [--nets "A;B"] [--models FOLDER] [--json FILE]
                                                       [--plot FILE] [--cells]

LUT6 is what `yosys-abc` maps to with `ifraig; dc2; dc2; if -K 6`, from the pixels' bits to the class index. Each net is
trained once (seed 0), its epoch chosen on held-out training rows. One threshold a pixel, 127, is one wire of it: the
encoder is free. With --models a net that is in the folder is measured, not trained again. With --cells, also what yosys
leaves of the design in Xilinx' cells (`--family xilinx`, class out): LUTs, those with two outputs counted once, and
CARRY4. Needs yosys-abc, and yosys for --cells.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from lgnc.arithmetic.encoder import lower_encoder
from lgnc.backends.artifact import Options
from lgnc.backends.verilog.emit import emit
from lgnc.backends.verilog.flow import SYNTHESIS
from lgnc.data import load_dataset
from lgnc.flows.search import optimised
from lgnc.flows.synthesis import cell_types, read_netlist
from lgnc.formats import lift
from lgnc.formats.lgn import Model, load_model, save_model
from lgnc.formats.write_aiger import aiger_bytes
from lgnc.ir import Circuit
from lgnc.passes.lower_head import lower_head
from lgnc.passes.manager import run_pipeline
from lgnc.toolchain import require_tool, run
from lgnc.train import TrainConfig, train

RECIPE: dict[str, Any] = {
    "encoder": "thermometer:1",
    "candidates": 32,
    "redraw": 0.9,
    "init": "residual:2",
    "batch_size": 256,
    "rotate": 10.0,
    "zoom": 0.1,
    "elastic": 1.0,
    "threads": 1,
}
NETS: dict[str, dict[str, Any]] = {
    "tree6 500": {"node": "tree6", "widths": (500,)},
    "tree6 1000": {"node": "tree6", "widths": (1000,)},
    "tree6 2000": {"node": "tree6", "widths": (2000,)},
    "tree6 3400": {"node": "tree6", "widths": (3400,)},
    "tree6 4000": {"node": "tree6", "widths": (4000,)},
    "tree4 2000": {"node": "tree4", "widths": (2000,)},
    "tree2 4000,1000": {"widths": (4000, 1000)},
    "tree6 1000, 3 thresholds": {"node": "tree6", "widths": (1000,), "encoder": "thermometer:3"},
    "tree6 1020, 3 thresholds": {"node": "tree6", "widths": (1020,), "encoder": "thermometer:3"},
    "tree6 2120, 3 thresholds": {"node": "tree6", "widths": (2120,), "encoder": "thermometer:3"},
}


def lut6(circuit: Circuit) -> tuple[int, int]:
    """(LUT6, levels of them) of a headless circuit."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "x.aig").write_bytes(aiger_bytes(circuit))
        words = "read_aiger x.aig; strash; ifraig; dc2; dc2; if -K 6; print_stats"
        text = run([require_tool("yosys-abc"), "-q", words], cwd=Path(folder), timeout=3000).decode()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    found = re.search(r"nd *= *(\d+).*lev *= *(\d+)", plain)
    if found is None:
        raise ValueError(f"yosys-abc printed no statistics: {plain[-200:]}")
    return int(found[1]), int(found[2])


def cells(model: Model) -> dict[str, int]:
    """LUTs, those of them with two outputs, and CARRY4, of what yosys makes of the design in Xilinx' cells."""
    files = emit(optimised(model), Options("net", {"family": "xilinx", "outputs": "class"})).files
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "net.v").write_bytes(files["net_xilinx.v"])
        words = f"read_verilog net.v; {SYNTHESIS['xilinx'][0]} -top net; json -o net.json *"
        run([require_tool("yosys"), "-q", "-p", words], cwd=folder, timeout=3000)
        found = cell_types(read_netlist(folder / "net.json"))
    tables = sum(count for kind, count in found.items() if kind.startswith("LUT"))
    return {"luts": tables + found["INV"], "luts_with_two_outputs": found["LUT6_2"], "carry4": found["CARRY4"]}


def trained(name: str, epochs: int, folder: Path | None) -> Model:
    """The net called `name`, from the folder if it is there."""
    path = folder / f"{re.sub('[^a-z0-9]+', '-', name)}.lgn" if folder else None
    if path is not None and path.exists():
        return load_model(path)
    model = train(load_dataset("mnist"), TrainConfig(epochs=epochs, **{**RECIPE, **NETS[name]})).model
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_model(model, path)
    return model


def measure(name: str, epochs: int, folder: Path | None, counted: bool) -> dict[str, Any]:
    """One net's figures; counted: with its cells."""
    before = time.process_time()
    model = trained(name, epochs, folder)
    spent = time.process_time() - before
    circuit, _ = run_pipeline(lift(model), 2)
    gates, _ = lut6(circuit.with_(head=None))
    bits, _ = lut6(lower_head(circuit, goal="lut6"))
    whole, levels = lut6(lower_encoder(lower_head(circuit, goal="lut6")))
    report = model.meta["training"]
    return {
        "net": name,
        "test_accuracy": report["test_accuracy"],
        "validation_accuracy": max(each["accuracy"] for each in report["history"]),
        "selection_gap": report["selection_gap"],
        "epochs": len(report["history"]),
        "gates_trained": model.gates,
        "gates": circuit.gates,
        "head_bits": len(circuit.outputs),
        "lut6": whole,
        "lut6_without_encoder": bits,
        "lut6_gates_alone": gates,
        "lut_levels": levels,
        "train_cpu_seconds": round(spent, 1),
        **(cells(model) if counted else {}),
    }


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Accuracy over LUT6, one labelled point a net."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    for row in rows:
        axes.plot(row["lut6"], 100 * row["test_accuracy"], "o", color="tab:blue")
        axes.annotate(
            row["net"], (row["lut6"], 100 * row["test_accuracy"]), xytext=(5, -10), textcoords="offset points"
        )
    sizes = [row["lut6"] for row in rows]
    axes.set_xscale("log")
    axes.set_xlim(0.8 * min(sizes), 1.6 * max(sizes))
    ticks = [1000 * 2**power for power in range(-2, 8)]
    axes.set_xticks([size for size in ticks if 0.8 * min(sizes) < size < 1.6 * max(sizes)])
    axes.xaxis.set_major_formatter(lambda size, _: f"{size:,.0f}")
    axes.xaxis.set_minor_formatter(lambda *_: "")
    axes.set_xlabel("LUT6 of the whole classifier, encoder included")
    axes.set_ylabel("MNIST test accuracy, %")
    axes.grid(alpha=0.3, which="both")
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--nets", default=";".join(NETS), help="which nets, separated by semicolons")
    parser.add_argument("--models", type=Path, help="a folder that trained nets are kept in")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--cells", action="store_true")
    options = parser.parse_args()
    names = options.nets.split(";")
    rows = []
    for name in names:
        rows.append(measure(name, options.epochs, options.models, options.cells))
        print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
        if options.json:
            options.json.write_text(json.dumps(rows, indent=2) + "\n")
    if options.plot:
        plot(rows, options.plot)


if __name__ == "__main__":
    main()
