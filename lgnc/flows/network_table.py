"""A model's layers as a table: kinds, shapes, trained gates and how often they are applied."""

from __future__ import annotations

from typing import Any

from lgnc.formats.lgn import Model
from lgnc.ir.layers import Conv, Shape, applications, trained_gates

COLUMNS = ("layer", "kind", "shape_in", "shape_out", "parameters", "gate_applications")
"""Of the table. Parameters are gates with a choice of their own: those of a kernel count once."""


def network_table(model: Model) -> list[dict[str, Any]]:
    """A row for each layer, and one for all of them."""
    shapes, rows = model.shapes, []
    for each, below, above in zip(model.front, shapes, shapes[1:], strict=False):
        layer = each.layer
        if isinstance(layer, Conv):
            kind = f"conv {layer.window} x {layer.window}, depth {layer.depth}"
        else:
            kind = f"{layer.op} pool {layer.size} x {layer.size}"
        rows.append((kind, below, above, trained_gates(layer), applications(layer, above)))
    below = shapes[-1] if model.front else Shape(model.encoder.bits, 1, 1)
    for dense in model.layers:
        above = Shape(dense.width, 1, 1)
        rows.append(("dense", below, above, dense.width, dense.width))
        below = above
    head = Shape(len(model.class_names), 1, 1)
    rows.append(("GroupSum", below, head, 0, 0))
    made = [
        dict(zip(COLUMNS, (str(number), kind, _shape(low), _shape(high), gates, uses), strict=True))
        for number, (kind, low, high, gates, uses) in enumerate(rows, 1)
    ]
    total = ("all", "", _shape(shapes[0]), _shape(head), sum(row[3] for row in rows), sum(row[4] for row in rows))
    return [*made, dict(zip(COLUMNS, total, strict=True))]


def _shape(shape: Shape) -> str:
    return str(shape.channels) if shape.places == 1 else str(shape)
