"""Circuit -> BLIF: one `.names` table per gate, one per named output.

Follows "Berkeley Logic Interchange Format (BLIF)", University of California, 1992.
"""

from __future__ import annotations

from urllib.parse import quote

from lgnc.diagnostics import BadInput
from lgnc.formats.bit_names import bit_names, require_no_head
from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import FALSE, READS_A, READS_B, TABLE, TRUE

_PLAIN = "[]<>()._:$+-*/!@&|^~,;'`{}?"
"""Punctuation that a BLIF name may hold as it is; letters and digits may stand too, the rest is percent-encoded."""


def _cover(op: int) -> str:
    """The rows of a gate's table: the patterns of its read fan-ins for which it is 1, or 0 when those are fewer."""
    if op in (FALSE, TRUE):
        return "1\n" if op == TRUE else ""
    row = TABLE[op].tolist()
    both = READS_A[op] and READS_B[op]
    patterns = {f"{k >> 1}{k & 1}" if both else str(k >> 1 if READS_A[op] else k & 1): row[k] for k in range(4)}
    wanted = 1 if sum(patterns.values()) <= len(patterns) / 2 else 0
    return "".join(f"{pattern} {wanted}\n" for pattern, value in patterns.items() if value == wanted)


_COVERS = [_cover(op) for op in range(16)]


def blif_bytes(circuit: Circuit, name: str = "lgn") -> bytes:
    """The bytes of the circuit's `.blif` file. Names keep letters, digits and most punctuation; the rest is %-encoded.

    Raises BadInput when the circuit has a head, or when an output has the name of an input that it is not.
    """
    require_no_head(circuit, "BLIF")
    inputs = [quote(each, safe=_PLAIN) for each in bit_names(circuit.encoder)]
    outputs = [quote(each, safe=_PLAIN) for each in circuit.output_names]
    if "" in inputs or "" in outputs:
        raise BadInput("an input or an output has an empty name", fix="rename it")
    stem = "n"
    while any(each.startswith(stem) for each in (*inputs, *outputs)):
        stem += "_"
    node = [*inputs, *(f"{stem}{k}" for k in range(circuit.inputs, circuit.nodes))]
    lines = [f".model {quote(name, safe=_PLAIN)}\n", f".inputs {' '.join(inputs)}\n", f".outputs {' '.join(outputs)}\n"]
    reads_a, reads_b = READS_A.tolist(), READS_B.tolist()
    rows = zip(circuit.op.tolist(), circuit.a.tolist(), circuit.b.tolist(), node[circuit.inputs :], strict=True)
    for op, a, b, own in rows:
        fanin = f"{node[a] + ' ' if reads_a[op] else ''}{node[b] + ' ' if reads_b[op] else ''}"
        lines.append(f".names {fanin}{own}\n{_COVERS[op]}")
    taken = {each: 2 * index for index, each in enumerate(inputs)}
    for own, literal in zip(outputs, circuit.outputs.tolist(), strict=True):
        if own not in taken:
            lines.append(f".names {node[literal >> 1]} {own}\n{1 - (literal & 1)} 1\n")
        elif taken[own] != literal:
            raise BadInput(f"output '{own}' has the name of an input that it is not", fix="rename it")
    return "".join([*lines, ".end\n"]).encode()
