"""What nextpnr packs of lgnc's Verilog on iCE40 and ECP5: the portable text, and the mapped form beside it.

    python benchmarks/verilog_packed.py [MODEL.lgn ...] [--family ice40 ecp5] [--sizes 60 100 200] [--out FILE.json]

Popcounts of ten classes of so many bits each, scores out; and of each model, optimised (-O2), scores out and class
out. Encoder's bits in, no registers. Cells are ICESTORM_LC (hx8k) or TRELLIS_COMB (85k) after `--pack-only`, with the
two or four that nextpnr spends on constants; yosys runs the folder's own script.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from lgnc.backends.artifact import Options
from lgnc.backends.verilog.emit import emit
from lgnc.backends.verilog.flow import SYNTHESIS
from lgnc.formats.source import load_source
from lgnc.ir.circuit import Circuit, Encoder, Head
from lgnc.passes.manager import run_pipeline
from lgnc.toolchain import require_tool, run

PACKERS = {
    "ice40": ("nextpnr-ice40", ("--hx8k", "--package", "ct256", "--pcf-allow-unconstrained"), "ICESTORM_LC"),
    "ecp5": ("nextpnr-ecp5", ("--85k", "--package", "CABGA756", "--lpf-allow-unconstrained"), "TRELLIS_COMB"),
}
CLASSES = 10


def packed(text: bytes, family: str) -> int:
    """Cells of a module `net` after packing."""
    tool, options, cell = PACKERS[family]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "x.v").write_bytes(text)
        script = f"read_verilog x.v\n{SYNTHESIS[family][0]} -top net -json x.json\n"
        (folder / "x.ys").write_text(script)
        run([require_tool("yosys"), "-q", "x.ys"], cwd=folder, timeout=3000)
        command = [require_tool(tool), *options, "--json", "x.json", "--pack-only", "--log", "x.log", "--quiet"]
        run(command, cwd=folder, timeout=3000)
        found = re.findall(rf"{cell}:\s*(\d+)/", (folder / "x.log").read_text())
    return int(found[-1])


def both(circuit: Circuit, outputs: str, family: str) -> dict[str, Any]:
    """Cells of the portable text and of the mapped form, bits in."""
    bits = circuit.with_(encoder=Encoder.binary(tuple(f"x{k}" for k in range(circuit.inputs))))
    made = emit(bits, Options("net", {"family": family, "outputs": outputs}))
    before, after = (packed(made.files[f"net{ending}.v"], family) for ending in ("", f"_{family}"))
    said = made.details["verilog"]["mapped"]
    row = {"family": family, "outputs": outputs, "portable": before, "mapped": after}
    return row | {"ratio": round(after / before, 3), "counted": said["cells"], "levels": said["levels"]}


def popcount(bits: int) -> Circuit:
    """Ten classes of so many bits each, which are the inputs."""
    count = CLASSES * bits
    none = np.zeros(0, np.int32)
    starts = np.arange(CLASSES + 1, dtype=np.int32) * bits
    head = Head(tuple("0123456789"), starts, np.zeros(CLASSES, np.int32))
    encoder = Encoder.binary(tuple(f"x{k}" for k in range(count)))
    return Circuit(encoder, np.zeros(0, np.uint8), none, none, np.arange(0, 2 * count, 2, dtype=np.int32), head)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--family", nargs="+", default=list(PACKERS), choices=list(PACKERS))
    parser.add_argument("--sizes", nargs="*", type=int, default=[60, 100, 200])
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = []
    for family in given.family:
        for size in given.sizes:
            row = {"bits": size, **both(popcount(size), "scores", family)}
            for form in ("portable", "mapped"):
                row[f"{form}_a_bit"] = round(row[form] / (CLASSES * size), 3)
            rows.append(row)
            print(row, flush=True)
        for path in given.models:
            circuit, _ = run_pipeline(load_source(path).circuit, 2)
            for outputs in ("scores", "class"):
                rows.append({"model": path.name, "gates": circuit.gates, **both(circuit, outputs, family)})
                print(rows[-1], flush=True)
    if given.out:
        given.out.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
