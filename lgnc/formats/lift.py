"""Model -> Circuit: every gate is its logits' argmax, every pin its wiring's. Nothing is optimised here."""

from __future__ import annotations

import numpy as np

from lgnc.formats.lgn import Model
from lgnc.ir.check import check
from lgnc.ir.circuit import Circuit, Head
from lgnc.ir.order import in_order


def lift(model: Model) -> Circuit:
    """The circuit that the model deploys: one gate a neuron, in canonical order, with its layer as metadata."""
    fanin = np.concatenate([layer.fanin for layer in model.layers] or [np.zeros((2, 0), np.int32)], axis=1)
    op = np.concatenate([layer.op for layer in model.layers] or [np.zeros(0, np.uint8)])
    layer = np.repeat(np.arange(len(model.layers), dtype=np.int16), [each.width for each in model.layers])
    head = Head(model.class_names, model.head_starts, np.zeros(len(model.class_names), np.int32), model.tau)
    outputs = (2 * model.head_nodes).astype(np.int32)
    return check(in_order(model.encoder, op, fanin[0], fanin[1], outputs, head, (), layer))
