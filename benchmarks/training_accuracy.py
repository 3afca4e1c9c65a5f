"""Test accuracy of `lgnc train DATA` with its defaults, a few seeds each; prints a table and writes JSON.

    python benchmarks/training_accuracy.py [--data digits,breast-cancer,adult,mnist] [--seeds 3] [--json FILE]
    python benchmarks/training_accuracy.py --data mnist --config benchmarks/mnist_8000_gates.toml

The epoch is chosen on held-out training rows alone; test rows are only measured at the end.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev

from lgnc.data import load_dataset
from lgnc.train import TrainConfig, train


def measure(name: str, seeds: int, config: Path | None) -> dict[str, object]:
    """The figures of one data set over seeds 0, 1, ..."""
    accuracies, gaps, cpu, wall, report = [], [], [], [], {}
    base = TrainConfig.from_toml(config) if config else TrainConfig()
    for seed in range(seeds):
        started, cpu_started = time.perf_counter(), time.process_time()
        report = train(load_dataset(name, seed=seed), replace(base, seed=seed)).report
        cpu.append(time.process_time() - cpu_started)
        wall.append(time.perf_counter() - started)
        accuracies.append(report["test_accuracy"])
        gaps.append(abs(report["selection_gap"]) + abs(report["computation_gap"]))
    return {
        "data": name,
        "gates": report["gates"],
        "test_accuracy": fmean(accuracies),
        "deviation": stdev(accuracies) if seeds > 1 else 0.0,
        "accuracies": accuracies,
        "largest_gap": max(gaps),
        "cpu_seconds": fmean(cpu),
        "seconds": fmean(wall),
        "engine": report["engine"],
        "versions": report["versions"],
    }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="digits,breast-cancer,adult,mnist")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--config", type=Path, help="a TOML file of settings, instead of the defaults")
    parser.add_argument("--json", type=Path, default=Path("training_accuracy.json"))
    options = parser.parse_args()
    rows = []
    out = sys.stdout
    out.write(f"{'data':<14} {'gates':>7} {'test %':>14} {'gap':>6} {'CPU s':>7} {'s':>7}\n")
    for name in options.data.split(","):
        row = measure(name, options.seeds, options.config)
        rows.append(row)
        accuracy = f"{100 * float(str(row['test_accuracy'])):.2f} +- {100 * float(str(row['deviation'])):.2f}"
        out.write(f"{name:<14} {row['gates']:>7} {accuracy:>14} {row['largest_gap']:>6} ")
        out.write(f"{row['cpu_seconds']:>7.1f} {row['seconds']:>7.1f}\n")
        out.flush()
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
