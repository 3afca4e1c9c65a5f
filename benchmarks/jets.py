"""A look-alike of the jet table of LHC triggers (`hls4ml_lhc_jets_hlf`), by boosted trees and in look-up tables.

    python benchmarks/jets.py [--rows N] [--trials N] [--max-luts N] [--seed N] [--folder DIR] [--json FILE]

The rows are generated, not physics: 16 features under the names of the real table's, five classes (light quark, gluon,
W, Z, top), drawn so that boosted trees are right on about as large a share of rows as on the real one, 76 to 77 %. No
figure of it is one of the real table. `lgnc search --target xilinx` chooses among networks of fixed-point features, the
encoder in the circuit. The best of the front is synthesised by yosys, beside scikit-learn's trees on the same rows, and
on as many further rows, which nobody has chosen anything by.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from lut_front import cells
from numpy.typing import NDArray

from lgnc.data.dataset import Dataset
from lgnc.flows.search import Limits, optimised, search
from lgnc.formats.lgn import load_model
from lgnc.ir.simulate import simulate
from lgnc.train import TrainConfig

CLASSES = ("g", "q", "t", "w", "z")
FEATURES = (
    "zlogz", "c1_b0_mmdt", "c1_b1_mmdt", "c1_b2_mmdt", "c2_b1_mmdt", "c2_b2_mmdt", "d2_b1_mmdt", "d2_b2_mmdt",
    "d2_a1_b1_mmdt", "d2_a1_b2_mmdt", "m2_b1_mmdt", "m2_b2_mmdt", "n2_b1_mmdt", "n2_b2_mmdt", "mass_mmdt",
    "multiplicity",
)  # fmt: skip

PEAKS: dict[str, tuple[float, float]] = {"t": (173.0, 14.0), "w": (80.4, 5.2), "z": (91.2, 5.6)}
"""Class -> the mass of what decays, and its spread, in GeV; the others' masses fall off from a few."""

RESOLVED = 0.89
"""The share of decays whose parts all lie in the jet; the others have the mass of less."""

PRONGS = {"g": (0.2, 0.3), "q": (0.0, 0.0), "t": (-0.8, 1.3), "w": (-1.5, 0.0), "z": (-1.4, 0.0)}
"""Class -> the means of what tells two parts from one, and three from two, in standard deviations."""

PARTICLES = {"g": 3.95, "q": 3.49, "t": 4.1, "w": 3.55, "z": 3.6}
"""Class -> the mean logarithm of the number of particles."""


def look_alike(rows: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(features float32[rows, 16], classes int64[rows]): latent mass, prongs, particles and momentum, seen through
    sixteen correlated features.
    """
    rng = np.random.default_rng(seed)
    y = rng.integers(0, len(CLASSES), rows)

    def of_class(values: dict[str, float]) -> NDArray[np.float64]:
        return np.array([values[name] for name in CLASSES])[y]

    mass = np.exp(rng.normal(of_class({"g": 3.6, "q": 3.2, "t": 4.4, "w": 3.7, "z": 3.8}), 0.7))
    centre = of_class({name: PEAKS.get(name, (0.0, 1.0))[0] for name in CLASSES})
    spread = of_class({name: PEAKS.get(name, (0.0, 1.0))[1] for name in CLASSES})
    peaked = (centre > 0) & (rng.random(rows) < RESOLVED)
    mass = np.where(peaked, np.maximum(rng.normal(centre, spread), 1.0), mass)
    two = rng.normal(np.where(peaked, of_class({k: v[0] for k, v in PRONGS.items()}), 0.1), 1.0)
    three = rng.normal(np.where(peaked, of_class({k: v[1] for k, v in PRONGS.items()}), 0.1), 1.0)
    heavy, momentum = np.log(mass), rng.normal(0.0, 1.0, rows)
    count = rng.normal(of_class(PARTICLES), 0.28) + 0.08 * (heavy - 4.0) + 0.05 * momentum

    def seen(value: NDArray[np.float64], noise: float) -> NDArray[np.float64]:
        return value + noise * rng.normal(0.0, 1.0, rows)

    columns = {
        "zlogz": -seen(0.9 * count - 0.15 * two, 0.15),
        "c1_b0_mmdt": seen(0.3 * count - 0.1 * momentum, 0.08),
        "c1_b1_mmdt": np.exp(seen(0.8 * heavy - 0.3 * momentum - 5.0, 0.15)),
        "c1_b2_mmdt": np.exp(seen(1.6 * heavy - 0.6 * momentum - 10.0, 0.2)),
        "c2_b1_mmdt": np.exp(seen(0.3 * three + 0.2 * two + 0.2 * heavy - 3.0, 0.15)),
        "c2_b2_mmdt": np.exp(seen(0.6 * three + 0.4 * two + 0.4 * heavy - 6.0, 0.25)),
        "d2_b1_mmdt": np.exp(seen(0.45 * two + 0.1 * heavy, 0.15)),
        "d2_b2_mmdt": np.exp(seen(0.8 * two + 0.2 * heavy, 0.25)),
        "d2_a1_b1_mmdt": np.exp(seen(0.4 * two + 0.15 * three, 0.15)),
        "d2_a1_b2_mmdt": np.exp(seen(0.7 * two + 0.3 * three, 0.25)),
        "m2_b1_mmdt": np.exp(seen(0.3 * two - 0.2 * count - 2.0, 0.12)),
        "m2_b2_mmdt": np.exp(seen(0.5 * two - 0.2 * count - 4.0, 0.2)),
        "n2_b1_mmdt": seen(0.08 * two - 0.04 * three + 0.3, 0.03),
        "n2_b2_mmdt": seen(0.05 * two - 0.03 * three + 0.2, 0.025),
        "mass_mmdt": np.maximum(seen(mass, 2.0), 0.0),
        "multiplicity": np.maximum(np.round(np.exp(seen(count, 0.03))), 1.0),
    }
    return np.stack([columns[name] for name in FEATURES], axis=1).astype(np.float32), y


def table(rows: int, seed: int) -> Dataset:
    """A fifth of the rows for test."""
    x, y = look_alike(rows, seed)
    cut = rows - rows // 5
    return Dataset("jets, a look-alike", x[:cut], y[:cut], x[cut:], y[cut:], FEATURES, CLASSES)


Rows = tuple[NDArray[np.float32], NDArray[np.int64]]


def trees(data: Dataset, further: Rows) -> dict[str, float]:
    """The shares of test and further rows that gradient boosting is right on, its rounds ended by held-out rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=500, learning_rate=0.08, early_stopping=True, n_iter_no_change=15, random_state=0
    )
    model.fit(data.x_train, data.y_train)
    return {"trees": float(model.score(data.x_test, data.y_test)), "trees_further": float(model.score(*further))}


def network(data: Dataset, further: Rows, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The best of the front, as searched and as yosys leaves it: encoder included, class out."""
    base = TrainConfig(encoder=options.encoder, threads=1, seed=options.seed)
    limits = Limits(options.max_luts)
    front = search(
        data, base, "xilinx", limits, folder, seconds=1e6, storage=f"sqlite:///{folder}/search.db",
        trials=options.trials, on_trial=lambda *told: print("trial", *told, flush=True),
    )  # fmt: skip
    best = front.nets[-1]
    model = load_model(folder / best.file)
    return {
        "file": best.file,
        "validation_accuracy": best.accuracy,
        "test_accuracy": best.test_accuracy,
        "further_accuracy": float((simulate(optimised(model), further[0])[1] == further[1]).mean()),
        "settings": dict(best.settings),
        "levels": best.area.levels,
        "front": [[net.area.luts, net.test_accuracy] for net in front.nets],
        **cells(model),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="a fifth of them for test")
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--max-luts", type=int, default=1600)
    parser.add_argument("--encoder", default="quantile:31")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="gets the networks, and is gone on with")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    data, further = table(options.rows, options.seed), look_alike(options.rows, options.seed + 1)
    before = time.process_time()
    with tempfile.TemporaryDirectory() as place:
        folder = options.folder or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        found = {"data": data.name, **trees(data, further), **network(data, further, options, folder)}
    found["share_of_trees"] = found["further_accuracy"] / found["trees_further"]
    found["cpu_seconds"] = round(time.process_time() - before, 1)
    print("\n".join(f"{key}: {value}" for key, value in found.items()))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
