"""Training data for `adc`: 32 samples of a 10-bit converter, of a sine, a square or a triangle wave that rises through
the middle just before the first.

usage: python waves.py waves.npz
"""

from __future__ import annotations

import sys

import numpy as np

SAMPLES, ROWS = 32, 1500


def main(path: str) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, ROWS)
    periods = rng.uniform(1.0, 2.0, (ROWS, 1))
    phase = (periods * np.arange(SAMPLES) / SAMPLES + rng.uniform(0, 0.03, (ROWS, 1))) % 1.0
    shapes = [np.sin(2 * np.pi * phase), np.sign(0.5 - phase), 1 - 4 * np.abs((phase + 0.25) % 1.0 - 0.5)]
    code = 512 + rng.uniform(350, 450, (ROWS, 1)) * np.choose(y[:, None], shapes) + rng.normal(0, 8, phase.shape)
    np.savez(path, x=np.clip(code, 0, 1023).astype(np.int16), y=np.array(["sine", "square", "triangle"])[y])


if __name__ == "__main__":
    main(sys.argv[1])
