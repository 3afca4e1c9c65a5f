"""The end of the ONNX graph: class scores by carry-save bit planes and their argmax, or the outputs as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lgnc.backends.onnx.graph import Graph
from lgnc.ir.circuit import Circuit, Head, Int32

Outputs = Mapping[str, tuple[str, Sequence[int | str]]]


def _literals(graph: Graph, pool: str, rows: Int32, inverted: Int32, name: str) -> str:
    """int64[..., words]: rows of the pool, some inverted."""
    index = graph.constant(f"{name}.rows", rows.astype(np.int64))
    gathered = graph.add("Gather", [pool, index], f"{name}.gathered", axis=0)
    if not inverted.any():
        return gathered
    flip = graph.constant(f"{name}.flip", -inverted.astype(np.int64)[..., None])
    return graph.add("BitwiseXor", [gathered, flip], name)


def _unpacked(graph: Graph, words: str, name: str, rows: int, dtype: str) -> str:
    """[rows, n] of 0 and 1 from int64[rows, words]."""
    expanded = graph.add("Unsqueeze", [words, graph.constant("axis2", np.array([2]))], f"{name}.expanded")
    bit = graph.constant("bit", np.left_shift(np.int64(1), np.arange(64, dtype=np.int64)))
    masked = graph.add("BitwiseAnd", [expanded, bit], f"{name}.masked")
    cast = graph.cast(graph.cast(masked, "bool", f"{name}.bool"), dtype, f"{name}.cast") if dtype != "bool" else ""
    flat = cast or graph.cast(masked, "bool", f"{name}.bool")
    count = graph.constant(f"{name}.count", np.array([rows]))
    shape = graph.add("Concat", [count, "padded"], f"{name}.shape", axis=0)
    padded = graph.add("Reshape", [flat, shape], f"{name}.padded", allowzero=1)
    one = graph.constant("one", np.array([1]))
    return graph.add("Slice", [padded, "zero", "n", one], f"{name}.bits")


def add_outputs(graph: Graph, circuit: Circuit, pool: str, place: Int32) -> Outputs:
    """`outputs`, bool[n, outputs]: the literals of a circuit without a head."""
    rows, inverted = place[circuit.outputs >> 1], circuit.outputs & 1
    words = _literals(graph, pool, rows, inverted, "literals")
    bits = _unpacked(graph, words, "outputs", len(rows), "bool")
    graph.add("Transpose", [bits], "outputs", perm=[1, 0])
    return {"outputs": ("bool", ["n", len(rows)])}


def add_scores(graph: Graph, head: Head, outputs: Int32, pool: str, place: Int32) -> Outputs:
    """`scores`, int32[n, classes], and `class`, int64[n], the lowest index winning a tie."""
    rows, inverted = _square(place, outputs, head.starts)
    widest = rows.shape[1]
    if (np.diff(head.starts) != widest).any():
        pool = _with_zeros(graph, pool)
    total = graph.constant("scores.offset", head.offset[:, None])
    if widest:
        words = _literals(graph, pool, rows, inverted, "literals")
        for weight, plane in enumerate(_planes(graph, words, widest)):
            bits = _unpacked(graph, plane, f"plane{weight}", head.classes, "int32")
            factor = graph.constant(f"plane{weight}.weight", np.array(1 << weight, np.int32))
            scaled = graph.add("Mul", [bits, factor], f"plane{weight}.scaled")
            total = graph.add("Add", [total, scaled], f"plane{weight}.total")
    else:
        count = graph.constant("scores.classes", np.array([head.classes]))
        total = graph.add("Expand", [total, graph.add("Concat", [count, "n"], "scores.shape", axis=0)], "scores.all")
    graph.add("Transpose", [total], "scores", perm=[1, 0])
    graph.add("ArgMax", ["scores"], "class", axis=1, keepdims=0, select_last_index=0)
    return {"scores": ("int32", ["n", head.classes]), "class": ("int64", ["n"])}


def _with_zeros(graph: Graph, pool: str) -> str:
    """The pool with a row of zeros before the others."""
    shape = graph.add("Concat", [graph.constant("one", np.array([1])), "words"], "zeros.shape", axis=0)
    zeros = graph.add("Expand", [graph.constant("zeros.value", np.array([[0]])), shape], "zeros")
    return graph.add("Concat", [zeros, pool], "literals.pool", axis=0)


def _square(place: Int32, outputs: Int32, starts: Int32) -> tuple[Int32, Int32]:
    """int32[classes, widest] twice: rows of the pool and whether they are inverted.

    Classes of fewer literals are filled up with row 0, which `_with_zeros` makes a row of zeros, moving the others.
    """
    widths = np.diff(starts)
    own = np.arange(widths.max()) < widths[:, None]
    rows, inverted = np.zeros(own.shape, np.int32), np.zeros(own.shape, np.int32)
    rows[own] = place[outputs >> 1] + (not own.all())
    inverted[own] = outputs & 1
    return rows, inverted


def _cut(graph: Graph, tensor: str, first: int, last: int, name: str) -> str:
    begin, end = (graph.constant(f"at{at}", np.array([at])) for at in (first, last))
    return graph.add("Slice", [tensor, begin, end, graph.constant("axis1", np.array([1]))], name)


def _add_thirds(graph: Graph, rows: str, width: int, name: str) -> tuple[str, str, int]:
    """One round of adders over axis 1, full where three rows are left: (sums and rest, carries, how many carries)."""
    third = max(1, width // 3)
    used = 3 * third if width > 2 else 2
    a, b = _cut(graph, rows, 0, third, f"{name}.a"), _cut(graph, rows, third, 2 * third, f"{name}.b")
    low = half = graph.add("BitwiseXor", [a, b], f"{name}.half")
    carry = both = graph.add("BitwiseAnd", [a, b], f"{name}.both")
    if width > 2:
        c = _cut(graph, rows, 2 * third, used, f"{name}.c")
        low = graph.add("BitwiseXor", [half, c], f"{name}.sum")
        through = graph.add("BitwiseAnd", [half, c], f"{name}.through")
        carry = graph.add("BitwiseOr", [both, through], f"{name}.carry")
    if width > used:
        rest = _cut(graph, rows, used, width, f"{name}.rest")
        low = graph.add("Concat", [low, rest], f"{name}.rows", axis=1)
    return low, carry, third


def _planes(graph: Graph, rows: str, width: int) -> list[str]:
    """Bit planes, int64[classes, words] each, of how many of [classes, width, words] are set: carry-save."""
    planes: list[str] = []
    axis = graph.constant("axis1", np.array([1]))
    while width:
        name, carries, count = f"count{len(planes)}", list[str](), 0
        while width > 1:
            rows, carry, third = _add_thirds(graph, rows, width, f"{name}.{len(carries)}")
            carries.append(carry)
            count += third
            width -= 2 * third if width > 2 else 1
        planes.append(graph.add("Squeeze", [rows, axis], f"{name}.plane"))
        if carries:
            rows = graph.add("Concat", carries, f"{name}.carries", axis=1)
        width = count
    return planes
