"""What the functions of numpy that emitted modules use mean, on known numbers and on symbolic bits."""

# ruff: noqa: ARG001 (rules of the table take the library, whether they need it or not)
from __future__ import annotations

import base64
import binascii
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.readback.arrays import UNWRITTEN, Features, Words, width_of, words
from lgnc.readback.numpy_library import Library, Rules, dtype_of, number_of

MOST_LITERALS = 1 << 28
"""Bits of an array that a module may make."""


def _made(shape: Any, dtype: np.dtype[Any], literal: int) -> Words:
    width = width_of(dtype)
    sizes = [int(number_of(each)) for each in (shape if isinstance(shape, (tuple, list)) else (shape,))]
    if min(sizes, default=0) < 0 or math.prod(sizes) * width > MOST_LITERALS:
        raise BadInput(f"an array of {' x '.join(map(str, sizes))} is made")
    return Words(dtype, np.full((*sizes, width), literal, np.int64))


def _axis(axis: int, rank: int) -> int:
    if not isinstance(axis, int) or not -rank <= axis < rank:
        raise BadInput(f"axis {axis} of {rank}")
    return axis % rank


def _take(library: Library, own: Words, index: Any, *, axis: int, mode: str = "raise") -> Words:
    rows = number_of(index)
    axis = _axis(axis, len(own.shape))
    if mode not in ("raise", "clip"):
        raise BadInput(f"mode '{mode}' is not read back")
    return Words(own.dtype, np.take(own.bits, rows, axis=axis, mode=mode))  # type: ignore[call-overload]


def _astype(library: Library, own: Words, dtype: Any, *, copy: bool = True) -> Words:
    cast = library.arrays.cast(own, dtype_of(dtype))
    return Words(cast.dtype, cast.bits.copy()) if copy else cast


def _view(library: Library, own: Words, dtype: Any) -> Words:
    """The same memory in another unsigned type, the lowest byte first."""
    kind = dtype_of(dtype)
    if kind.kind != "u" or own.dtype.kind != "u" or not own.bits.flags.c_contiguous or kind.byteorder == ">":
        raise BadInput(f"{own.dtype} is viewed as {kind}")
    width = width_of(kind)
    *shape, last, bits = own.bits.shape
    return Words(kind.newbyteorder("="), own.bits.reshape(*shape, last * bits // width, width))


METHODS: Rules = {"take": _take, "astype": _astype, "view": _view}
"""Of symbolic words."""


def _into(result: Words, out: Words | None, library: Library) -> Words:
    if out is None:
        return result
    if not isinstance(out, Words) or out.shape != result.shape:
        raise BadInput("'out' has another shape than the result")
    library.assign(out, Ellipsis, result)
    return out


def _bitwise(sign: str) -> Callable[..., Words]:
    def rule(library: Library, x: Any, y: Any, *, out: Words | None = None) -> Words:
        return _into(library.binary(sign, x, y), out, library)

    return rule


def _extreme(sign: str) -> Callable[..., Words]:
    def rule(library: Library, x: Any, y: Any) -> Words:
        p, q = library.alike(x, y)
        return library.arrays.choose(library.arrays.compare(sign, q, p), q, p)  # As `best[x > best] = x` compares.

    return rule


def _concatenate(library: Library, parts: Any, *, axis: int = 0) -> Words:
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, Words) for part in parts):
        raise BadInput("parts that are no arrays are joined")
    if len({part.dtype for part in parts}) != 1:
        raise BadInput("parts of several types are joined")
    axis = _axis(axis, len(parts[0].shape))
    return Words(parts[0].dtype, np.concatenate([part.bits for part in parts], axis=axis))


def _packbits(library: Library, bits: Any, *, axis: int, bitorder: str) -> Words:
    if not isinstance(bits, Words) or bits.dtype.kind != "b" or bitorder != "little":
        raise BadInput("packbits of something other than bools, or with the highest bit first")
    if _axis(axis, len(bits.shape)) != len(bits.shape) - 1:
        raise BadInput("packbits along another axis than the last")
    flat = bits.bits[..., 0]
    padded = np.concatenate([flat, np.zeros((*flat.shape[:-1], -flat.shape[-1] % 8), np.int64)], axis=-1)
    return Words(np.dtype(np.uint8), padded.reshape(*flat.shape[:-1], -1, 8))


def _unpackbits(library: Library, octets: Any, *, axis: int, count: Any, bitorder: str) -> Words:
    if not isinstance(octets, Words) or octets.dtype != np.uint8 or bitorder != "little":
        raise BadInput("unpackbits of something other than uint8, or with the highest bit first")
    if _axis(axis, len(octets.shape)) != len(octets.shape) - 1:
        raise BadInput("unpackbits along another axis than the last")
    flat = octets.bits.reshape(*octets.shape[:-1], -1)
    number = int(number_of(count))
    if not 0 <= number <= flat.shape[-1]:
        raise BadInput(f"{number} of {flat.shape[-1]} bits are unpacked")
    out = np.zeros((*flat.shape[:-1], number, 8), np.int64)
    out[..., 0] = flat[..., :number]
    return Words(np.dtype(np.uint8), out)


def _contiguous(library: Library, value: Any, dtype: Any = None) -> Any:
    if isinstance(value, Features) and dtype is None:
        return value
    if not isinstance(value, Words) or (dtype is not None and dtype_of(dtype).newbyteorder("=") != value.dtype):
        raise BadInput("ascontiguousarray that converts")
    return Words(value.dtype, np.ascontiguousarray(value.bits))


def _finite(library: Library, value: Any) -> NDArray[Any]:
    if not isinstance(value, Features):
        raise BadInput("isfinite of something other than features")
    return np.ones(value.index.shape, np.bool_)


def _repeat(library: Library, values: Any, count: Any, *, axis: int) -> Words:
    own = values if isinstance(values, Words) else words(number_of(values))
    return Words(own.dtype, np.repeat(own.bits, int(number_of(count)), axis=_axis(axis, len(own.shape))))


def _decode(library: Library, text: Any) -> bytes:
    if not isinstance(text, str):
        raise BadInput("b64decode of something other than a text")
    try:
        return base64.b64decode(text)
    except binascii.Error as error:
        raise BadInput(f"is not base64: {error}") from None


def _frombuffer(library: Library, data: Any, dtype: Any) -> NDArray[Any]:
    if not isinstance(data, bytes):
        raise BadInput("frombuffer of something other than bytes")
    kind = dtype_of(dtype)
    if kind.kind not in "biuf":
        raise BadInput(f"a table of type {kind}")
    found = np.frombuffer(data, kind).astype(kind.newbyteorder("="))
    found.flags.writeable = False
    return found


def _length(library: Library, value: Any) -> int:
    if isinstance(value, Features):
        return len(value.index)
    return int(value.shape[0]) if isinstance(value, (Words, np.ndarray)) else len(value)


def _asarray(library: Library, value: Any) -> Any:
    if not isinstance(value, (Words, Features)):
        raise BadInput("asarray of something that is no array")
    return value


FUNCTIONS: Rules = {
    "len": _length,
    "int": lambda _, value: int(number_of(value)),
    "range": lambda _, *bounds: range(*(int(number_of(each)) for each in bounds)),
    "slice": lambda _, *bounds: slice(*bounds),
    "enumerate": lambda _, values: list(enumerate(values)),
    "itertools.pairwise": lambda _, values: list(itertools.pairwise(values)),
    "base64.b64decode": _decode,
    "numpy.frombuffer": _frombuffer,
    "numpy.dtype": lambda _, name: dtype_of(name),
    "numpy.asarray": _asarray,
    "numpy.ascontiguousarray": _contiguous,
    "numpy.can_cast": lambda _, own, other: bool(np.can_cast(dtype_of(own), dtype_of(other))),
    "numpy.isfinite": _finite,
    "numpy.bitwise_and": _bitwise("&"),
    "numpy.bitwise_or": _bitwise("|"),
    "numpy.bitwise_xor": _bitwise("^"),
    "numpy.concatenate": _concatenate,
    "numpy.diff": lambda _, values: np.diff(number_of(values)),
    "numpy.empty": lambda _, shape, dtype: _made(shape, dtype_of(dtype), UNWRITTEN),
    "numpy.zeros": lambda _, shape, dtype: _made(shape, dtype_of(dtype), 0),
    "numpy.maximum": _extreme(">"),
    "numpy.minimum": _extreme("<"),
    "numpy.packbits": _packbits,
    "numpy.unpackbits": _unpackbits,
    "numpy.repeat": _repeat,
}
"""Python's and numpy's, by dotted name."""
