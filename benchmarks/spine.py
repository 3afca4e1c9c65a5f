"""The whole road on MNIST: train, compile to all targets, run each on the test images, compare with the model.

usage: LGNC_DATA=FOLDER python benchmarks/spine.py [--epochs N] [--json FILE]

Prints test accuracy and selection gap, then for each target: images run, mismatches against the model, accuracy and
CPU seconds of the compilation. Verilog runs on 1,000 images under iverilog, the others on all 10,000.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from lgnc.backends.table import TARGETS
from lgnc.data import load_dataset
from lgnc.flows.compile import compile_circuit
from lgnc.flows.evaluate import evaluate, measure
from lgnc.formats import load_source
from lgnc.formats.lgn import save_model
from lgnc.train import TrainConfig, train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    before = time.process_time()
    trained = train(load_dataset("mnist"), TrainConfig(epochs=options.epochs))
    report = trained.report
    print(f"trained {report['gates']:,} gates, {options.epochs} epochs, {time.process_time() - before:.0f} CPU s")
    print(f"test accuracy {100 * report['test_accuracy']:.2f} %, selection gap {report['selection_gap']}")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "m.lgn")
        save_model(trained.model, model)
        for target in TARGETS:
            started = time.process_time()
            compiled = compile_circuit(load_source(model), target, name="mnist")
            spent = time.process_time() - started
            compiled.write(Path(folder, target))
            limit = 1000 if target == "verilog" else None
            ran = evaluate(measure(Path(folder, target), "mnist", model=model, limit=limit))
            row = {
                "target": target,
                "engine": ran.engine,
                "gates": compiled.circuit.gates,
                "passes": compiled.manifest["verified"]["passes"],
                "compile_cpu_seconds": round(spent, 2),
                "images": ran.samples,
                "mismatches": ran.mismatches,
                "accuracy": ran.accuracy,
                "images_per_second": round(ran.samples_per_second),
            }
            rows.append(row)
            print("  ".join(f"{key} {value}" for key, value in row.items()))
    if options.json:
        figures = {"training": {k: v for k, v in report.items() if k != "history"}, "targets": rows}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
