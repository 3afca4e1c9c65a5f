"""Circuit -> AIGER, binary or ASCII, with the names of inputs and outputs as symbols.

Follows A. Biere, "The AIGER And-Inverter Graph (AIG) Format", version 20070427.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.formats.bit_names import bit_names, require_no_head
from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import FALSE, READS_A, READS_B, TABLE, TRUE, XNOR, XOR
from lgnc.ir.order import runs

Literals = NDArray[np.int64]

_ONES = TABLE.sum(axis=1)
_ANDS = np.where(np.isin(np.arange(16), (XOR, XNOR)), 3, READS_A & READS_B).astype(np.int64)
"""How many AND nodes each gate takes: an XOR is ~(a & b) & ~(~a & ~b), or the complement of ~(a & ~b) & ~(~a & b)."""

_ODD = np.where(_ONES == 1, TABLE.argmax(axis=1), TABLE.argmin(axis=1))
"""The column of a one-AND gate's truth table that differs from the other three."""


def _crossed(circuit: Circuit) -> NDArray[np.bool_]:
    """bool[gates]: the XORs of nodes of which some gate is a & ~b or ~a & b, and none is a & b or ~a & ~b.

    They take the form that shares a node with that gate: the sum beside the carry of a half adder of ~a and b.
    """
    pair = np.minimum(circuit.a, circuit.b).astype(np.int64) << 32 | np.maximum(circuit.a, circuit.b)
    ands, odd = _ANDS[circuit.op], _ODD[circuit.op]
    across = (ands == 1) & ((odd == 1) | (odd == 2))
    found: NDArray[np.bool_] = np.zeros(circuit.gates, np.bool_)
    xors = np.flatnonzero(ands == 3)
    straight = np.isin(pair[xors], pair[(ands == 1) & ~across])
    found[xors] = np.isin(pair[xors], pair[across]) & ~straight
    return found


def and_nodes(circuit: Circuit) -> tuple[Literals, Literals, Literals]:
    """(outputs, left, right): AIGER literals of the outputs and of every AND node's fan-ins, left >= right.

    Variable 0 is constant false, then come the encoder bits, then the AND nodes. One-input gates take no node; nothing
    else is shared, but XORs take the form that a reader's structural hashing can share.
    """
    op, inputs = circuit.op, circuit.inputs
    first = inputs + 1 + np.cumsum(_ANDS[op]) - _ANDS[op]
    literal = np.zeros(circuit.nodes, np.int64)
    literal[:inputs] = 2 * np.arange(1, inputs + 1)
    crossed = _crossed(circuit)
    count = int(_ANDS[op].sum())
    fanin = np.zeros((2, count), np.int64)

    def put(variable: Literals, one: Literals, two: Literals) -> None:
        at = variable - inputs - 1
        fanin[0, at], fanin[1, at] = np.maximum(one, two), np.minimum(one, two)

    for start, stop in runs(inputs, op, circuit.a, circuit.b):
        gate, own = op[start:stop], first[start:stop]
        a, b = literal[circuit.a[start:stop]], literal[circuit.b[start:stop]]
        ands = _ANDS[gate]
        passed = np.where(READS_A[gate], a, b)
        passed[(gate == FALSE) | (gate == TRUE)] = 0
        inverted = np.where(ands == 1, _ONES[gate] == 3, gate >= 8) ^ crossed[start:stop]
        literal[inputs + start : inputs + stop] = np.where(ands, 2 * (own + ands - 1), passed) ^ inverted
        one, three = ands == 1, ands == 3
        odd = _ODD[gate[one]]
        put(own[one], a[one] ^ (odd >> 1 == 0), b[one] ^ (odd & 1 == 0))
        both, turn = own[three], crossed[start:stop][three]
        put(both, a[three], b[three] ^ turn)
        put(both + 1, a[three] ^ 1, b[three] ^ 1 ^ turn)
        put(both + 2, 2 * both + 1, 2 * both + 3)
    return literal[circuit.outputs >> 1] ^ (circuit.outputs & 1), fanin[0], fanin[1]


def aiger_bytes(circuit: Circuit, binary: bool = True) -> bytes:
    """The bytes of the circuit's `.aig` file, or of its `.aag` when not binary. Names are ASCII, escaped as in Python.

    Encoder bits become inputs. Raises BadInput when the circuit has a head, or two encoder bits the same name.
    """
    require_no_head(circuit, "AIGER")
    outputs, left, right = and_nodes(circuit)
    inputs, ands = circuit.inputs, len(left)
    header = f"{'aig' if binary else 'aag'} {inputs + ands} {inputs} 0 {len(outputs)} {ands}\n"
    parts = [header.encode()]
    if not binary:
        parts.append("".join(f"{2 * k}\n" for k in range(1, inputs + 1)).encode())
    parts.append("".join(f"{literal}\n" for literal in outputs.tolist()).encode())
    own = 2 * np.arange(inputs + 1, inputs + ands + 1, dtype=np.int64)
    if binary:
        parts.append(_varints(np.stack([own - left, left - right], axis=1).ravel()))
    else:
        rows = zip(own.tolist(), left.tolist(), right.tolist(), strict=True)
        parts.append("".join(f"{lhs} {one} {two}\n" for lhs, one, two in rows).encode())
    for kind, names in (("i", bit_names(circuit.encoder)), ("o", circuit.output_names)):
        parts += [f"{kind}{k} ".encode() + name.encode("unicode_escape") + b"\n" for k, name in enumerate(names)]
    return b"".join(parts)


def ascii_aiger_bytes(circuit: Circuit) -> bytes:
    """The bytes of the circuit's `.aag` file; see `aiger_bytes`."""
    return aiger_bytes(circuit, binary=False)


def _varints(values: Literals) -> bytes:
    """Each number as little-endian groups of seven bits, the high bit set on all but its last byte."""
    size = np.ones(len(values), np.int64)
    for group in range(1, 5):
        size += values >> (7 * group) != 0
    first = np.cumsum(size) - size
    octets = np.zeros(int(size.sum()), np.uint8)
    for group in range(int(size.max(initial=0))):
        more = np.flatnonzero(size > group)
        octet = values[more] >> (7 * group) & 127
        octets[first[more] + group] = octet | (size[more] > group + 1) << 7
    return octets.tobytes()
