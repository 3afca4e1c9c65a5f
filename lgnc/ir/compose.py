"""One circuit's outputs as another's inputs."""

from __future__ import annotations

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit, Int32
from lgnc.ir.gates import absorb_inversions


def compose(first: Circuit, second: Circuit, *, keep: Int32 | None = None, names: tuple[str, ...] = ()) -> Circuit:
    """The headless circuit that feeds output literal i of `first` to input i of `second`, on first's encoder.

    The gates of `second` absorb the inversions of the literals. keep: literals of `first` that stay outputs, after
    those of `second`; names: theirs. Gates of `second` follow those of `first`: topological, not canonical, order.
    Raises BadInput when the counts do not match.
    """
    if len(first.outputs) != second.inputs:
        raise BadInput(f"{len(first.outputs)} outputs cannot feed {second.inputs} inputs", where="compose")
    gates = np.arange(second.inputs, second.nodes, dtype=np.int32) + np.int32(first.nodes - second.inputs)
    literal = np.concatenate([first.outputs, 2 * gates]).astype(np.int32)
    a, b = literal[second.a], literal[second.b]
    op = absorb_inversions(second.op, a, b)
    outputs = literal[second.outputs >> 1] ^ (second.outputs & 1)
    if keep is not None:
        outputs = np.concatenate([outputs, keep])
    return Circuit(
        first.encoder,
        np.concatenate([first.op, op]),
        np.concatenate([first.a, a >> 1]).astype(np.int32),
        np.concatenate([first.b, b >> 1]).astype(np.int32),
        outputs.astype(np.int32),
        None,
        second.output_names + names,
    )
