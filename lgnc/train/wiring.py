"""Which nodes of the layer below each pin may read: random, structured, or K candidates to learn from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.layers import Shape
from lgnc.train.network import Int32

Positions = NDArray[np.float64]
"""float64[nodes, 2]: where a node lies in the image, row and column in [0, 1); a table's features lie on a line."""


def even_draw(rng: np.random.Generator, below: int, count: int) -> Int32:
    """int32[count] positions in the layer below: whole permutations one after another, so uses differ by at most 1."""
    rounds = [rng.permutation(below) for _ in range(-(-count // below))]
    return np.concatenate([*rounds, np.zeros(0, np.int64)])[:count].astype(np.int32)


def random_wiring(rng: np.random.Generator, below: int, width: int) -> Int32:
    """int32[2, width]: every node of the layer below used about equally often, a and b distinct where there are two."""
    drawn = even_draw(rng, below, 2 * width)
    a, b = drawn[:width].copy(), drawn[width:].copy()
    for _ in range(100):
        clash = np.flatnonzero(a == b)
        if not len(clash) or below < 2:
            break
        other = rng.integers(0, width, len(clash))
        for i, j in zip(clash.tolist(), other.tolist(), strict=True):
            b[i], b[j] = b[j], b[i]
    if below > 1:
        b = np.where(a == b, (b + 1) % below, b).astype(np.int32)
    return np.stack([a, b])


def blocked_wiring(rng: np.random.Generator, below: NDArray[np.int64], width: int, blocks: int) -> Int32:
    """int32[2, width]: `random_wiring` of each block of neurons to a block of the nodes `below`, in the order given.

    The neurons that read a node then lie together, so that their gradients are in a near cache when it gathers them.
    """
    cuts = [np.arange(blocks + 1) * count // blocks for count in (len(below), width)]
    parts = []
    for block in range(blocks):
        (first, last), (start, end) = (cut[block : block + 2] for cut in cuts)
        parts.append(below[first:last][random_wiring(rng, last - first, end - start)])
    return np.concatenate(parts, axis=1).astype(np.int32)


def _check_candidates(k: int, below: int) -> None:
    if k > below:
        what = f"{k} candidates a pin, but the layer below has {below} nodes"
        raise BadInput(what, where="--candidates", fix=f"give --candidates {below} or fewer")


def candidate_wiring(rng: np.random.Generator, below: int, width: int, k: int) -> Int32:
    """int32[2, width, k]: candidate 0 is `random_wiring`; a pin's candidates are distinct and all are used evenly.

    Raises BadInput when k exceeds the nodes of the layer below.
    """
    _check_candidates(k, below)
    first = random_wiring(rng, below, width).reshape(2 * width, 1)
    rest = even_draw(rng, below, 2 * width * (k - 1)).reshape(2 * width, k - 1)
    pins = np.concatenate([first, rest], axis=1)
    for _ in range(20):
        ordered = np.sort(pins, axis=1)
        clash = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
        if not len(clash):
            break
        pins[clash, 1:] = rng.integers(0, below, (len(clash), k - 1))
    for row in clash.tolist():
        others = np.setdiff1d(np.arange(below), pins[row, :1])
        pins[row, 1:] = rng.permutation(others)[: k - 1]
    return pins.reshape(2, width, k).astype(np.int32)


def word_wiring(first: Int32, word: int) -> Int32:
    """int32[2, words * word, k]: what each gate of each word reads. first: int32[2, words, k], what each first does.

    Nodes lie in words of `word` nodes. A word of gates reads a word of nodes, rotated: gate i of it reads the node that
    lies i places after its first gate's, and the first of that word after the last.
    """
    start = first // word * word
    places = (first - start)[:, :, None, :] + np.arange(word)[:, None]
    nodes = start[:, :, None, :] + places % word
    return nodes.reshape(2, -1, first.shape[2]).astype(np.int32)


def bit_positions(feature: Int32, features: int, shape: tuple[int, int, int] | None) -> Positions:
    """Where each encoder bit lies: its pixel's place in the image, or its feature's place on a line."""
    if shape is None:
        return np.stack([np.zeros(len(feature)), feature / features], axis=1)
    height, width, channels = shape
    pixel = feature // channels
    return np.stack([pixel // width / height, pixel % width / width], axis=1)


def grid_positions(shape: Shape) -> Positions:
    """Where each node of a grid lies, in the order of `lgnc.ir.layers`."""
    y, x, _ = np.unravel_index(np.arange(shape.nodes), (shape.height, shape.width, shape.channels))
    return np.stack([y / shape.height, x / shape.width], axis=1)


class Neighbourhoods:
    """Finds nodes by where they lie, in a grid of cells.

    order: the nodes, sorted by cell and shuffled within one.
    """

    def __init__(self, rng: np.random.Generator, places: Positions) -> None:
        nodes = len(places)
        self.rng, self.places = rng, places
        self.cells = max(1, min(64, int(np.sqrt(nodes / 4))))
        cell = np.minimum((places * self.cells).astype(np.int64), self.cells - 1)
        self.order = np.lexsort((rng.random(nodes), cell[:, 1], cell[:, 0]))
        self._key = cell[self.order, 0] * self.cells + cell[self.order, 1]

    def draw(self, centres: Positions, reach: float) -> NDArray[np.int64]:
        """int64[n]: for each centre a node within about `reach` (a share of the image's side), or -1 where the drawn
        cell is empty."""
        target = centres + self.rng.uniform(-reach, reach, centres.shape)
        row, column = np.clip((target * self.cells).astype(np.int64), 0, self.cells - 1).T
        first, last = (np.searchsorted(self._key, row * self.cells + column, side) for side in ("left", "right"))
        pick = first + (self.rng.random(len(centres)) * (last - first)).astype(np.int64)
        return np.where(last > first, self.order[np.minimum(pick, len(self.places) - 1)], -1)


def local_candidates(
    rng: np.random.Generator, below: Positions, width: int, k: int, reach: float
) -> tuple[Int32, Positions]:
    """(int32[2, width, k], the neurons' positions): a neuron's candidates lie within about `reach` of its place.

    Places are those of the layer below, each used about equally often. A pin's candidates are distinct; where its
    neighbourhood has too few nodes, the rest are drawn from the whole layer. Raises as `candidate_wiring` does.
    """
    _check_candidates(k, len(below))
    centres = below[even_draw(rng, len(below), width)]
    around, places = Neighbourhoods(rng, below), np.concatenate([centres, centres])
    pins, found = np.full((2 * width, k), -1, np.int64), np.zeros(2 * width, np.int64)
    for trial in range(40 * k):
        open_ = np.flatnonzero(found < k)
        if not len(open_):
            break
        drawn = around.draw(places[open_], reach if trial < 20 * k else 1.0)
        new = (drawn >= 0) & (pins[open_] != drawn[:, None]).all(axis=1)
        rows = open_[new]
        pins[rows, found[rows]] = drawn[new]
        found[rows] += 1
    for row in np.flatnonzero(found < k).tolist():
        others = np.setdiff1d(np.arange(len(below)), pins[row, : found[row]])
        pins[row, found[row] :] = rng.permutation(others)[: k - found[row]]
    return pins.reshape(2, width, k).astype(np.int32), centres


def structured_wiring(rng: np.random.Generator, below: Positions, width: int, reach: float) -> tuple[Int32, Positions]:
    """(int32[2, width], the neurons' positions): pin a goes along the layer below in order, pin b reads a near node.

    Pin b's node is drawn from those within about `reach` of pin a's (as a share of the image's side); a neuron lies
    between its two fan-ins. The pattern preserves locality: what is near in the image stays near in every layer.
    """
    nodes, around = len(below), Neighbourhoods(rng, below)
    a = around.order[(np.arange(width) * nodes // width) if width < nodes else np.sort(np.arange(width) % nodes)]
    b = a.copy()
    for _ in range(30):
        clash = np.flatnonzero(b == a)
        if not len(clash) or nodes < 2:
            break
        drawn = around.draw(below[a[clash]], reach)
        b[clash] = np.where(drawn < 0, a[clash], drawn)
    if nodes > 1:
        b = np.where(b == a, (a + 1) % nodes, b)
    return np.stack([a, b]).astype(np.int32), (below[a] + below[b]) / 2
