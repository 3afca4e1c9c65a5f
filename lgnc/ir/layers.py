"""The layers of a network and their shapes: dense layers, convolutions by trees of gates, and pools.

A layer's output is a grid: `channels` nodes at each place of `height` x `width`. Nodes are numbered place by place, the
channels of a place together: node (y, x, c) is (y * width + x) * channels + c, as the pixels of an image are. What a
dense layer reads is that list; its own output is one place. Encoder bits are such a grid too: the thresholds of a
feature follow one another, so that channel c * thresholds + t is threshold t of the image's channel c.

A convolution's kernel is a complete binary tree of depth d over 2^d leaves, each a (channel, dy, dx) of a window, and 0
beyond the border. Its 2^d - 1 gates are numbered from the leaves up, level by level, the root last. With its values
counted leaves first, then gates, gate j reads values 2 j (pin a) and 2 j + 1 (pin b), and is value 2^d + j.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput, unknown

Int32 = NDArray[np.int32]

LEAVES = ("random", "paired", "learned")
POOLS = ("or", "and")
WIRINGS = ("random", "structured", "learned")
_MOST = 1 << 30
_DEEPEST = 6

CANDIDATES = 8
"""Candidates per leaf or pin that is learned, where a layer does not say."""


class Shape(NamedTuple):
    """A grid of `height` x `width` places with `channels` nodes each."""

    channels: int
    height: int
    width: int

    @property
    def places(self) -> int:
        return self.height * self.width

    @property
    def nodes(self) -> int:
        return self.channels * self.places

    def __str__(self) -> str:
        return f"{self.channels} x {self.height} x {self.width}"


@dataclass(frozen=True)
class Dense:
    """`width` gates, each over two nodes of the layer below.

    wiring, candidates, init: this layer's own in the place of the training's; "" and 0 for none. lr: times the
    training's rate.
    """

    width: int
    wiring: str = ""
    candidates: int = 0
    init: str = ""
    lr: float = 1.0
    kind = "dense"

    def __post_init__(self) -> None:
        _whole(self, width=(1, _MOST), candidates=(0, _MOST))
        _check_own(self)
        if self.wiring and self.wiring not in WIRINGS:
            raise unknown("wiring", self.wiring, WIRINGS, where="layer 'dense'")
        if self.candidates > 1 and self.wiring not in ("", "learned"):
            what = f"candidates are for learned wiring, not {self.wiring}"
            raise BadInput(what, where="layer 'dense'", fix='leave them out, or give wiring = "learned"')


@dataclass(frozen=True)
class Conv:
    """`kernels` trees of gates, each slid over the image with `stride`, after `padding` rows and columns of zeros.

    window: the side of the square that leaves lie in. depth: of the tree, 2^depth leaves; depth 1 is one gate per
    channel and place. group: how many channels a kernel reads, 0 for all. leaves: how they are chosen, 'random',
    'paired' or 'learned' (see `lgnc.ir.draw_leaves`). candidates: of each learned leaf, 0 for `CANDIDATES`, or all
    where there are fewer. init, lr: as of `Dense`.
    """

    kernels: int
    window: int = 3
    depth: int = 3
    stride: int = 1
    padding: int = 0
    group: int = 2
    leaves: str = "random"
    candidates: int = 0
    init: str = ""
    lr: float = 1.0
    kind = "conv"

    def __post_init__(self) -> None:
        _whole(self, kernels=(1, _MOST), window=(1, 255), depth=(1, _DEEPEST), stride=(1, 255), padding=(0, 255))
        _whole(self, group=(0, _MOST), candidates=(0, _MOST))
        _check_own(self)
        if self.candidates and self.leaves != "learned":
            what = f"candidates are for learned leaves, not {self.leaves}"
            raise BadInput(what, where="layer 'conv'", fix='leave them out, or give leaves = "learned"')
        if self.leaves not in LEAVES:
            raise unknown("choice of leaves", str(self.leaves), LEAVES, where="layer 'conv'")
        if self.padding >= self.window:
            what = f"padding {self.padding} needs a window of {self.padding + 1}, and it is {self.window}"
            raise BadInput(what, where="layer 'conv'", fix=f"give a padding of {self.window - 1} or less")

    @property
    def gates(self) -> int:
        """Gates of one kernel."""
        return (1 << self.depth) - 1


@dataclass(frozen=True)
class Pool:
    """OR ('or') or AND ('and') over squares of `size` x `size` places, side by side."""

    op: str = "or"
    size: int = 2
    kind = "pool"

    def __post_init__(self) -> None:
        _whole(self, size=(2, 16))
        if self.op not in POOLS:
            raise unknown("pool", str(self.op), POOLS, where="layer 'pool'")


Layer = Dense | Conv | Pool
KINDS: dict[str, type[Dense] | type[Conv] | type[Pool]] = {"dense": Dense, "conv": Conv, "pool": Pool}


def _whole(layer: Layer, **ranges: tuple[int, int]) -> None:
    for name, (least, most) in ranges.items():
        value = getattr(layer, name)
        if type(value) is not int or not least <= value <= most:
            fix = f"give {name} = a whole number from {least} to {most}"
            raise BadInput(f"{name} is {value!r}", where=f"layer '{layer.kind}'", fix=fix)


def _check_own(layer: Dense | Conv) -> None:
    """Refuse a rate or an initialisation that is none; what the latter may say is known where it is used."""
    where = f"layer '{layer.kind}'"
    if type(layer.lr) not in (int, float) or not 1e-3 <= layer.lr <= 1e3:
        raise BadInput(f"lr is {layer.lr!r:.40}", where=where, fix="give lr = a factor of the rate from 0.001 to 1000")
    for name in ("init", "wiring"):
        value = getattr(layer, name, "")
        if type(value) is not str:
            raise BadInput(f"{name} is {value!r:.40}, not a text", where=where, fix=f"give {name} = a text in quotes")


_OWN = {"wiring": "", "candidates": 0, "init": "", "lr": 1.0}
"""What a layer has of its own in the place of a training's settings, where it has nothing."""


def bare(conv: Conv) -> Conv:
    """The convolution without what only training asks of it."""
    return replace(conv, candidates=0, init="", lr=1.0)


# --- Layers as tables. ---


def layer_from(values: object, where: str = "layer") -> Layer:
    """The layer that a table (of TOML or JSON) describes: `kind`, and the fields of that kind.

    Raises BadInput for anything else: no kind, an unknown or a missing key, a value out of range.
    """
    if not isinstance(values, dict):
        raise BadInput(f"is {values!r:.80}, not a table", where=where, fix='give kind = "dense" and its settings')
    kind = values.get("kind")
    if kind not in KINDS:
        if kind is None:
            raise BadInput("has no kind", where=where, fix=f"give kind = one of {', '.join(KINDS)}")
        raise unknown("kind of layer", str(kind), KINDS, where=where)
    made = KINDS[kind]
    known = {field.name: field for field in fields(made)}
    for key in values:
        if key != "kind" and key not in known:
            raise unknown(f"setting of a {kind} layer", str(key), known, where=where)
    first = next(iter(known))
    if kind != "pool" and first not in values:
        raise BadInput(f"a {kind} layer has no {first}", where=where, fix=f"give {first} = a number")
    try:
        return made(**{key: value for key, value in values.items() if key != "kind"})
    except BadInput as error:
        raise BadInput(error.what, where=where, fix=error.fix) from None


def layer_table(layer: Layer) -> dict[str, Any]:
    """JSON data that `layer_from` reads back; settings of its own only where it has them."""
    values = {key: value for key, value in asdict(layer).items() if key not in _OWN or value != _OWN[key]}
    return {"kind": layer.kind, **values}


# --- Shapes. ---


def output_shape(layer: Layer, below: Shape, where: str = "layer") -> Shape:
    """The shape of what `layer` makes of `below`. Raises BadInput, with both, where the layer does not fit it."""
    if isinstance(layer, Dense):
        return Shape(layer.width, 1, 1)
    if isinstance(layer, Pool):
        if below.height % layer.size or below.width % layer.size:
            what = f"a pool of {layer.size} x {layer.size} does not divide {below.height} x {below.width} places"
            raise BadInput(what, where=where, fix="change the padding or the stride of the layer below, or the size")
        return Shape(below.channels, below.height // layer.size, below.width // layer.size)
    window, height, width = layer.window, below.height + 2 * layer.padding, below.width + 2 * layer.padding
    if window > min(height, width):
        what = f"a window of {window} x {window} is larger than the {height} x {width} places that it slides over"
        raise BadInput(what, where=where, fix=f"give window = {min(height, width)} or less, or more padding")
    bits, leaves = read_channels(layer, below) * window * window, 1 << layer.depth
    if leaves > bits:
        what = f"depth {layer.depth} has {leaves} leaves, and the window has {bits} bits"
        raise BadInput(what, where=where, fix="give a lower depth, a larger window or a larger group")
    if layer.candidates > bits:
        what = f"{layer.candidates} candidates per leaf, and the window has {bits} bits"
        raise BadInput(what, where=where, fix=f"give {bits} or fewer, or a larger group (0 for all channels)")
    return Shape(layer.kernels, (height - window) // layer.stride + 1, (width - window) // layer.stride + 1)


def shapes(layers: tuple[Layer, ...], first: Shape) -> list[Shape]:
    """The shape below the first layer and after each one. Raises BadInput that names the one that does not fit."""
    found = [first]
    for index, layer in enumerate(layers):
        found.append(output_shape(layer, found[-1], layer_name(index, layer)))
    return found


def layer_name(index: int, layer: Layer) -> str:
    """What messages call the layer: its number, from 1, and its kind."""
    return f"layer {index + 1} ({layer.kind})"


def trained_gates(layer: Layer) -> int:
    """Gates that have logits of their own: shared ones count once."""
    if isinstance(layer, Dense):
        return layer.width
    return layer.kernels * layer.gates if isinstance(layer, Conv) else 0


def applications(layer: Layer, above: Shape) -> int:
    """Gates that one image passes through in `layer`, whose output has the shape `above`; a pool's are not counted."""
    return trained_gates(layer) * (above.places if isinstance(layer, Conv) else 1)


# --- Kernels. ---


def read_channels(conv: Conv, below: Shape) -> int:
    """How many channels each kernel reads."""
    return min(conv.group or below.channels, below.channels)


def leaf_nodes(conv: Conv, below: Shape, leaves: Int32) -> Int32:
    """int32[kernels, 2^depth, places]: the node of the layer below that each leaf reads at each place; -1 is padding.

    leaves: see `lgnc.ir.draw_leaves`; more or fewer per kernel do too. Places are in rows of the layer's own output.
    """
    above = output_shape(conv, below)
    y = np.arange(above.height)[:, None] * conv.stride - conv.padding
    x = np.arange(above.width)[None, :] * conv.stride - conv.padding
    channel, dy, dx = (leaves[:, :, part, None, None] for part in range(3))
    row, column = y + dy, x + dx
    inside = (row >= 0) & (row < below.height) & (column >= 0) & (column < below.width)
    nodes = (row * below.width + column) * below.channels + channel
    return np.where(inside, nodes, -1).reshape(*leaves.shape[:2], above.places).astype(np.int32)


def pool_nodes(pool: Pool, below: Shape) -> Int32:
    """int32[size * size, nodes]: the nodes of the layer below that each node of the pool's output reads."""
    size, above = pool.size, output_shape(pool, below)
    y, x, channel = np.ogrid[: above.height, : above.width, : above.channels]
    reads = [
        ((size * y + i) * below.width + size * x + j) * below.channels + channel
        for i in range(size)
        for j in range(size)
    ]
    return np.stack([each.ravel() for each in reads]).astype(np.int32)
