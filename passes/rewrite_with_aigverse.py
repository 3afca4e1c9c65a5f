"""Rewriting, refactoring and resubstitution by aigverse (mockturtle), a Python package, where ABC is not installed.

Like `rewrite_with_abc`: handed over as AIGER, taken back, kept when better. It runs in a process of its own, so that
time is bounded and a crash of native code is an error like others.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from lgnc.diagnostics import Failed
from lgnc.files import read_file
from lgnc.formats.read_aiger import circuit_from_aiger
from lgnc.formats.write_aiger import aiger_bytes
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.passes.compare import difference
from lgnc.passes.manager import run_pipeline
from lgnc.toolchain import find_tool, package_version, require_package, run

_PROGRAM = """
import sys
from aigverse import algorithms, io
network = io.read_aiger_into_aig(sys.argv[1])
for step in sys.argv[3:]:
    name, _, inputs = step.partition(":")
    options = {"max_pis": int(inputs)} if inputs else {}
    network = algorithms.cleanup_dangling(getattr(algorithms, name)(network, **options))
io.write_aiger(network, sys.argv[2])
"""
"""python -c PROGRAM IN.aig OUT.aig STEP ...; a step: a function of aigverse.algorithms, and inputs of a window."""

_STEPS = (
    *("aig_resubstitution:8", "aig_cut_rewriting", "aig_resubstitution:10", "sop_refactoring"),
    *("aig_resubstitution:12", "aig_cut_rewriting", "sop_refactoring", "aig_resubstitution:12"),
)


def rewrite_with_aigverse(circuit: Circuit, *, required: bool = True, limit: int = 100_000) -> Circuit:
    """The circuit as aigverse rewrites it, with XOR gates recovered, when that has fewer gates, or as many and less
    depth; else as it is.

    aigverse sees AND nodes, so what comes back goes through -O2. Layer metadata is lost where its result is taken.
    required: when false, the circuit is returned where ABC is installed or aigverse is not. limit: circuits with more
    gates are returned too, for time. Raises ToolMissing, and Failed when aigverse fails or what it gives back differs.
    """
    if not required and (find_tool("yosys-abc") is not None or package_version("aigverse") is None):
        return circuit
    if circuit.gates > limit or not circuit.gates:
        return circuit
    outputs = tuple(f"o{k}" for k in range(len(circuit.outputs)))
    bare = circuit.with_(
        encoder=Encoder.binary(tuple(f"i{k}" for k in range(circuit.inputs))),
        head=None,
        output_names=outputs,
        layer=None,
    )
    found, _ = run_pipeline(_through_aigverse(bare).with_(output_names=outputs), 2)
    if (found.gates, found.depth) >= (circuit.gates, circuit.depth):
        return circuit
    what = difference(bare, found)[1]
    if what:
        raise Failed(f"gave back a different circuit: {what}", where="aigverse", fix="leave out rewrite_with_aigverse")
    return found.with_(encoder=circuit.encoder, head=circuit.head, output_names=circuit.output_names)


def _through_aigverse(circuit: Circuit) -> Circuit:
    require_package("aigverse")
    with tempfile.TemporaryDirectory(prefix="lgnc-") as folder:
        source, result = Path(folder, "in.aig"), Path(folder, "out.aig")
        source.write_bytes(aiger_bytes(circuit))
        run([sys.executable, "-P", "-c", _PROGRAM, source, result, *_STEPS])
        return circuit_from_aiger(read_file(result), "aigverse").with_(encoder=circuit.encoder)
