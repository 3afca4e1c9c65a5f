"""What clock nextpnr reaches with the AXI4-Stream wrapper on an LFE5U-85F, speed grade 6: the mapped form, routed.

    python benchmarks/verilog_clock.py MODEL.lgn ... [--depth 1] [--outputs class] [--seed 1] [--out FILE.json]

Every port but the clock goes through a register of the bench's own, so that pins, which a design inside a chip does
not have, pull none of the wrapper's registers to the edge. Paths from and to pins are not counted.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from pathlib import Path
from typing import Any

from lgnc.backends.artifact import Options
from lgnc.backends.verilog.emit import emit
from lgnc.flows.bitstream import read_route_log
from lgnc.formats.source import load_source
from lgnc.passes.manager import run_pipeline
from lgnc.toolchain import require_tool, run

ROUTER = ("--85k", "--package", "CABGA756", "--speed", "6", "--lpf-allow-unconstrained", "--timing-allow-fail")
HOURS = 3 * 3600.0


def registered(wrapper: str) -> str:
    """A module `bench` around the wrapper of this text, a register at every port."""
    ports = re.findall(
        r"^  (input|output) (?:wire|reg) (\[\d+:0\] )?(\w+)", wrapper[: wrapper.index(");")], re.MULTILINE
    )
    rest = [port for port in ports if port[2] != "aclk"]
    shown = [f"  {way} {'wire' if way == 'input' else 'reg'} {width}{name}" for way, width, name in rest]
    inside = [f"  {'reg' if way == 'input' else 'wire'} {width}{name}_r;" for way, width, name in rest]
    moved = [f"    {name}_r <= {name};" if way == "input" else f"    {name} <= {name}_r;" for way, _, name in rest]
    joined = ", ".join(f".{name}({name}_r)" for _, _, name in rest)
    head = ["module bench (", "  input wire aclk,", ",\n".join(shown), ");", *inside]
    instance = f"  net_axis dut (.aclk(aclk), {joined});"
    return "\n".join([*head, instance, "  always @(posedge aclk) begin", *moved, "  end", "endmodule", ""])


def routed(path: Path, settings: dict[str, Any], seed: int) -> dict[str, Any]:
    """Clock and cells of a model."""
    circuit, _ = run_pipeline(load_source(path).circuit, 2)
    made = emit(circuit, Options("net", {"interface": "axis", "family": "ecp5", **settings}))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, data in made.files.items():
            (folder / name).write_bytes(data)
        (folder / "bench.v").write_text(registered(made.files["net_axis.v"].decode()))
        script = made.files["synth_ecp5.ys"].decode().replace("net_axis.v", "net_axis.v bench.v", 1)
        (folder / "bench.ys").write_text(script.replace("-top net_axis", "-top bench"))
        run([require_tool("yosys"), "-q", "bench.ys"], cwd=folder, timeout=HOURS)
        options = ("--json", "net_ecp5.json", "--textcfg", "net.config", "--freq", "250", "--seed", str(seed))
        command = [require_tool("nextpnr-ecp5"), *ROUTER, *options, "--quiet", "--log", "route.log"]
        run(command, cwd=folder, timeout=HOURS)
        log = (folder / "route.log").read_text()
    counts = {kind: int(count) for kind, count in re.findall(r"(TRELLIS_FF|TRELLIS_COMB):\s*(\d+)/", log)}
    facts = made.details["verilog"]
    shape = {"beats": facts["axis"]["beats"], "stages": facts["mapped"]["stages"]}
    return {"model": path.name, **settings, "seed": seed, **shape, **counts, "mhz": read_route_log(log)["fmax_mhz"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--depth", type=int, default=1)
    parser.add_argument("--outputs", default="class")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = []
    for path in given.models:
        rows.append(routed(path, {"outputs": given.outputs, "pipeline_depth": given.depth}, given.seed))
        print(rows[-1], flush=True)
    if given.out:
        given.out.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
