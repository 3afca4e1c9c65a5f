"""DAG-aware rewriting and resubstitution by ABC, an outside tool: handed over as AIGER, taken back, kept when better.

It stands above the passes because it needs files and a program; the pass manager knows it by name.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from lgnc.backends.aiger import aiger_bytes
from lgnc.diagnostics import Failed
from lgnc.files import read_file
from lgnc.frontend.aiger import circuit_from_aiger
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.passes.compare import difference
from lgnc.passes.manager import run_pipeline
from lgnc.toolchain import find_tool, require_tool, run

_RESUBSTITUTE = (
    "balance -l; resub -K 6 -l; rewrite -l; resub -K 6 -N 2 -l; refactor -l; resub -K 8 -l; balance -l; "
    "resub -K 8 -N 2 -l; rewrite -l; resub -K 10 -l; rewrite -z -l; resub -K 10 -N 2 -l; balance -l; "
    "resub -K 12 -l; refactor -z -l; resub -K 12 -N 2 -l; rewrite -z -l; balance -l"
)
ABC_SCRIPT = f"strash; ifraig; dc2; dc2; {_RESUBSTITUTE}"
"""ABC's own `compress2rs`, spelt out because the alias is in a file that may not be installed, after SAT sweeping."""

_QUICK_SCRIPT = "strash; ifraig; dc2; dc2"
_LARGE = 20_000
"""Gates above which resubstitution, whose time grows fast, is left out."""


def rewrite_with_abc(circuit: Circuit, *, required: bool = True, limit: int = 100_000) -> Circuit:
    """The circuit as ABC rewrites it, with XOR gates recovered, when that has fewer gates; else as it is.

    ABC sees AND nodes, so what comes back goes through -O2. Layer metadata is lost where ABC's result is taken.
    required: when false and ABC is not installed, the circuit is returned. limit: circuits with more gates are
    returned too, for time. Raises ToolMissing, and Failed when ABC fails or what it gives back is not equal.
    """
    if circuit.gates > limit or not circuit.gates or (not required and find_tool("yosys-abc") is None):
        return circuit
    bare = circuit.with_(
        encoder=Encoder.binary(tuple(f"i{k}" for k in range(circuit.inputs))),
        head=None,
        output_names=tuple(f"o{k}" for k in range(len(circuit.outputs))),
        layer=None,
    )
    found, _ = run_pipeline(_through_abc(bare), 2)
    if (found.gates, found.depth) >= (circuit.gates, circuit.depth):
        return circuit
    what = difference(bare, found)[1]
    if what:
        raise Failed(f"gave back a different circuit: {what}", where="yosys-abc", fix="leave out rewrite_with_abc")
    return found.with_(encoder=circuit.encoder, head=circuit.head, output_names=circuit.output_names)


def _through_abc(circuit: Circuit) -> Circuit:
    program = require_tool("yosys-abc")
    with tempfile.TemporaryDirectory(prefix="lgnc-") as folder:
        source, result = Path(folder, "in.aig"), Path(folder, "out.aig")
        source.write_bytes(aiger_bytes(circuit))
        script = ABC_SCRIPT if circuit.gates <= _LARGE else _QUICK_SCRIPT
        run([program, "-q", f"read_aiger {source.name}; {script}; write_aiger -s {result.name}"], cwd=Path(folder))
        return circuit_from_aiger(read_file(result), "yosys-abc")
