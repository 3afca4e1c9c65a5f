"""Vectors through every interface of the Verilog target, stalls and resets included, and how many were wrong.

    python benchmarks/verilog_vectors.py [--vectors 100000] [--out FILE.json]

Random networks of several feature types are written with every interface. The folder's own testbenches then run under
Icarus on vectors of their own number: a clocked one sends half of them and resets, sends all with stalls on both sides
and resets, and sends all at full speed; every result is compared with the IR's. Counted are different vectors that a
testbench passed, not how often each went through. A fault ends the run. The serial line's testbench takes 64 each.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from lgnc.backends.artifact import Options
from lgnc.backends.verilog.emit import emit
from lgnc.backends.verilog.parts import interface
from lgnc.backends.verilog.testbench import VECTORS, expected, hex_lines, stimulus
from lgnc.diagnostics import Failed
from lgnc.formats import lift
from lgnc.ir.circuit import Circuit
from lgnc.toolchain import require_tool, run
from tests.support import random_model

JOBS: tuple[dict[str, Any], ...] = (
    {"interface": "parallel"},
    {"interface": "parallel", "outputs": "scores", "pipeline_depth": 5},
    {"interface": "stream"},
    {"interface": "stream", "stages": 4, "outputs": "class"},
    {"interface": "axis", "beat_width": 32},
    {"interface": "axis", "beat_width": 8, "stages": 6, "outputs": "class"},
    {"interface": "serial", "outputs": "class"},
)
SERIAL_ROWS = 64
DTYPES = ("bool", "uint8", "int8", "int16")


def check(circuit: Circuit, settings: dict[str, Any], count: int) -> None:
    """Run the folder's testbench on `count` vectors. Raises Failed when one is wrong."""
    artifact = emit(circuit, Options("net", settings))
    results = interface(circuit, settings.get("outputs", "both")).results
    held = max(count, VECTORS)
    bits, words = stimulus(circuit.encoder, held)
    vectors = {"net_vectors.hex": hex_lines(words), "net_expected.hex": hex_lines(expected(circuit, bits, results))}
    wrapper = f"net_{settings['interface']}"
    modules = ["net", wrapper] if f"{wrapper}.v" in artifact.files else ["net"]
    bench = f"tb_{modules[-1]}"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, data in {**artifact.files, **vectors}.items():
            (folder / name).write_bytes(data)
        sources = [f"{each}.v" for each in (*modules, bench)]
        run([require_tool("iverilog"), "-g2001", f"-P{bench}.COUNT={held}", "-o", "a.vvp", *sources], cwd=folder)
        said = run([require_tool("vvp"), "-N", "a.vvp"], cwd=folder, timeout=3600).decode()
    if f"PASS: {count} vectors" not in said:
        raise Failed(f"the testbench says: {said[-200:]}", where=bench)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=int, default=100_000, help="at least so many in all")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    jobs = [(dtype, settings) for dtype in DTYPES for settings in JOBS]
    each = -(-given.vectors // sum(settings["interface"] != "serial" for _, settings in jobs))
    rows, total = [], 0
    for seed, (dtype, settings) in enumerate(jobs):
        circuit = lift(random_model(seed, dtype=dtype, features=32 if dtype == "bool" else 8, layers=2))
        count = SERIAL_ROWS if settings["interface"] == "serial" else max(each, VECTORS)
        spent = time.perf_counter()
        check(circuit, settings, count)
        total += count
        rows.append({"dtype": dtype, **settings, "vectors": count, "seconds": round(time.perf_counter() - spent, 1)})
        print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    figures = {"vectors": total, "mismatches": 0, "jobs": rows}
    print(f"{total} vectors, 0 mismatches")
    if given.out:
        given.out.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
