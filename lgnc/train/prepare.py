"""From a data set and a configuration to a problem that can be trained: every check comes before the first step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Encoder
from lgnc.ir.layers import CANDIDATES, Conv, Shape, applications, layer_name, read_channels, shapes, trained_gates
from lgnc.ir.simulate import features_for
from lgnc.train.build import build_network, grid_shape
from lgnc.train.config import TrainConfig
from lgnc.train.encoders import fit_encoder, fit_grid_encoder, lay_in_words
from lgnc.train.fixed_point import in_codes
from lgnc.train.front import cut_front
from lgnc.train.network import Estimator, Network
from lgnc.train.resolve import ResolvedConfig, data_kind, resolve
from lgnc.train.trees import gate_widths


@dataclass(frozen=True, eq=False)
class Problem:
    """fit, held: int64 indices of training rows, to train on and to choose the best epoch on (held may be empty)."""

    dataset: Dataset
    config: ResolvedConfig
    encoder: Encoder
    network: Network
    estimator: Estimator
    fit: NDArray[np.int64]
    held: NDArray[np.int64]
    fill: Any
    """The feature value that an image shift moves in: the least of the training rows."""


def prepare(
    dataset: Dataset,
    asked: TrainConfig,
    *,
    saved: bool = False,
    tested: bool = True,
    class_weights: Sequence[float] | None = None,
) -> Problem:
    """Check everything and build the network. Raises BadInput, before any training, for what cannot be trained.

    saved: there will be checkpoints, which take memory too. tested: there must be test rows.
    class_weights: in the place of those of `balance`, which must be asked for; a row is made to weigh 1 on average.
    """
    check_dataset(dataset, tested=tested)
    config = resolve(asked, dataset)
    fit, held = split(dataset.y_train, config.validation_fraction, config.seed)
    if config.steps is not None:
        config = replace(config, epochs=-(-config.steps // steps_of_epoch(len(fit), config.batch_size)))
    quantiser = None
    if config.fixed_point is not None:
        dataset, quantiser = in_codes(dataset, config.fixed_point, fit)
    if config.layer:
        assert dataset.shape is not None  # `resolve` has seen to it.
        encoder = fit_grid_encoder(config.encoder, dataset.x_train[fit], dataset.feature_names, dataset.shape)
    else:
        pixels = data_kind(dataset) == "image" or (config.word > 1 and dataset.shape is not None)
        encoder = fit_encoder(config.encoder, dataset.x_train[fit], dataset.feature_names, one_unit=pixels)
        encoder = lay_in_words(encoder, config.word, dataset.x_train[fit].max(axis=0)) if config.word > 1 else encoder
    encoder = replace(encoder, quantiser=quantiser)
    below, front = encoder.bits, 0
    if config.layer:
        grid = grid_shape(encoder, dataset)
        below = shapes(cut_front(config.layer, grid)[0], grid)[-1].nodes
        front = front_bytes(config, grid, saved=saved)
        check_layers(config, below)
    if asked.candidates is None:
        fewest = min(below if config.word > 1 else width // config.members for width in config.widths)
        config = replace(config, candidates=min(config.candidates, below, fewest))
    check_memory(config, encoder.bits, len(dataset.x_train) + len(dataset.x_test), saved=saved, front=front)
    network = build_network(config, encoder, dataset)
    if class_weights is not None:
        weights = np.asarray(class_weights, np.float64)
        network = replace(network, weights=(weights / weights[dataset.y_train].mean()).astype(np.float32))
    estimator = Estimator(
        config.method,
        config.cage,
        config.temperature,
        wiring_temperature=config.wiring_temperature,
        weight_decay=config.weight_decay,
    )
    return Problem(dataset, config, encoder, network, estimator, fit, held, dataset.x_train.min())


def check_dataset(dataset: Dataset, *, tested: bool = True) -> None:
    """Raise BadInput for rows that cannot be learned from: none, not finite, or classes without enough rows.

    tested: there must be test rows.
    """
    if not len(dataset.x_train) or (tested and not len(dataset.x_test)):
        part = "training" if not len(dataset.x_train) else "test"
        raise BadInput(f"there are no {part} rows", where=dataset.name, fix="give more rows or another test fraction")
    names = dataset.feature_names
    plain = Encoder(names, str(dataset.x_train.dtype), np.zeros(0, np.int32), np.zeros(0, np.int64))
    features_for(plain, dataset.x_train, f"{dataset.name}, training rows")
    features_for(plain, dataset.x_test, f"{dataset.name}, test rows")
    classes = len(dataset.class_names)
    if classes < 2:
        raise BadInput(
            "has one class: nothing to tell apart", where=dataset.name, fix="give rows of two or more classes"
        )
    count = np.bincount(dataset.y_train, minlength=classes)
    for index in np.flatnonzero(count == 0)[:1].tolist():
        what = f"class '{dataset.class_names[index]}' has no training row"
        raise BadInput(what, where=dataset.name, fix="give it more rows, or leave the class out")


def steps_of_epoch(rows: int, batch_size: int) -> int:
    """The batches of an epoch: the rows that do not fill one are left out of it."""
    return rows // min(batch_size, rows)


def split(y: NDArray[np.int64], fraction: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(fit, held) indices, both sorted: of each class the same share, rounded down, is held out."""
    rng = np.random.default_rng([seed, 2])
    held = []
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        held.append(rows[: int(fraction * len(rows))])
    chosen = np.sort(np.concatenate(held)).astype(np.int64)
    return np.setdiff1d(np.arange(len(y)), chosen), chosen


def check_layers(config: ResolvedConfig, below: int) -> None:
    """Raise BadInput for a dense layer with more candidates than nodes below it, `below` those of the first."""
    first = len(config.layer) - len(config.dense)
    for index, layer in enumerate(config.dense):
        if layer.candidates > below:
            what = f"{layer.candidates} candidates per pin, and the layer below has {below} nodes"
            raise BadInput(what, where=layer_name(first + index, layer), fix=f"give candidates = {below} or fewer")
        below = layer.width


def memory_needed(config: ResolvedConfig, bits: int, rows: int, *, saved: bool = False) -> int:
    """Bytes that training will hold at its peak, roughly: logits and moments, activations and gradients, the rows.

    Logits are held as they began, and with both moments in the engine, as the best epoch had them, and in a copy on the
    way out; a checkpoint is made of two such copies, in pieces and then whole.
    """
    widths, batch = gate_widths(config.node, config.widths), config.batch_size
    per = len(widths) // len(config.dense)
    counts = [layer.candidates for layer in config.dense for _ in range(per)]
    pins = sum(2 * width * count for width, count in zip(widths, counts, strict=True))
    logits = 16 * sum(widths) + sum(2 * w * count for w, count in zip(widths, counts, strict=True) if count > 1)
    copies = 10 + (12 if saved else 0)
    state = 4 * copies * logits + 4 * 4 * pins
    if config.engine in ("packed", "triton"):
        step = 2 * 4 * batch * max(widths) + (bits + sum(widths)) * batch // 8
    else:
        step = 4 * batch * (bits + 8 * sum(widths))
    row_bytes = 4 * bits if config.inputs == "real" else bits // 8 + 8
    return state + step + rows * row_bytes


def available_memory() -> int | None:
    """Bytes that a program can take without swapping, as Linux estimates it; None where nothing says so."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return None


def check_memory(config: ResolvedConfig, bits: int, rows: int, *, saved: bool = False, front: int = 0) -> None:
    """Raise BadInput, with the figures, when `memory_needed` exceeds the memory that is available.

    front: bytes that the convolutions need besides.
    """
    if config.device == "cuda":
        import torch

        free: int | None = torch.cuda.mem_get_info()[0]
        rows = 0  # they stay in the host's memory
    else:
        free = available_memory()
    needed = memory_needed(config, bits, rows, saved=saved and config.device == "cpu") + front
    if free is not None and needed > free:
        kind = "GPU memory" if config.device == "cuda" else "memory"
        what = f"training needs about {needed / 1e9:.1f} GB of {kind}, and {free / 1e9:.1f} GB are free"
        raise BadInput(what, where="training", fix="use fewer layers, a smaller width or a smaller batch")


def front_bytes(config: ResolvedConfig, grid: Shape, *, saved: bool = False) -> int:
    """Bytes that a network's convolutions need while it is trained, and to be written out after it, roughly."""
    layers = config.layer
    found = shapes(layers, grid)
    gates = sum(trained_gates(layer) for layer in layers if isinstance(layer, Conv))
    written = sum(applications(layer, above) for layer, above in zip(layers, found[1:], strict=True))
    largest = max((shape.nodes for shape in found[:-1]), default=0)
    batch = config.batch_size
    packed = config.engine == "packed"
    step = 2 * 6 * largest * min(batch, 64) if packed else 4 * 12 * written * batch
    if config.engine == "triton":  # Gradient rows of one layer's leaves, at most two for each of its gates.
        most = max((applications(*each) for each in zip(layers, found[1:], strict=True)), default=0)
        step = 4 * batch * (2 * most + largest)
    pins = places = 0
    for layer, below, above in zip(layers, found, found[1:], strict=False):
        if isinstance(layer, Conv) and layer.leaves == "learned":
            limit = read_channels(layer, below) * layer.window**2
            own = layer.kernels * min(layer.candidates or CANDIDATES, limit) << layer.depth
            pins, places = pins + own, places + own * (16 if packed else above.places)
    return 4 * (22 if saved else 10) * (16 * gates + pins) + 24 * pins + 8 * places + step + 40 * written
