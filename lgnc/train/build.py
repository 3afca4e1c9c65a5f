"""A network before its first step, and the model file's content after the last one."""

from __future__ import annotations

from typing import Any

import numpy as np

from lgnc.data.dataset import Dataset
from lgnc.formats.lgn import FrontLayer, Layer, Model
from lgnc.ir.circuit import Encoder
from lgnc.ir.gates import AND, FALSE, GT, LT, TRUE, A
from lgnc.ir.layers import Conv, Dense, Pool, Shape, bare
from lgnc.train.config import parse_init
from lgnc.train.front import build_front, cut_front
from lgnc.train.network import ConvStart, Float32, Int32, LayerLogits, LayerStart, Network
from lgnc.train.resolve import ResolvedConfig
from lgnc.train.trees import join_wiring, leaves
from lgnc.train.wiring import (
    bit_positions,
    blocked_wiring,
    candidate_wiring,
    grid_positions,
    local_candidates,
    random_wiring,
    structured_wiring,
    word_wiring,
)

_NEVER = -100.0
"""The logit of a gate that is left out: its share of a softmax is 0 at every temperature that CAGE reaches."""

_FIRST_REACH = 2
"""Structured wiring: how many pixels (a table's features) pin b reaches in the first layer; doubled every layer."""

_LOCAL_REACH = 5
"""Local candidates: how many pixels (a table's features) from its neuron's place a pin reaches, in every layer."""


_BLOCK = 4096
"""Random wiring above convolutions: at most about so many neurons of a layer share a block of what they read."""


def build_network(config: ResolvedConfig, encoder: Encoder, dataset: Dataset) -> Network:
    """The network that `config` describes, its wiring and logits drawn from `config.seed`.

    With `balance` a class weighs rows / (classes x its rows), so that a row weighs 1 on average.

    Raises BadInput when a pin has more candidates than nodes to read.
    """
    widths, classes = config.widths, len(dataset.class_names)
    rng, front = np.random.default_rng([config.seed, 1]), tuple[ConvStart, ...]()
    if config.layer:
        grid = grid_shape(encoder, dataset)
        below = cut_front(config.layer, grid)[0]
        front = build_front(below, grid, rng, lambda rng, conv: _conv_logits(config, rng, conv))
    wiring = _wiring(config, encoder, dataset, front, rng)
    own = [layer for layer in config.dense for _ in range(len(wiring) // len(widths))]
    layers = tuple(
        _layer(config, rng, index, pins, layer) for index, (pins, layer) in enumerate(zip(wiring, own, strict=True))
    )
    starts = config.word * _runs(widths[-1] // config.word, classes * config.members)
    rows = np.bincount(dataset.y_train, minlength=classes)
    weights = (rows.sum() / (classes * rows)).astype(np.float32) if config.balance else None
    return Network(encoder.bits, layers, starts, config.group_tau, front, weights, config.members)


def _layer(config: ResolvedConfig, rng: np.random.Generator, index: int, pins: Int32, layer: Dense) -> LayerStart:
    """Dense layer `index`: the gates of a word have the same logits where they are one function."""
    one_gate, width = config.one_gate(index), pins.shape[1]
    own = config.word if one_gate else 1
    logits = np.repeat(_gate_logits(config, rng, width // own, layer.init), own, axis=0)
    return LayerStart(pins, logits, _wiring_logits(pins), layer.lr, config.word, one_gate)


def grid_shape(encoder: Encoder, dataset: Dataset) -> Shape:
    """The grid of encoder bits that `lgnc.train.encoders.fit_grid_encoder` makes of a set of images."""
    assert dataset.shape is not None
    height, width, _ = dataset.shape
    return Shape(encoder.bits // (height * width), height, width)


def _wiring(
    config: ResolvedConfig, encoder: Encoder, dataset: Dataset, front: tuple[ConvStart, ...], rng: np.random.Generator
) -> list[Int32]:
    """int32[2, gates, k] for each layer of gates: the leaves of each layer of neurons, then what joins them."""
    widths, size, classes = config.widths, leaves(config.node), len(dataset.class_names)
    places = bit_positions(encoder.feature, len(encoder.names), dataset.shape)
    side = min(dataset.shape[:2]) if dataset.shape else len(encoder.names)
    wiring, below = [], encoder.bits
    if front:
        above = front[-1].above
        places, below = grid_positions(above), above.nodes
    for index, layer in enumerate(config.dense):
        width, at = layer.width, None
        if config.word > 1:
            pins = word_wiring(candidate_wiring(rng, below, width // config.word, layer.candidates), config.word)
        elif layer.wiring == "learned" and config.candidates_from == "local":
            pins, at = local_candidates(rng, places, size * width, layer.candidates, _LOCAL_REACH / side)
        elif layer.wiring == "learned":
            pins = _member_wiring(rng, below, size * width, config, classes, index)
        elif layer.wiring == "random" and front and index < len(widths) - 1:
            order = rng.permutation(below) if index == 0 else np.arange(below)
            blocks = max(1, min(size * max(widths) // _BLOCK, min(below, *widths) // 16))
            pins = blocked_wiring(rng, order, size * width, blocks)[:, :, None]
        elif layer.wiring == "random":
            pins = random_wiring(rng, below, size * width)[:, :, None]
        else:
            fanin, at = structured_wiring(rng, places, size * width, min(1.0, _FIRST_REACH / side * 2**index))
            if index == len(widths) - 1:  # A class sums a run of neurons: spread them over the whole image.
                fanin = fanin.reshape(2, width, size)[:, rng.permutation(width)].reshape(2, -1)
            pins = fanin[:, :, None]
        wiring += [pins, *join_wiring(config.node, width)]
        if at is None:  # A leaf whose wiring asks for no place is between the two nodes that it reads at first.
            at = places[pins[:, :, 0]].mean(axis=0)
        places, below = at.reshape(width, size, 2).mean(axis=1), width
    return wiring


def _runs(width: int, count: int) -> Int32:
    """int32[count + 1]: where runs of about as many neurons each begin."""
    return (np.arange(count + 1) * width // count).astype(np.int32)


def _member_wiring(
    rng: np.random.Generator, below: int, leaves: int, config: ResolvedConfig, classes: int, index: int
) -> Int32:
    """int32[2, leaves, k]: candidates among the nodes of the leaf's own member, in the first layer among all bits."""
    members, width, k = config.members, config.widths[index], config.dense[index].candidates
    if members == 1 or index == 0:
        return candidate_wiring(rng, below, leaves, k)
    last = index == len(config.widths) - 1
    runs = classes * members if last else members
    of_neuron = np.repeat(np.arange(runs), np.diff(_runs(width, runs))) % members
    of_leaf, cuts = np.repeat(of_neuron, leaves // width), _runs(below, members)
    pins = np.empty((2, leaves, k), np.int32)
    for member in range(members):
        mine = of_leaf == member
        nodes = int(cuts[member + 1] - cuts[member])
        pins[:, mine] = cuts[member] + candidate_wiring(rng, nodes, int(mine.sum()), k)
    return pins


def _gate_logits(config: ResolvedConfig, rng: np.random.Generator, width: int, init: str) -> Float32:
    """float32[width, 16]. init: the layer's own, or '' for that of the configuration."""
    kind, strength = parse_init(init or config.init)
    if kind == "gaussian":
        logits = (strength * rng.standard_normal((width, 16))).astype(np.float32)
    else:
        logits = np.zeros((width, 16), np.float32)
        logits[:, A] = strength
    if not config.constants:
        logits[:, [FALSE, TRUE]] = _NEVER
    return logits


def _conv_logits(config: ResolvedConfig, rng: np.random.Generator, conv: Conv) -> Float32:
    """float32[kernels * gates, 16]. With 'edges' a kernel tells a step between two places, or that both are set: an OR
    over wires alone is mostly true after a few pools, and has less to say.
    """
    logits = _gate_logits(config, rng, conv.kernels * conv.gates, conv.init)
    kind, strength = parse_init(conv.init or config.init)
    if kind == "edges":
        roots = logits[conv.gates - 1 :: conv.gates]
        roots[:, A] = 0
        roots[np.arange(conv.kernels), rng.choice([AND, GT, LT], conv.kernels)] = strength
    return logits


def _wiring_logits(candidates: Int32) -> Float32 | None:
    """Zeros: candidate 0 is read at first, and every candidate has the same share of the backward pass."""
    return np.zeros(candidates.shape, np.float32) if candidates.shape[2] > 1 else None


def to_model(
    network: Network, logits: list[LayerLogits], encoder: Encoder, dataset: Dataset, training: dict[str, Any]
) -> Model:
    """The trained network as a Model: positions in the layer below become node ids."""
    cut = len(network.front)
    front = tuple(part for each in zip(network.front, logits, strict=False) for part in _front_layers(*each))
    grid = network.front[0].below if front else None
    layers, first, nodes = list[Layer](), 0, network.below
    for start, trained in zip(network.layers, logits[cut:], strict=True):
        layers.append(Layer(start.candidates + np.int32(first), trained.gate, trained.wiring))
        first, nodes = nodes, nodes + start.width
    meta: dict[str, Any] = {"training": training}
    if dataset.columns:
        meta["columns"] = dataset.columns
    if dataset.shape is not None:
        meta["shape"] = list(dataset.shape)
    head_nodes, starts = np.arange(first, nodes, dtype=np.int32), network.head_starts[:: network.members]
    return Model(encoder, tuple(layers), head_nodes, starts, dataset.class_names, network.tau, meta, grid, front)


def _front_layers(start: ConvStart, trained: LayerLogits) -> list[FrontLayer]:
    """The convolution and the pool above it."""
    found = []
    if start.conv is not None:
        found = [FrontLayer(bare(start.conv), start.leaves(trained.wiring), trained.gate)]
    return found + ([FrontLayer(Pool(start.pool, start.size))] if start.size > 1 else [])
