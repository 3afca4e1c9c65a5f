"""The IR verifier: every rule of `docs/ir.md`, checked over whole arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import FEATURE_DTYPES, Circuit, Encoder, Head
from lgnc.ir.gates import READS_A, READS_B
from lgnc.ir.quantiser import quantiser_faults

MAX_NODES = 1 << 30
"""One more, and 2 * node + inverted would not be an int32."""


def check(circuit: Circuit, where: str = "circuit") -> Circuit:
    """The circuit itself, when it is well formed. Raises BadInput that names the first rule broken, and the place."""
    for what in _faults(circuit):
        raise BadInput(what, where=where, fix="the file or the pass that made it is wrong")
    return circuit


def _faults(circuit: Circuit) -> Iterator[str]:
    """The rules that are broken; those that come later may fail when an earlier one is."""
    yield from _encoder_faults(circuit.encoder)
    yield from _gate_faults(circuit)
    if len(circuit.outputs) and not (0 <= circuit.outputs.min() and circuit.outputs.max() < 2 * circuit.nodes):
        yield "an output literal names no node"
    if circuit.head is not None:
        yield from _head_faults(circuit, circuit.head)
        return
    if len(circuit.output_names) != len(circuit.outputs):
        yield f"{len(circuit.outputs)} outputs but {len(circuit.output_names)} output names"
    yield from _name_faults("outputs", circuit.output_names)


def _name_faults(kind: str, names: Sequence[str]) -> Iterator[str]:
    if len(set(names)) != len(names):
        yield f"two {kind} have the same name"
    for name in names:
        if not is_text(name):
            yield f"one of the {kind} is called {name!a:.60}, which is not Unicode text"


def is_text(name: str) -> bool:
    """Whether a name is Unicode text, so that every file can hold it: a lone half of a surrogate pair is not."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _encoder_faults(enc: Encoder) -> Iterator[str]:
    if enc.dtype not in FEATURE_DTYPES:
        yield f"feature type '{enc.dtype}' is not one of {', '.join(FEATURE_DTYPES)}"
    if len(enc.feature) != len(enc.threshold):
        yield f"{len(enc.feature)} encoder bits but {len(enc.threshold)} thresholds"
    if len(enc.feature) and not (0 <= enc.feature.min() and enc.feature.max() < len(enc.names)):
        yield f"an encoder bit reads a feature outside 0..{len(enc.names) - 1}"
    yield from _name_faults("features", enc.names)
    if enc.quantiser is not None:
        yield from quantiser_faults(enc.quantiser, len(enc.names), enc.dtype)
    if enc.is_float and not np.isfinite(enc.threshold).all():
        yield "an encoder threshold is not finite"


def _gate_faults(circuit: Circuit) -> Iterator[str]:
    if not len(circuit.op) == len(circuit.a) == len(circuit.b):
        yield "op, a and b differ in length"
    if circuit.layer is not None and len(circuit.layer) != circuit.gates:
        yield "layer metadata differs from the gates in length"
    if circuit.layer is not None and circuit.layer.min(initial=0) < 0:
        yield "a gate's layer is negative"
    if circuit.nodes > MAX_NODES:
        yield f"{circuit.nodes} nodes are more than {MAX_NODES}"
    if not circuit.gates:
        return
    if circuit.op.max() > 15:
        yield f"gate number {circuit.op.max()} is not in 0..15"
    own = np.arange(circuit.inputs, circuit.nodes)
    for pin, fanin, read in (("a", circuit.a, READS_A), ("b", circuit.b, READS_B)):
        if fanin.min() < 0 or fanin.max() >= circuit.nodes:
            yield f"fan-in {pin} of a gate is outside 0..{circuit.nodes - 1}"
        late = np.flatnonzero((fanin >= own) & read[circuit.op])
        if len(late):
            node = int(own[late[0]])
            yield f"node {node} reads node {fanin[late[0]]}, which does not come before it (fan-in {pin})"


def _head_faults(circuit: Circuit, head: Head) -> Iterator[str]:
    if circuit.output_names:
        yield "a circuit with a head has no output names"
    if not head.classes:
        yield "the head has no class"
    yield from _name_faults("classes", head.names)
    if not len(head.starts) == head.classes + 1 == len(head.offset) + 1:
        yield "the head's starts or offsets do not fit its classes"
    if head.starts[0] != 0 or head.starts[-1] != len(circuit.outputs) or (np.diff(head.starts) < 0).any():
        yield "the head's starts do not cut the outputs into runs"
    if not (np.isfinite(head.tau) and head.tau > 0):
        yield f"the head's tau is {head.tau}, not a positive number"
