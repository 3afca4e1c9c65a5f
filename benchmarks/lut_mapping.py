"""Tables and depth of lgnc's own mapper beside `yosys-abc`'s `if -K` on the same circuits.

    python benchmarks/lut_mapping.py [CIRCUIT_OR_MODEL ...] [--epfl FOLDER] [--out FILE.json]

Models are mapped whole: bits in, class out (`lower_head`), after -O2; other circuits as they are. ABC reads the same
gates as AIGER and maps them after `strash`. An inverted output costs ABC a table where its gate is read uninverted too.
Times are CPU seconds of this process, and wall seconds of ABC's, its start and reading included.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from lgnc.formats.source import load_source
from lgnc.formats.write_aiger import aiger_bytes
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.mapping.lut_map import map_luts
from lgnc.passes.manager import load_pass, run_pipeline
from lgnc.toolchain import require_tool, run


def abc_tables(circuit: Circuit, k: int) -> tuple[int, int, float]:
    """(tables, depth, wall seconds) of ABC."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "x.aig").write_bytes(aiger_bytes(circuit))
        script = f"read_aiger x.aig; strash; if -K {k}; print_stats"
        began = time.perf_counter()
        text = run([require_tool("yosys-abc"), "-q", script], cwd=Path(folder)).decode()
        seconds = time.perf_counter() - began
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    nodes, levels = re.search(r"nd *= *(\d+)", plain), re.search(r"lev *= *(\d+)", plain)
    if nodes is None or levels is None:
        raise SystemExit(f"cannot read what ABC printed: {plain}")
    return int(nodes[1]), int(levels[1]), seconds


def rows(name: str, circuit: Circuit) -> list[dict[str, Any]]:
    """One row a table size."""
    found = []
    for k in (4, 6):
        began = time.process_time()
        network = map_luts(circuit, k)
        seconds = time.process_time() - began
        tables, depth, theirs = abc_tables(circuit, k)
        row = {
            "name": name,
            "gates": network.circuit.gates,
            "k": k,
            "tables": network.count,
            "abc_tables": tables,
            "ratio": round(network.count / max(1, tables), 3),
            "depth": network.depth,
            "abc_depth": depth,
            "cpu_seconds": round(seconds, 2),
            "abc_seconds": round(theirs, 2),
        }
        print(json.dumps(row), flush=True)
        found.append(row)
    return found


def main() -> int:
    """Print a row a circuit and table size, and the geometric means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("circuits", nargs="*", type=Path)
    parser.add_argument("--epfl", type=Path)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    found = []
    for path in [*chosen.circuits, *sorted((chosen.epfl or Path("/nonexistent")).glob("*.aig"))]:
        source = load_source(path)
        circuit = source.circuit
        if source.model is not None:
            binary = Encoder.binary(tuple(f"i{k}" for k in range(circuit.inputs)))
            circuit, _ = run_pipeline(load_pass("lower_head")(circuit.with_(encoder=binary)), 2)
        found += rows(path.stem, circuit)
    for k in (4, 6):
        ratios = [row["ratio"] for row in found if row["k"] == k]
        if ratios:
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
            print(f"K = {k}: tables against ABC's, geometric mean {mean:.3f} of {len(ratios)} circuits")
    if chosen.out:
        chosen.out.write_text(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
