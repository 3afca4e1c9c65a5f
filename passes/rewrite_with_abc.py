"""DAG-aware rewriting and resubstitution by ABC, an outside tool: handed over as AIGER, taken back, kept when better.

It stands above the passes because it needs files and a program; the pass manager knows it by name.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lgnc.diagnostics import Failed
from lgnc.files import read_file
from lgnc.formats.read_aiger import circuit_from_aiger
from lgnc.formats.write_aiger import aiger_bytes, and_nodes
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

_QUICK = ("ifraig; drw; drf; resub -K 8 -l; resub -K 12 -N 3 -l", "dc2", "dc2")
_MORE = (
    _RESUBSTITUTE,
    f"dc2; {_RESUBSTITUTE}",
    f"&get -n; &dch -f; &syn4; &put; dc2; {_RESUBSTITUTE}",
    "if -K 6 -a; mfs2 -a -e; strash; dc2",
)
"""What ABC does, in turn; each step's result is a candidate. Steps without balancing leave XORs whole."""

_LARGE = 20_000
"""Gates above which the steps of _MORE, whose time grows fast, are left out."""

_SLACK = 1000
"""A result with fewer AND nodes may have one gate more for so many gates: an XOR is three AND nodes but one gate."""


def rewrite_with_abc(circuit: Circuit, *, required: bool = True, limit: int = 100_000) -> Circuit:
    """The best of what ABC makes of the circuit, with XOR gates recovered, when it has fewer AND nodes, or as many and
    fewer gates; else the circuit as it is.

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
    best = bare
    for result in _through_abc(bare):
        found, _ = run_pipeline(result, 2)
        if found.gates <= circuit.gates + circuit.gates // _SLACK and _cost(found) < _cost(best):
            best = found
    if best is bare:
        return circuit
    what = difference(bare, best)[1]
    if what:
        raise Failed(f"gave back a different circuit: {what}", where="yosys-abc", fix="leave out rewrite_with_abc")
    return best.with_(encoder=circuit.encoder, head=circuit.head, output_names=circuit.output_names)


def _cost(circuit: Circuit) -> tuple[int, int, int]:
    """(AND nodes, equal ones counted once; gates; depth)."""
    _, left, right = and_nodes(circuit)
    return len(np.unique(left << 32 | right)), circuit.gates, circuit.depth


def _through_abc(circuit: Circuit) -> Iterator[Circuit]:
    """The circuit after each of ABC's steps."""
    program = require_tool("yosys-abc")
    steps = _QUICK if circuit.gates > _LARGE else _QUICK + _MORE
    with tempfile.TemporaryDirectory(prefix="lgnc-") as folder:
        Path(folder, "in.aig").write_bytes(aiger_bytes(circuit))
        results = [Path(folder, f"out{number}.aig") for number in range(len(steps))]
        words = [f"{step}; write_aiger -s {result.name}" for step, result in zip(steps, results, strict=True)]
        run([program, "-q", "; ".join(["read_aiger in.aig; strash", *words])], cwd=Path(folder))
        for result in results:
            yield circuit_from_aiger(read_file(result), "yosys-abc")
