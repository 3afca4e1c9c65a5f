"""What yosys makes of a compiled Verilog folder: LUTs, flip-flops and levels of each module and of the whole."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from lgnc.backends.artifact import Options
from lgnc.backends.table import target_of
from lgnc.backends.verilog.flow import synthesis_steps
from lgnc.diagnostics import BadInput, Failed
from lgnc.flows.compile import Compiled, with_files
from lgnc.formats.source import Source
from lgnc.passes.manager import run_pipeline
from lgnc.toolchain import require_tool, run

_LUT = re.compile(r"LUT[1-6]|LUT6_2|SB_LUT4|CC_LUT[12]|CC_L2T[45]|CC_MX[24]")
"""Look-up tables. GateMate's are trees of tables of two inputs, and multiplexers, which take the same cells."""
_FLIP_FLOP = re.compile(r"SB_DFF\w*|TRELLIS_FF|FD[RSCP]E?(_1)?|SRL\w+|DFFN?[SRPC]?E?|CC_DFF")
_THROUGH = re.compile(rf"{_LUT.pattern}|MUXF[78]|PFUMX|L6MUX21|INV|CARRY[48]|SB_CARRY|CCU2C")
"""Cells that a combinational path goes through; only LUTs count as a level."""
_TIMEOUT = 3600.0

Netlist = Mapping[str, Any]
"""yosys' JSON: `modules` -> NAME -> `cells`, `attributes`."""


@dataclass(frozen=True)
class Counts:
    """luts: of any size. depth: LUTs on the longest path between registers or ports; None where not asked for."""

    luts: int
    flip_flops: int
    depth: int | None = None


def read_netlist(path: Path) -> Netlist:
    """A netlist that yosys wrote. Raises Failed when it is none."""
    try:
        netlist = json.loads(path.read_bytes())
        netlist["modules"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise Failed("wrote no netlist", where="yosys", fix="see 'lgnc doctor'") from None
    return dict(netlist)


def cell_counts(netlist: Netlist) -> Counts:
    """The LUTs and flip-flops of all modules of a netlist, each of which is instantiated once."""
    kinds = list(cell_types(netlist).elements())
    return Counts(sum(bool(_LUT.fullmatch(kind)) for kind in kinds), sum(bool(_FLIP_FLOP.fullmatch(k)) for k in kinds))


def cell_types(netlist: Netlist) -> Counter[str]:
    """How many cells of each type all modules of a netlist have, each of which is instantiated once."""
    return Counter(cell["type"] for module in _own(netlist).values() for cell in module["cells"].values())


def logic_cells(netlist: Netlist) -> int:
    """Cells of a LUT and a flip-flop each that a netlist needs: both share one where the LUT feeds that flip-flop."""
    needed = 0
    for module in _own(netlist).values():
        made: set[int] = set()
        read: Counter[int] = Counter()
        held: list[int] = []
        for cell in module["cells"].values():
            is_lut, is_register = _LUT.fullmatch(cell["type"]), _FLIP_FLOP.fullmatch(cell["type"])
            needed += bool(is_lut or is_register)
            for port, bits in cell["connections"].items():
                if cell["port_directions"][port] == "input":
                    read.update(bits)
                    held += bits if is_register and port == "D" else []
                elif is_lut:
                    made.update(bits)
        read.update(bit for port in module["ports"].values() for bit in port["bits"])
        needed -= sum(bit in made and read[bit] == 1 for bit in held)
    return needed


def _own(netlist: Netlist) -> dict[str, Any]:
    """The modules that are not a vendor's cells."""
    boxes = ("blackbox", "whitebox")
    modules = netlist["modules"].items()
    return {name: module for name, module in modules if not any(box in module["attributes"] for box in boxes)}


def depth_of(module: Mapping[str, Any]) -> int:
    """LUTs on the longest combinational path of a module. Raises Failed for a loop."""
    driver: dict[int | str, str] = {}
    reads: dict[str, list[int | str]] = {}
    for name, cell in module["cells"].items():
        if not _THROUGH.fullmatch(cell["type"]):
            continue
        direction = cell["port_directions"]
        reads[name] = [b for port, bits in cell["connections"].items() if direction[port] == "input" for b in bits]
        driver |= {b: name for port, bits in cell["connections"].items() if direction[port] == "output" for b in bits}
    before = {name: [driver[b] for b in bits if b in driver] for name, bits in reads.items()}
    level: dict[str, int] = {}
    try:
        for name in TopologicalSorter(before).static_order():
            own = 1 if _LUT.fullmatch(module["cells"][name]["type"]) else 0
            level[name] = own + max((level[each] for each in before[name]), default=0)
    except CycleError:
        raise Failed("the netlist has a combinational loop", where="yosys", fix="compile the folder again") from None
    return max(level.values(), default=0)


def synthesise(files: Mapping[str, bytes], name: str, family: str) -> dict[str, Counts]:
    """Counts by module of `NAME.v`, or of its mapped form where there is one, and of `all` and `all but the encoder`.

    Modules are kept apart, as their `keep_hierarchy` says, so that the rows add up. Raises ToolMissing without yosys,
    Failed when it fails.
    """
    encoder = f"{name}_encoder"
    source = f"{name}_{family}.v" if f"{name}_{family}.v" in files else f"{name}.v"
    script = "; ".join(
        [
            f"read_verilog {source}",
            f"setattr -mod -set keep_hierarchy 1 {name}_*",
            *synthesis_steps(family, name),
            "json -o modules.json *",
            "setattr -mod -unset keep_hierarchy *",
            "design -save mapped",
            "flatten",
            "json -o all.json *",
            "design -load mapped",
            f"delete {name}/t:{encoder}",
            "flatten",
            "json -o bits.json *",
        ]
    )
    with tempfile.TemporaryDirectory(prefix="lgnc-synthesis-") as place:
        folder = Path(place)
        (folder / source).write_bytes(files[source])
        (folder / "report.ys").write_text(script.replace("; ", "\n") + "\n")
        run([require_tool("yosys"), "-q", "report.ys"], cwd=folder, timeout=_TIMEOUT)
        modules, whole, bits = (read_netlist(folder / f"{each}.json") for each in ("modules", "all", "bits"))
    rows = {}
    for module, cells in sorted(_own(modules).items(), key=lambda row: _order(name, row[0])):
        counts = cell_counts({"modules": {module: cells}})
        label = module.removeprefix(f"{name}_") if module != name else "top"
        rows[label] = Counts(counts.luts, counts.flip_flops, depth_of(cells))
    total = cell_counts(modules)
    rows["all"] = Counts(total.luts, total.flip_flops, depth_of(whole["modules"][name]))
    own = rows.get("encoder", Counts(0, 0))
    rest = Counts(total.luts - own.luts, total.flip_flops - own.flip_flops, depth_of(bits["modules"][name]))
    return {**rows, "all but the encoder": rest}


def _order(name: str, module: str) -> tuple[int, str]:
    known = [f"{name}_{each}" for each in ("encoder", "gates", "popcount", "argmax", "cells", "control")]
    return (known.index(module) if module in known else len(known) + (module == name), module)


def add_report(compiled: Compiled, source: Source, family: str) -> Compiled:
    """The folder with `synthesis` in its manifest: `family` and a row per module, as trained (`raw_...`) and
    as compiled.

    Raises BadInput for a folder that is not Verilog, and as `synthesise` does.
    """
    target = target_of(compiled.manifest["target"])
    if not target.hardware:
        raise BadInput("only Verilog is synthesised", where="--report-synthesis", fix="use it with -t verilog")
    name, given = compiled.manifest["name"], compiled.manifest["options"]
    options = {setting: given[setting] for setting in target.own_settings if setting in given}
    simplified = synthesise(compiled.files, name, family)
    circuit, _ = run_pipeline(source.circuit, 0)
    raw = synthesise(target.emit(circuit, Options(name, options)).files, name, family)
    return with_files(compiled, {}, {"synthesis": {"family": family, "modules": report_rows(raw, simplified)}})


def report_rows(raw: Mapping[str, Counts], simplified: Mapping[str, Counts]) -> list[dict[str, Any]]:
    """One row per module: its counts as compiled, and as trained under `raw_...`."""
    rows, none = [], Counts(0, 0, 0)
    for module in dict.fromkeys([*simplified, *raw]):
        before = {f"raw_{key}": value for key, value in asdict(raw.get(module, none)).items()}
        rows.append({"module": module, **asdict(simplified.get(module, none)), **before})
    return rows
