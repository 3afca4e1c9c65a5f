"""How many rows of digits are proven safe, or flipped, within a radius, and what a row takes.

    python benchmarks/robustness.py [--rows 100] [--radius 1] [--thresholds 3,8,15]

For each number of thresholds: trains on digits, asks `lgnc ask --robust digits --radius R --steps` about test rows, one
by one, and prints the shares and CPU seconds per row.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lgnc.formats.lgn import Model

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--radius", default="1")
    parser.add_argument("--thresholds", default="3,8,15")
    asked = parser.parse_args()
    import lgnc
    from lgnc.data import load_dataset

    rows = load_dataset("digits").x_test[: asked.rows]
    for count in asked.thresholds.split(","):
        model = lgnc.train("digits", encoder=f"thermometer:{count}", threads=1)
        for radius in asked.radius.split(","):
            print(f"{count} thresholds, radius {radius}: {measure(model, rows, int(radius))}", flush=True)
    return 0


def measure(model: Model, rows: NDArray[Any], radius: int) -> str:
    """A line about one network and radius."""
    import lgnc

    seconds, words = [], []
    for row in rows:
        started = time.process_time()
        words.append(lgnc.ask(model, robust=row[None], radius=radius, steps=True).answers[0].word)
        seconds.append(time.process_time() - started)
    taken = np.array(seconds)
    decided = np.mean([word != "undecided" and each <= 1 for word, each in zip(words, taken, strict=True)])
    told = ", ".join(f"{words.count(word)} {word}" for word in sorted(set(words)))
    figures = f"{taken.mean():.3f} CPU s on average, {np.quantile(taken, 0.95):.3f} at 95 %, {taken.max():.3f} at most"
    return f"{told}; {figures}; decided in 1 s: {100 * decided:.1f} %"


if __name__ == "__main__":
    sys.exit(main())
