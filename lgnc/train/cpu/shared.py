"""What the neurons of a word share: their sums over a batch become those of the word, before logits take a step."""

from __future__ import annotations

from lgnc.train.cpu.layout import CANDIDATES, FIRST, PADDED, SLOTS, Plan
from lgnc.train.network import Float32, Network


def share_sums(network: Network, plan: Plan, table: Float32, wiring: Float32) -> None:
    """Each word's sum takes the place of each of its neurons', in place; see `PackedEngine.gradient_sums`.

    Logits that start equal stay equal: they take equal steps. A word is a multiple of the 16 neurons of a block, so
    that its neurons' slots are neighbours.
    """
    for layer, row in zip(network.layers, plan.layers.tolist(), strict=True):
        if layer.word == 1:
            continue
        if layer.one_gate:
            part = table[:, 4 * row[FIRST] : 4 * (row[FIRST] + row[SLOTS])].reshape(len(table), -1, layer.word, 4)
            part[:] = part.sum(axis=2, keepdims=True)
        if row[PADDED]:
            part = wiring[:, row[CANDIDATES] : row[CANDIDATES] + 2 * row[SLOTS] * row[PADDED]]
            part = part.reshape(len(wiring), 2, -1, layer.word, row[PADDED])
            part[:] = part.sum(axis=3, keepdims=True)
