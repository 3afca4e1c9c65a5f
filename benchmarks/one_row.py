"""One row at a time on this machine: the C call itself and `lgnc.load(...).predict`, by tables, straight code, words.

    python benchmarks/one_row.py [MODEL.lgn] [--data digits] [--styles table straight words]

Without a model it trains one layer of 400 gates on the digits (learned wiring of 32 candidates, 80 epochs). Figures are
the least of seven runs, in CPU time, over all test rows; all forms' answers are compared with the circuit's first.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lgnc
from lgnc.backends.c.text import TYPES, macro_prefix
from lgnc.backends.thresholds import ELEMENT
from lgnc.data import load_dataset
from lgnc.diagnostics import Failed
from lgnc.ir.simulate import features_for, simulate
from lgnc.toolchain import require_tool, run

NAME, ROUNDS, RUNS = "net", 2000, 7
_MAIN = """
#include "net.h"
#include <stdio.h>
#include <time.h>
static const TYPE rows[][PREFIXFEATURES] = {ROWS};
int main(void)
{
    static unsigned char workspace[PREFIXWORKSPACE];
    const size_t n = sizeof rows / sizeof *rows;
    double best = 1e9;
    unsigned long sum = 0;
    for (int run = 0; run < RUNS; run++) {
        const clock_t from = clock();
        for (size_t i = 0; i < ROUNDS * n; i++) {
            int32_t found;
            net_predict_in(workspace, rows[i % n], 1, &found);
            sum += (unsigned long)found;
        }
        const double each = (double)(clock() - from) / CLOCKS_PER_SEC / (double)(ROUNDS * n);
        best = each < best ? each : best;
    }
    printf("%.1f %lu\\n", best * 1e9, sum);
    return 0;
}
"""


def c_nanoseconds(folder: Path, rows: NDArray[Any], element: str) -> float:
    """Of a call with one row, compiled by `cc -O2 -march=native`."""
    listed = ", ".join("{" + ", ".join(map(str, row.tolist())) + "}" for row in rows)
    words = {"PREFIX": macro_prefix(NAME), "ROWS": listed, "TYPE": element, "ROUNDS": f"{ROUNDS}u", "RUNS": str(RUNS)}
    text = _MAIN
    for word, value in words.items():
        text = text.replace(word, value)
    (folder / "main.c").write_text(text)
    program = folder / "main"
    run([require_tool("cc"), "-O2", "-march=native", "-o", program, folder / "main.c", folder / f"{NAME}.c"])
    return float(run([program]).split()[0])


def microseconds(call: Callable[[NDArray[Any]], object], rows: list[NDArray[Any]]) -> float:
    """Of a call from Python with one row."""
    best = float("inf")
    for _ in range(RUNS):
        began = time.process_time()
        for _ in range(20):
            for row in rows:
                call(row)
        best = min(best, (time.process_time() - began) / 20 / len(rows))
    return 1e6 * best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--styles", nargs="+", default=["table", "straight"], choices=["table", "straight", "words"])
    args = parser.parse_args()
    settings: dict[str, Any] = {
        "layers": 1,
        "width": 400,
        "wiring": "learned",
        "candidates": 32,
        "epochs": 80,
        "threads": 1,
    }
    model: Any = args.model or lgnc.train(args.data, **settings)
    dataset = load_dataset(args.data)
    with tempfile.TemporaryDirectory() as temporary:
        for style in args.styles:
            folder = Path(lgnc.compile(model, "c", Path(temporary) / style, name=NAME, style=style))
            circuit = lgnc.read(folder / f"{NAME}.lgir")
            x = features_for(circuit.encoder, dataset.x_test)
            network = lgnc.load(folder)
            rows = [x[row : row + 1] for row in range(len(x))]
            if not np.array_equal(np.concatenate([network.predict(row) for row in rows]), simulate(circuit, x)[1]):
                raise Failed("an answer is not the circuit's", where=style)
            stored = ELEMENT.get(circuit.encoder.dtype, circuit.encoder.dtype)
            nanoseconds = c_nanoseconds(folder, x.astype(stored), TYPES[stored][0])
            python = microseconds(network.predict, rows)
            print(f"{style}: {circuit.gates} gates, {nanoseconds:.0f} ns, from Python {python:.2f} us")


if __name__ == "__main__":
    main()
