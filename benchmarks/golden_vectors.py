"""How many planted faults the golden vectors of the C target see, on nets of five kinds.

    python benchmarks/golden_vectors.py [--faults 200] [--out FILE.json]

A threshold in use is moved by one step, a gate becomes another one, and a gate is wrong in one row of its truth table.
The nets are random, at -O2, and always the same.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from lgnc.backends.c.golden import golden
from lgnc.backends.c.project import answers, self_test_source
from tests.backends.faults import (
    digits_like,
    few_columns,
    mixed_scale,
    moved_threshold,
    narrow,
    nearly_the_gate,
    other_gate,
    pixels,
)

NETWORKS = (digits_like, mixed_scale, narrow, few_columns, pixels)
FAULTS = (moved_threshold, other_gate, nearly_the_gate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    found = []
    for network in NETWORKS:
        name, circuit = network.__name__, network()
        started = time.process_time()
        vectors = golden(circuit)
        row = {"net": name, "gates": circuit.gates, **vectors.facts, "cpu_s": round(time.process_time() - started, 2)}
        row["test_bytes"] = len(self_test_source(circuit, vectors))
        right = answers(circuit, vectors.rows)
        for fault in FAULTS:
            rng = np.random.default_rng(0)
            seen = [(answers(fault(circuit, rng), vectors.rows) != right).any() for _ in range(args.faults)]
            row[fault.__name__] = int(np.count_nonzero(seen))
        found.append(row)
        print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    if args.out:
        args.out.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
