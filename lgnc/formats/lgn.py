"""A trained network as plain arrays, and its file: one `.lgn`, safetensors with a JSON header. No pickle, no code.

`docs/model.md` specifies the file.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.files import read_file, write_file
from lgnc.formats.record import is_image_shape, training_fault
from lgnc.ir.check import MAX_NODES, is_text
from lgnc.ir.circuit import FEATURE_DTYPES, Encoder, Int32
from lgnc.ir.layers import Conv, Pool, Shape, layer_from, layer_table, shapes, trained_gates
from lgnc.ir.quantiser import Quantiser, quantiser_faults

VERSIONS = (1, 2)
"""Version 2 adds the front: convolutions and pools. A model without one is written as version 1."""

_HEADER_KEY = "lgnc"
_FIELDS = {"version", "layers", "feature_dtype", "feature_names", "class_names", "tau", "meta"}
_QUANTISER = (("scale", "float64"), ("offset", "int64"))
_FRONT_FIELDS = {"grid", "front"}
_CHECKSUM = re.compile(r', "sha256": "([0-9a-f]{64})"\}\Z')
"""How a header's text ends: the checksum is that of the text without it."""

_MAX_HEADER = 32 << 20
_DEEPEST = 20
_MAX_LAYERS = 1 << 15
"""A gate's layer is an int16 in the circuit."""

Float32 = NDArray[np.float32]
Refuse = Callable[[str], BadInput]


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of neurons. Node ids count what is below the first layer (encoder bits, or the front's last grid) first,

    then the neurons of all layers in order.

    candidates: int32[2, width, k], the nodes that pin a (row 0) and pin b (row 1) may read; any earlier node is legal.
    wiring_logits: float32[2, width, k], or None when k is 1; a pin reads the candidate of its highest logit.
    gate_logits: float32[width, 16], or None when op is given; op: uint8[width], by default each row's argmax.
    """

    candidates: Int32
    gate_logits: Float32 | None = None
    wiring_logits: Float32 | None = None
    op: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))

    def __post_init__(self) -> None:
        if self.gate_logits is not None:
            object.__setattr__(self, "op", self.gate_logits.argmax(axis=1).astype(np.uint8))

    @property
    def width(self) -> int:
        return int(self.candidates.shape[1])

    @property
    def fanin(self) -> Int32:
        """int32[2, width]: the node that each pin reads once the wiring is fixed."""
        if self.wiring_logits is None:
            return self.candidates[:, :, 0]
        best = self.wiring_logits.argmax(axis=2)[:, :, None]
        return np.take_along_axis(self.candidates, best, axis=2)[:, :, 0]


@dataclass(frozen=True, eq=False)
class FrontLayer:
    """A convolution or a pool, its kernels stored once.

    leaves: int32[kernels, 2^depth, 3] of a convolution: (channel, dy, dx), see `lgnc.ir.layers`. gate_logits:
    float32[kernels * gates, 16], a kernel's gates together, or None when op is given; op: uint8[kernels * gates].
    """

    layer: Conv | Pool
    leaves: Int32 = field(default_factory=lambda: np.zeros((0, 0, 3), np.int32))
    gate_logits: Float32 | None = None
    op: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))

    def __post_init__(self) -> None:
        if self.gate_logits is not None:
            object.__setattr__(self, "op", self.gate_logits.argmax(axis=1).astype(np.uint8))


@dataclass(frozen=True, eq=False)
class Model:
    """What training leaves: an encoder, layers, and GroupSum over `head_nodes` cut into classes by `head_starts`.

    grid, front: the encoder's bits as a grid, and the convolutions and pools over it; None and () of a dense network.
    head_nodes: int32[n], node ids. head_starts: int32[classes + 1]. tau: the GroupSum temperature.
    meta: JSON data: 'training' (how it was made), 'columns' (how a table's columns became features), 'shape' (of an
    image: height, width, channels); all optional.
    """

    encoder: Encoder
    layers: tuple[Layer, ...]
    head_nodes: Int32
    head_starts: Int32
    class_names: tuple[str, ...]
    tau: float
    meta: dict[str, Any] = field(default_factory=dict)
    grid: Shape | None = None
    front: tuple[FrontLayer, ...] = ()

    def __repr__(self) -> str:
        sizes = f"{len(self.encoder.names):,} features, {self.encoder.bits:,} bits, {self.gates:,} gates"
        return f"<model: {sizes}, {len(self.class_names)} classes>"

    @property
    def shapes(self) -> list[Shape]:
        """The grid below the front, and after each of its layers."""
        return shapes(tuple(each.layer for each in self.front), self.grid or Shape(self.encoder.bits, 1, 1))

    @property
    def gates(self) -> int:
        """Gates with a choice of their own: those of a kernel count once."""
        return sum(layer.width for layer in self.layers) + sum(len(each.op) for each in self.front)


def model_bytes(model: Model) -> bytes:
    """The bytes of the model's `.lgn` file: the same model gives the same bytes."""
    from safetensors.numpy import save

    enc = model.encoder
    tensors: dict[str, NDArray[Any]] = {
        "encoder.feature": enc.feature,
        "encoder.threshold": enc.threshold,
        "head.nodes": model.head_nodes.astype(np.int32),
        "head.starts": model.head_starts.astype(np.int32),
    }
    if enc.quantiser is not None:
        tensors |= {"encoder.scale": enc.quantiser.scale, "encoder.offset": enc.quantiser.offset}
    for index, each in enumerate(model.front):
        if isinstance(each.layer, Conv):
            tensors[f"front.{index}.leaves"] = each.leaves.astype(np.int32)
            logits = each.gate_logits
            key = "op" if logits is None else "gate_logits"
            tensors[f"front.{index}.{key}"] = each.op.astype(np.uint8) if logits is None else logits.astype(np.float32)
    for index, layer in enumerate(model.layers):
        tensors[f"layer.{index}.candidates"] = layer.candidates.astype(np.int32)
        if layer.wiring_logits is not None:
            tensors[f"layer.{index}.wiring_logits"] = layer.wiring_logits.astype(np.float32)
        if layer.gate_logits is not None:
            tensors[f"layer.{index}.gate_logits"] = layer.gate_logits.astype(np.float32)
        else:
            tensors[f"layer.{index}.op"] = layer.op.astype(np.uint8)
    header: dict[str, Any] = {
        "version": 2 if model.front else 1,
        "layers": len(model.layers),
        "feature_dtype": enc.dtype,
        "feature_names": list(enc.names),
        "class_names": list(model.class_names),
        "tau": model.tau,
        "meta": model.meta,
    }
    if model.front:
        front = [layer_table(each.layer) for each in model.front]
        header |= {"grid": [*(model.grid or Shape(enc.bits, 1, 1))], "front": front}
    contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    text = json.dumps(header, sort_keys=True, allow_nan=False)
    return save(contiguous, {_HEADER_KEY: f'{text[:-1]}, "sha256": "{checksum(text, contiguous)}"}}'})


def checksum(header: str, tensors: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256, in hexadecimal, of the header's text and of every array by name: its name, dtype, shape and bytes."""
    sha = hashlib.sha256(header.encode())
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        sha.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        sha.update(array.view(np.uint8).data if array.size else b"")
    return sha.hexdigest()


def save_model(model: Model, path: Path) -> None:
    """Write the model to `path`, whole or not at all."""
    write_file(path, model_bytes(model))


def load_model(path: Path) -> Model:
    """The model in the file at `path`. Raises BadInput when it is not a well-formed `.lgn`."""
    return model_from_bytes(read_file(path), str(path))


def model_from_bytes(data: bytes, where: str) -> Model:
    """The model of a `.lgn` file's bytes. Sizes are checked against the file's before any array is made."""

    def refuse(what: str) -> BadInput:
        return BadInput(what, where=where, fix="train it again, or take a whole copy of the file")

    header, tensors = _contents(data, refuse)
    return _Reader(header, tensors, refuse).model()


def _contents(data: bytes, refuse: Refuse) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The header and the arrays of a file whose checksum, where it has one, is that of what it holds."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    if len(data) < 8:
        raise refuse(f"is {len(data)} bytes long: not a model file, or a truncated one")
    (size,) = struct.unpack("<Q", data[:8])
    if size > min(len(data) - 8, _MAX_HEADER):
        raise refuse(f"its header claims {size} bytes of a file of {len(data)}: not a model file, or a truncated one")
    try:
        text = json.loads(data[8 : 8 + size])["__metadata__"][_HEADER_KEY]
        header = json.loads(text, parse_float=_finite, parse_constant=_finite)
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise refuse(f"is not an lgnc model, or a damaged one: {why}") from None
    if not isinstance(header, dict) or type(header.get("version")) is not int or header["version"] not in VERSIONS:
        raise refuse("is not of model format 1 or 2, those that this lgnc reads")
    told = _CHECKSUM.search(text)
    if told is not None:
        if told[1] != checksum(text[: told.start()] + "}", tensors):
            raise refuse("is damaged: its checksum is not that of what it holds")
        del header["sha256"]
    known = _FIELDS | (_FRONT_FIELDS if header["version"] == 2 else set())
    if not set(header) <= known:
        raise refuse(f"has an unknown header field '{min(set(header) - known):.40}'")
    return header, tensors


def _finite(number: str) -> float:
    """The float that a JSON number says. Raises ValueError for NaN and infinity, in words or by size."""
    value = float(number)
    if not isfinite(value):
        raise ValueError(f"{number:.40} is not a finite number")
    return value


def _nested(value: object, deeper: int) -> bool:
    """Whether lists and objects lie more than `deeper` deep in each other."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(isinstance(each, dict | list) and (deeper <= 1 or _nested(each, deeper - 1)) for each in inner)


class _Reader:
    """Takes arrays and header fields by name, refusing wrong shapes, types and ranges."""

    def __init__(self, header: dict[str, Any], tensors: dict[str, NDArray[Any]], refuse: Refuse) -> None:
        self.header, self.tensors, self.refuse = header, tensors, refuse

    def array(self, name: str, dtype: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
        if name not in self.tensors:
            raise self.refuse(f"has no array '{name}'")
        array = self.tensors.pop(name)
        fits = len(array.shape) == len(shape) and all(
            want in (None, have) for want, have in zip(shape, array.shape, strict=True)
        )
        if array.dtype != dtype or not fits:
            want = " x ".join("any" if n is None else str(n) for n in shape)
            raise self.refuse(f"array '{name}' is {array.dtype} {list(array.shape)}, not {dtype} {want}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise self.refuse(f"array '{name}' holds NaN or infinity")
        return array

    def text_list(self, key: str) -> tuple[str, ...]:
        value = self.header.get(key)
        if not isinstance(value, list) or not all(isinstance(x, str) for x in value) or len(set(value)) != len(value):
            raise self.refuse(f"header field '{key}' is not a list of distinct names")
        if not all(map(is_text, value)):
            raise self.refuse(f"header field '{key}' has a name that is not Unicode text")
        return tuple(value)

    def within(self, name: str, array: NDArray[Any], limit: int) -> None:
        if array.size and (array.min() < 0 or array.max() >= limit):
            raise self.refuse(f"array '{name}' holds {array.min()}..{array.max()}, outside 0..{limit - 1}")

    def model(self) -> Model:
        dtype = self.header.get("feature_dtype")
        if dtype not in FEATURE_DTYPES:
            raise self.refuse(f"header field 'feature_dtype' is not one of {', '.join(FEATURE_DTYPES)}")
        names, classes = self.text_list("feature_names"), self.text_list("class_names")
        feature = self.array("encoder.feature", "int32", (None,))
        self.within("encoder.feature", feature, len(names))
        kind = "float64" if dtype.startswith("float") else "int64"
        threshold = self.array("encoder.threshold", kind, (len(feature),))
        encoder = Encoder(names, dtype, feature, threshold, self.quantiser(names, dtype))
        count = self.header.get("layers")
        if type(count) is not int or not 0 <= count <= min(len(self.tensors), _MAX_LAYERS):
            raise self.refuse(f"header field 'layers' is not the number of layers in the file, at most {_MAX_LAYERS}")
        grid, front = self.front(encoder) if self.header["version"] == 2 else (None, ())
        layers, nodes = [], Model(encoder, (), feature, feature, classes, 1.0, {}, grid, front).shapes[-1].nodes
        for index in range(count):
            layers.append(self.layer(f"layer.{index}", nodes))
            nodes += layers[-1].width
        head_nodes = self.array("head.nodes", "int32", (None,))
        self.within("head.nodes", head_nodes, nodes)
        starts = self.array("head.starts", "int32", (len(classes) + 1,))
        if not classes or starts[0] != 0 or starts[-1] != len(head_nodes) or (np.diff(starts) < 0).any():
            raise self.refuse("array 'head.starts' does not cut the head's nodes into classes")
        tau, meta = self.header.get("tau"), self.header.get("meta")
        if isinstance(tau, bool) or not isinstance(tau, int | float) or not 0 < tau < 1e12:
            raise self.refuse("header field 'tau' is not a positive number")
        if not isinstance(meta, dict) or _nested(meta, _DEEPEST):
            raise self.refuse(f"header field 'meta' is not an object, or nested more than {_DEEPEST} deep")
        for key in ("training", "columns"):
            if not isinstance(meta.get(key) or {}, dict):
                raise self.refuse(f"header field 'meta.{key}' is not an object")
        if what := training_fault(meta.get("training") or {}, "meta.training"):
            raise self.refuse(f"header field {what}")
        if meta.get("shape") is not None and not is_image_shape(meta["shape"]):
            raise self.refuse("header field 'meta.shape' is not a height, a width and channels")
        if self.tensors:
            raise self.refuse(f"has an unknown array '{sorted(self.tensors)[0][:60]}'")
        return Model(encoder, tuple(layers), head_nodes, starts, classes, float(tau), meta, grid, front)

    def quantiser(self, names: tuple[str, ...], dtype: str) -> Quantiser | None:
        """What makes codes of values, where features are codes."""
        if not {"encoder.scale", "encoder.offset"} & set(self.tensors):
            return None
        arrays = (self.array(f"encoder.{each}", kind, (len(names),)) for each, kind in _QUANTISER)
        quantiser = Quantiser(*arrays)
        for fault in quantiser_faults(quantiser, len(names), dtype):
            raise self.refuse(f"has a quantiser with a fault: {fault}")
        return quantiser

    def front(self, encoder: Encoder) -> tuple[Shape, tuple[FrontLayer, ...]]:
        """The grid of the encoder's bits, and the convolutions and pools."""
        sides, tables = self.header.get("grid"), self.header.get("front")
        if not isinstance(sides, list) or len(sides) != 3 or any(type(n) is not int or n < 1 for n in sides):
            raise self.refuse("header field 'grid' is not three sizes")
        grid = Shape(*sides)
        if grid.nodes != encoder.bits:
            raise self.refuse(f"header field 'grid' has {grid.nodes} nodes for {encoder.bits} encoder bits")
        if not isinstance(tables, list) or not 0 < len(tables) < _MAX_LAYERS:
            raise self.refuse("header field 'front' is not a list of layers")
        try:
            layers = tuple(layer_from(table) for table in tables)
            found = shapes(layers, grid)
        except BadInput as error:
            raise self.refuse(f"header field 'front': {error.what}") from None
        if max(shape.nodes for shape in found) > MAX_NODES:
            raise self.refuse("its grids have too many nodes")
        made = [self.front_layer(f"front.{index}", layer, found[index]) for index, layer in enumerate(layers)]
        return grid, tuple(made)

    def front_layer(self, name: str, layer: object, below: Shape) -> FrontLayer:
        if isinstance(layer, Pool):
            return FrontLayer(layer)
        if not isinstance(layer, Conv):
            raise self.refuse("header field 'front' has a layer that is no convolution and no pool")
        gates = trained_gates(layer)
        leaves = self.array(f"{name}.leaves", "int32", (layer.kernels, 1 << layer.depth, 3))
        for part, limit in enumerate((below.channels, layer.window, layer.window)):
            self.within(f"{name}.leaves", leaves[:, :, part], limit)
        if f"{name}.gate_logits" in self.tensors:
            return FrontLayer(layer, leaves, self.array(f"{name}.gate_logits", "float32", (gates, 16)))
        op = self.array(f"{name}.op", "uint8", (gates,))
        self.within(f"{name}.op", op, 16)
        return FrontLayer(layer, leaves, None, op)

    def layer(self, name: str, nodes: int) -> Layer:
        candidates = self.array(f"{name}.candidates", "int32", (2, None, None))
        self.within(f"{name}.candidates", candidates, nodes)
        _, width, k = candidates.shape
        if not k or nodes + width > MAX_NODES:
            raise self.refuse(f"array '{name}.candidates' has no candidates, or too many nodes")
        wiring = self.array(f"{name}.wiring_logits", "float32", (2, width, k)) if k > 1 else None
        if f"{name}.gate_logits" in self.tensors:
            return Layer(candidates, self.array(f"{name}.gate_logits", "float32", (width, 16)), wiring)
        op = self.array(f"{name}.op", "uint8", (width,))
        self.within(f"{name}.op", op, 16)
        return Layer(candidates, None, wiring, op)
