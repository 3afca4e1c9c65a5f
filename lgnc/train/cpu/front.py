"""The convolutions and pools of a network, laid out for the packed kernels.

The words of a chunk's activations are: the encoder bits as they come, one region for what each convolution reads, the
nodes that the first dense layer reads, and the slots of the dense layers. A region is made so that a leaf reads a run
of words: with S = stride times the pool's size, the padded image of each channel is cut into S x S phases (rows and
columns modulo S), each phase a plane of `rows` x `pitch` words. A leaf at one part of the pool's squares then reads,
for the squares of the flattened grid one after another, the words of one phase one after another. Grid places in the
columns past the last square mean nothing and are not written out; borders stay 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.layers import Shape
from lgnc.train.network import ConvStart, Int32, Network

Int64 = NDArray[np.int64]

SLACK = 64
"""Words after the last region: a run of words is read eight at a time."""


class Front(NamedTuple):
    """stages: int64[stages, 21], a row each of: first SLOT; KERNELS; LEAVES; PARTS, places of a pool's square; WORDS of
    the flattened grid; PLACES, squares; where its OFFSETS start; where its places start in GRID and TARGETS; STRIDE,
    words from a kernel's output to the next one's; whether it is negated, an AND; where the gradient rows of its input
    region start, or -1 where nobody wants them, and the region itself; the same of its output region; K, candidates of
    a leaf; where its CHOICES start; where their sums start, and how far one leaf's are from the next one's; where its
    kernels start in ORDER and REACH; words of a channel of its input region, and how many channels that has.

    offsets: int32[kernels * leaves * parts] of each stage, a word of acts: what a leaf reads. choices: int32[kernels *
    leaves * K * parts] of each stage whose K is not 1, what it may read. order, reach: see `kernel_order`. grid,
    targets: int32, see `convolve`. source: int32[inputs], the word of each encoder bit. nodes: the first of the words
    that the dense layers read, and flat: how many. rows: floats of the gradient rows. words: those before the slots.
    slots: of all kernels' gates.
    """

    stages: Int64
    offsets: Int32
    choices: Int32
    order: Int32
    reach: Int32
    grid: Int32
    targets: Int32
    source: Int32
    nodes: int
    flat: int
    rows: int
    words: int
    slots: int


class Region(NamedTuple):
    """Where a grid's nodes lie: word start + channel * step + place[y * width + x]. phases: the planes' geometry."""

    start: int
    step: int
    place: Int64
    size: int
    phases: tuple[int, int, int]


def flat_region(shape: Shape, start: int) -> Region:
    """The nodes in their own order, place by place."""
    place = np.arange(shape.places, dtype=np.int64) * shape.channels
    return Region(start, 1, place, shape.nodes, (1, 0, 0))


def region_of(conv: ConvStart, start: int) -> Region:
    """The region that `conv` reads."""
    shape, pad, step = conv.below, conv.padding, conv.stride * conv.size
    over = ((conv.size - 1) * conv.stride + conv.window - 1) // step
    rows = max(-(-(shape.height + 2 * pad) // step), conv.above.height + over)
    pitch = max(-(-(shape.width + 2 * pad) // step), conv.above.width + over)
    y, x = np.arange(shape.height)[:, None] + pad, np.arange(shape.width)[None, :] + pad
    place = (y % step * step + x % step) * rows * pitch + y // step * pitch + x // step
    channel = step * step * rows * pitch
    return Region(start, channel, place.ravel(), shape.channels * channel, (step, rows, pitch))


def leaf_offsets(conv: ConvStart, region: Region) -> Int64:
    """int64[kernels, leaves, k, parts]: the word that each candidate of a leaf is at the parts of the first square."""
    step, rows, pitch = region.phases
    part = np.arange(conv.size) * conv.stride
    channel, dy, dx = (conv.candidates[..., which, None, None].astype(np.int64) for which in range(3))
    row, column = dy + part[:, None], dx + part[None, :]
    phase = (row % step * step + column % step) * rows * pitch
    found = region.start + channel * region.step + phase + row // step * pitch + column // step
    table: Int64 = found.reshape(*conv.candidates.shape[:3], -1)
    return table


def kernel_order(conv: ConvStart) -> tuple[Int64, Int64]:
    """(the order in which the backward pass takes the kernels, how many of the first channels each one may read).

    Kernels that read the same channels follow one another, so that the rows of these are still in a near cache; one
    whose channels lie far apart comes with the highest of them.
    """
    channels = conv.candidates[..., 0].reshape(len(conv.candidates), -1)
    low, high = channels.min(axis=1), channels.max(axis=1)
    key = np.where(high - low > conv.below.channels // 2, high, low)
    return np.argsort(key, kind="stable"), high.astype(np.int64) + 1


def leaf_rows(network: Network) -> Int64:
    """int64[convolutions, 9]: rows as those of `Plan.layers` for the learned leaves, as pins of neurons with one pin.

    A pin's list in `Plan.candidates` holds the candidates' numbers. They come before those of the dense layers.
    """
    rows, first, listed, wiring = [], 0, 0, 0
    for conv in network.front:
        count, k = len(conv.candidates) * conv.candidates.shape[1], conv.k
        slots, padded = -(-count // 16) * 16, -(-k // 8) * 8 if k > 1 else 0
        rows.append((first, count, slots, first, k, padded, listed, -1, wiring))
        if padded:
            first, listed, wiring = first + slots, listed + slots * padded, wiring + slots * k
    return np.array(rows, np.int64).reshape(-1, 9)


def reread(front: Front, index: int, best: Int32) -> None:
    """The offsets of stage `index` when leaf i reads its candidate best[i]."""
    row = front.stages[index]
    count, parts, k = int(row[1] * row[2]), int(row[3]), int(row[14])
    choices = front.choices[row[15] : row[15] + count * k * parts].reshape(count, k, parts)
    chosen = np.take_along_axis(choices, best[:count, None, None], axis=1)
    front.offsets[row[6] : row[6] + count * parts] = chosen.ravel()


def make_front(network: Network) -> Front | None:
    """The layout of the network's convolutions and pools; None where it has none."""
    if not network.front:
        return None
    regions, at = [], network.inputs
    for conv in network.front:
        regions.append(region_of(conv, at))
        at += regions[-1].size
    last = network.front[-1].above
    regions.append(flat_region(last, at))
    words = at + last.nodes + SLACK
    halves = [64 * max([regions[i].size for i in range(first, len(regions), 2)] or [0]) for first in (1, 2)]
    stages, offsets, grids, targets, slot, listed, placed = [], [], [], [], 0, 0, 0
    choices, pins, orders = [np.zeros(0, np.int64)], leaf_rows(network), [kernel_order(conv) for conv in network.front]
    first_kernel = 0
    for index, conv in enumerate(network.front):
        region, above, out = regions[index], conv.above, regions[index + 1]
        table = leaf_offsets(conv, region)
        pitch = region.phases[2]
        grid = (np.arange(above.height)[:, None] * pitch + np.arange(above.width)).ravel()
        ends = [-1 if at == 0 else (at - 1) % 2 * halves[0] for at in (index, index + 1)]
        counts = (*table.shape[:2], table.shape[3], int(grid[-1]) + 1, above.places)
        starts = (listed, placed, out.step, int(conv.pool == "and"))
        learned = (conv.k, sum(map(len, choices)), pins[index, 6], pins[index, 5])
        memory = (first_kernel, region.step, conv.below.channels)
        stages.append((slot, *counts, *starts, ends[0], region.start, ends[1], out.start, *learned, *memory))
        first_kernel += len(conv.candidates)
        offsets.append(table[:, :, 0].ravel())
        if conv.k > 1:
            choices.append(table.ravel())
        grids.append(grid)
        targets.append(out.start + out.place)
        slot, listed, placed = slot + -(-conv.width // 16) * 16, listed + offsets[-1].size, placed + above.places
    first = regions[0]
    place, channel = np.divmod(np.arange(network.inputs), network.front[0].below.channels)
    source = first.start + channel * first.step + first.place[place]
    order, reach = zip(*orders, strict=True)
    lists = [np.concatenate(each).astype(np.int32) for each in (offsets, choices, order, reach, grids, targets)]
    table, where = np.array(stages, np.int64), source.astype(np.int32)
    listing, listed_choices, kernels, reached, squares, aims = lists
    sizes = (regions[-1].start, last.nodes, sum(halves), words, slot)
    return Front(table, listing, listed_choices, kernels, reached, squares, aims, where, *sizes)
