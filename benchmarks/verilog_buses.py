"""Every bus of the Verilog target under cocotb, with cocotbext-axi's masters and sinks: results against numpy's.

    python benchmarks/verilog_buses.py [--results 10000] [--out FILE.json]

Five cores of random gates, of different feature types, beats, outputs and registers. Each runs behind ports alone, a
handshake, AXI4-Stream, AXI4-Lite registers and a serial line (that one a tenth as often), with random stalls on both
sides, packets that are too short, too long or in error, and hard and soft resets. A wrong result ends the run.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
from pathlib import Path
from typing import Any

from lgnc.formats import lift
from tests.backends.buses import KINDS, check
from tests.support import random_features, random_model

CORES: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({"dtype": "bool", "features": 40, "classes": 2}, {"outputs": "class"}),
    ({"dtype": "uint8", "features": 16, "classes": 10, "width": 120}, {"outputs": "both"}),
    ({"dtype": "int8", "features": 9, "classes": 5}, {"outputs": "scores", "stages": 4}),
    ({"dtype": "int16", "features": 12, "classes": 3}, {"outputs": "both", "pipeline_depth": 1}),
    ({"dtype": "float32", "features": 7, "classes": 4}, {"outputs": "both", "popcount": "serial"}),
)
"""What the model is like, and the settings behind a clock."""

BEATS = (7, 32, 12, 64, 3)
ROWS = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--results", type=int, default=10_000, help="at least so many through each bus, but the serial line"
    )
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows, totals = [], dict.fromkeys(KINDS, 0)
    for number, ((model, clocked), beat) in enumerate(zip(CORES, BEATS, strict=True)):
        circuit = lift(random_model(number, layers=2, **model))
        x = random_features(circuit, ROWS)
        for kind in KINDS:
            settings = {"outputs": clocked["outputs"]} if kind == "parallel" else dict(clocked)
            settings |= {"beat_width": beat} if kind in ("axis", "axil") else {}
            each = -(-given.results // len(CORES) // (10 if kind == "serial" else 1))
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            with tempfile.TemporaryDirectory() as place:
                found = check(Path(place), circuit, kind, x, each, seed=number, **settings)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            totals[kind] += found["results"]
            rows.append({"core": number, "bus": kind, **found, "cpu_seconds": round(seconds, 1)})
            print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    print(
        ", ".join(f"{count} through {kind}" for kind, count in totals.items()),
        f"{sum(totals.values())} in all, none wrong",
    )
    if given.out:
        given.out.write_text(json.dumps({"totals": totals, "jobs": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
