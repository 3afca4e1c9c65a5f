"""The IR verifier: every rule of `docs/ir.md`, checked over whole arrays."""

from __future__ import annotations

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import FEATURE_DTYPES, Circuit
from lgnc.ir.gates import READS_A, READS_B


def check(circuit: Circuit, where: str = "circuit") -> Circuit:
    """The circuit itself, when it is well formed. Raises BadInput that names the first rule broken, and the place."""
    enc, head = circuit.encoder, circuit.head

    def refuse(what: str, fix: str = "the file or the pass that made it is wrong") -> BadInput:
        return BadInput(what, where=where, fix=fix)

    if enc.dtype not in FEATURE_DTYPES:
        raise refuse(f"feature type '{enc.dtype}' is not one of {', '.join(FEATURE_DTYPES)}")
    if len(enc.feature) != len(enc.threshold):
        raise refuse(f"{len(enc.feature)} encoder bits but {len(enc.threshold)} thresholds")
    if len(enc.feature) and not (0 <= enc.feature.min() and enc.feature.max() < len(enc.names)):
        raise refuse(f"an encoder bit reads a feature outside 0..{len(enc.names) - 1}")
    if len(set(enc.names)) != len(enc.names):
        raise refuse("two features have the same name")
    if enc.is_float and not np.isfinite(enc.threshold).all():
        raise refuse("an encoder threshold is not finite")
    if not len(circuit.op) == len(circuit.a) == len(circuit.b):
        raise refuse("op, a and b differ in length")
    if circuit.layer is not None and len(circuit.layer) != circuit.gates:
        raise refuse("layer metadata differs from the gates in length")
    if circuit.gates:
        if circuit.op.max() > 15:
            raise refuse(f"gate number {circuit.op.max()} is not in 0..15")
        own = np.arange(circuit.inputs, circuit.nodes)
        for pin, fanin, read in (("a", circuit.a, READS_A), ("b", circuit.b, READS_B)):
            if fanin.min() < 0 or fanin.max() >= circuit.nodes:
                raise refuse(f"fan-in {pin} of a gate is outside 0..{circuit.nodes - 1}")
            late = np.flatnonzero((fanin >= own) & read[circuit.op])
            if len(late):
                node = int(own[late[0]])
                raise refuse(f"node {node} reads node {fanin[late[0]]}, which does not come before it (fan-in {pin})")
    if len(circuit.outputs) and not (0 <= circuit.outputs.min() and circuit.outputs.max() < 2 * circuit.nodes):
        raise refuse("an output literal names no node")
    if head is None:
        if len(circuit.output_names) != len(circuit.outputs):
            raise refuse(f"{len(circuit.outputs)} outputs but {len(circuit.output_names)} output names")
        if len(set(circuit.output_names)) != len(circuit.output_names):
            raise refuse("two outputs have the same name")
        return circuit
    if circuit.output_names:
        raise refuse("a circuit with a head has no output names")
    if not head.classes:
        raise refuse("the head has no class")
    if len(set(head.names)) != head.classes:
        raise refuse("two classes have the same name")
    if not len(head.starts) == head.classes + 1 == len(head.offset) + 1:
        raise refuse("the head's starts or offsets do not fit its classes")
    if head.starts[0] != 0 or head.starts[-1] != len(circuit.outputs) or (np.diff(head.starts) < 0).any():
        raise refuse("the head's starts do not cut the outputs into runs")
    if not (np.isfinite(head.tau) and head.tau > 0):
        raise refuse(f"the head's tau is {head.tau}, not a positive number")
    return circuit
