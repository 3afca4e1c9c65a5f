"""What the functions and operators of numpy that emitted modules use mean, on known numbers and on symbolic bits."""

# ruff: noqa: ARG001 (rules of the table take the library, whether they need it or not)
from __future__ import annotations

import base64
import binascii
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.readback.arrays import UNWRITTEN, Arrays, Features, Words, known, width_of, words

MOST_LITERALS = 1 << 28
"""Bits of an array that a module may make."""

_KNOWN_ATTRIBUTES = ("T", "shape", "ndim", "dtype", "size", "kind", "itemsize")
_KNOWN_METHODS = ("reshape", "tolist", "any", "all", "astype", "max", "min")
_SCALARS = ("bool_", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64")


@dataclass(frozen=True)
class Name:
    """A function or module of Python's or numpy's that is known by name: `len`, `numpy`, `numpy.zeros`."""

    dotted: str


class Library:
    """Functions on values: Python's own, numpy arrays of known numbers, `Features`, and `Words`, which can change."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays

    def truth(self, value: Any) -> bool:
        """Whether a known value is true."""
        if isinstance(value, Words):
            found = known(value)
            if found is None or found.size != 1:
                raise BadInput("a decision depends on the features")
            return bool(found.reshape(()))
        if isinstance(value, Features):
            raise BadInput("a decision depends on the features")
        return bool(value)

    def parts(self, value: Any) -> list[Any]:
        """What a tuple of names is given."""
        if isinstance(value, (tuple, list)):
            return list(value)
        if isinstance(value, (np.ndarray, Words)):
            return [self.part(value, row) for row in range(value.shape[0])]
        raise BadInput("a value that has no parts is taken apart")

    def part(self, value: Any, index: Any) -> Any:
        """value[index]; of an array a view where numpy gives one."""
        index = _index(index)
        if isinstance(value, Words):
            return Words(value.dtype, value.bits[_whole(index, len(value.shape))])
        if isinstance(value, Features):
            return Features(value.dtype, value.index[index])
        if isinstance(value, (np.ndarray, tuple, list)):
            return value[index]
        raise BadInput("a part of something that is no array")

    def assign(self, target: Words, index: Any, value: Any) -> None:
        """target[index] = value; where the index is a symbolic condition, for the elements where it holds."""
        value = self._as(value, target.dtype, casting="unsafe")
        if isinstance(index, Words) and index.dtype.kind == "b" and known(index) is None:
            if index.shape != target.shape:
                raise BadInput("a condition of another shape than what is changed")
            target.bits[...] = self.arrays.choose(index, value, target).bits
            return
        target.bits[_whole(_index(index), len(target.shape))] = value.bits

    def _as(self, value: Any, dtype: np.dtype[Any], casting: str) -> Words:
        """A value as words of a type, as numpy converts when it assigns."""
        if isinstance(value, Words):
            if not np.can_cast(value.dtype, dtype, casting):  # type: ignore[arg-type]
                raise BadInput(f"{value.dtype} is stored as {dtype}")
            return value if value.dtype == dtype else self.arrays.cast(value, dtype)
        if isinstance(value, (bool, int)):
            return words(_python_number(value, dtype))
        if isinstance(value, (np.ndarray, np.generic)) and np.can_cast(value.dtype, dtype, casting):  # type: ignore[arg-type]
            return words(np.asarray(value).astype(dtype))
        raise BadInput(f"a value that is not {dtype}")

    def unary(self, sign: str, value: Any) -> Any:
        """-value or ~value."""
        if isinstance(value, Words):
            if value.dtype.kind == "b" and sign == "-":
                raise BadInput("a bool is negated")
            return self.arrays.invert(value) if sign == "~" else self.arrays.negate(value)
        if isinstance(value, Features):
            raise BadInput("features are computed with, not compared")
        return -value if sign == "-" else ~value

    def _alike(self, x: Any, y: Any) -> tuple[Words, Words]:
        """Two operands of one type, as numpy promotes them."""
        if isinstance(x, Features) or isinstance(y, Features):
            raise BadInput("features are computed with, not compared")
        types = [value.dtype for value in (x, y) if hasattr(value, "dtype")]
        dtype = np.result_type(*types)
        width_of(dtype)
        return self._as(x, dtype, "safe"), self._as(y, dtype, "safe")

    def binary(self, sign: str, x: Any, y: Any) -> Any:
        """x SIGN y of arrays or numbers."""
        if not isinstance(x, (Words, Features)) and not isinstance(y, (Words, Features)):
            return _known_binary(sign, x, y)
        if sign in ("<<", ">>", "*"):
            return self._by_known(sign, x, y)
        p, q = self._alike(x, y)
        if sign in ("&", "|", "^"):
            return self.arrays.bitwise(sign, p, q)
        if p.dtype.kind == "b" or sign not in ("+", "-"):
            raise BadInput(f"'{sign}' of values that depend on the features")
        return self.arrays.add(p, q if sign == "+" else self.arrays.negate(q))

    def _by_known(self, sign: str, x: Any, y: Any) -> Words:
        """Words shifted by, or multiplied with, known numbers."""
        if not isinstance(x, Words):
            x, y = (y, x) if sign == "*" else (x, y)
        number = _number(y)
        if not isinstance(x, Words) or number.dtype.kind not in "iu":
            raise BadInput(f"'{sign}' with a number that depends on the features")
        if not isinstance(y, int):
            x = self._as(x, np.result_type(x.dtype, number.dtype), "safe")
        if sign == "*":
            return self.arrays.multiply(x, number)
        width = width_of(x.dtype)
        if x.dtype.kind == "b" or ((number < 0) | (number >= width)).any():
            raise BadInput("a shift of a bool, or by more bits than there are")
        if sign == "<<":
            return self.arrays.shift_left(x, number.astype(np.int64))
        if number.shape or x.signed:
            raise BadInput("a shift to the right of signed values, or by several numbers")
        zeros = np.zeros((*x.shape, int(number)), np.int64)
        return Words(x.dtype, np.concatenate([x.bits[..., int(number) :], zeros], axis=-1))

    def compare(self, sign: str, x: Any, y: Any) -> Any:
        """x SIGN y."""
        if isinstance(x, Features):
            return self.arrays.above(sign, x, _compared_with(x, y))
        if isinstance(y, Features):
            mirrored = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "==", "!=": "!="}
            return self.arrays.above(mirrored[sign], y, _compared_with(y, x))
        if isinstance(x, Words) or isinstance(y, Words):
            return self.arrays.compare(sign, *self._alike(x, y))
        rules: dict[str, Callable[[], Any]] = {
            ">": lambda: x > y, ">=": lambda: x >= y, "<": lambda: x < y, "<=": lambda: x <= y,
            "==": lambda: x == y, "!=": lambda: x != y,
        }  # fmt: skip
        return rules[sign]()

    def attribute(self, owner: Any, name: str) -> Any:
        """owner.name."""
        if isinstance(owner, Name):
            return Name(f"{owner.dotted}.{name}")
        if isinstance(owner, Words):
            if name == "T":
                return Words(owner.dtype, owner.bits.transpose(*range(len(owner.shape))[::-1], len(owner.shape)))
            if name in ("shape", "dtype"):
                return getattr(owner, name)
            if name == "ndim":
                return len(owner.shape)
        if isinstance(owner, Features):
            if name == "T":
                return Features(owner.dtype, owner.index.T)
            if name in ("shape", "ndim"):
                return getattr(owner.index, name)
            if name == "dtype":
                return owner.dtype
        if isinstance(owner, (np.ndarray, np.generic, np.dtype)) and name in _KNOWN_ATTRIBUTES:
            return getattr(owner, name)
        raise BadInput(f"attribute '{name}' is not read back")

    def method(self, owner: Any, name: str, arguments: list[Any], named: dict[str, Any]) -> Any:
        """owner.name(arguments)."""
        if isinstance(owner, Name):
            return self.function(Name(f"{owner.dotted}.{name}"), arguments, named)
        if isinstance(owner, Words):
            rule = _WORDS_METHODS.get(name)
            if rule is not None:
                return rule(self, owner, *arguments, **named)
        elif isinstance(owner, Features):
            if name == "astype" and len(arguments) == 1 and not set(named) - {"copy"}:
                return _features_as(owner, np.dtype(_dtype(arguments[0])))
        elif isinstance(owner, (np.ndarray, np.generic)) and name in _KNOWN_METHODS:
            known_arguments = [_dtype(each) if isinstance(each, Name) else each for each in arguments]
            return getattr(owner, name)(*known_arguments, **named)
        elif isinstance(owner, list) and name == "append" and len(arguments) == 1 and not named:
            return owner.append(arguments[0])
        raise BadInput(f"method '{name}' is not read back")

    def function(self, function: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
        """function(arguments), of the functions that are known."""
        rule = _FUNCTIONS.get(function.dotted) if isinstance(function, Name) else None
        if rule is not None:
            return rule(self, *arguments, **named)
        if isinstance(function, Name) and function.dotted.removeprefix("numpy.") in _SCALARS:
            return self._scalar(arguments, named, _dtype(function))
        called = function.dotted if isinstance(function, Name) else "something"
        raise BadInput(f"a call of {called} is not read back")

    def _scalar(self, arguments: list[Any], named: dict[str, Any], dtype: np.dtype[Any]) -> Any:
        if len(arguments) != 1 or named:
            raise BadInput("a scalar of other than one number")
        return _python_number(arguments[0], dtype)[()]


def _python_number(value: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    """A Python number as an array of a type that holds it."""
    if not isinstance(value, (bool, int, float)):
        raise BadInput("a number is made of something else")
    return np.array(value, dtype)


def _number(value: Any) -> NDArray[Any]:
    """A value that must be known."""
    if isinstance(value, Words):
        found = known(value)
        if found is None:
            raise BadInput("an index or a size depends on the features")
        return found
    if isinstance(value, Features):
        raise BadInput("an index or a size depends on the features")
    return np.asarray(value)


def _index(index: Any) -> Any:
    """An index as numpy takes it, of known numbers."""
    if isinstance(index, tuple):
        return tuple(_index(each) for each in index)
    if index is None or index is Ellipsis or isinstance(index, (slice, int)):
        return index
    return _number(index)


def _whole(index: Any, rank: int) -> Any:
    """An index of an array's own axes, for the array with an axis of bits behind them."""
    index = index if isinstance(index, tuple) else (index,)
    if any(each is Ellipsis for each in index):
        return (*index, slice(None))
    taken = sum(
        each.ndim if isinstance(each, np.ndarray) and each.dtype.kind == "b" else each is not None for each in index
    )
    if taken > rank:
        raise BadInput(f"an index of {taken} axes, of {rank}")
    return index


def _dtype(value: Any) -> np.dtype[Any]:
    """A type that is given by name, by numpy's object or as a text."""
    if isinstance(value, Name):
        value = value.dotted.removeprefix("numpy.")
        if value not in _SCALARS:
            raise BadInput(f"'{value}' is not a type")
    if isinstance(value, (str, np.dtype)):
        return np.dtype(value)
    raise BadInput("a type that is not known")


def _features_as(value: Features, dtype: np.dtype[Any]) -> Features:
    """Features in a type that keeps every value."""
    if not np.can_cast(value.dtype, dtype, "safe") or (dtype.kind == "f" and value.dtype.kind != "f"):
        raise BadInput(f"features of type {value.dtype} become {dtype}, which changes them")
    return Features(dtype, value.index)


def _compared_with(features: Features, value: Any) -> NDArray[Any]:
    """Known numbers that features are compared with, where the comparison is exact."""
    number = _number(value)
    if isinstance(value, float):
        number = number.astype(features.dtype)
    if not isinstance(value, (int, float)):
        both = np.result_type(features.dtype, number.dtype)
        if both.kind == "f" and (features.dtype.kind != "f" or number.dtype.kind != "f"):
            raise BadInput(f"{features.dtype} features and {number.dtype} numbers meet as {both}")
    return number


def _known_binary(sign: str, x: Any, y: Any) -> Any:
    functions: dict[str, Callable[[Any, Any], Any]] = {
        "+": np.add, "-": np.subtract, "*": np.multiply, "//": np.floor_divide, "%": np.mod, "<<": np.left_shift,
        ">>": np.right_shift, "&": np.bitwise_and, "|": np.bitwise_or, "^": np.bitwise_xor,
    }  # fmt: skip
    for each in (x, y):
        if not isinstance(each, (np.ndarray, np.generic, int)):
            raise BadInput(f"'{sign}' of such values is not read back")
    return functions[sign](x, y)


def _made(shape: Any, dtype: np.dtype[Any], literal: int) -> Words:
    width = width_of(dtype)
    sizes = [int(_number(each)) for each in (shape if isinstance(shape, (tuple, list)) else (shape,))]
    if min(sizes, default=0) < 0 or math.prod(sizes) * width > MOST_LITERALS:
        raise BadInput(f"an array of {' x '.join(map(str, sizes))} is made")
    return Words(dtype, np.full((*sizes, width), literal, np.int64))


def _axis(axis: int, rank: int) -> int:
    if not isinstance(axis, int) or not -rank <= axis < rank:
        raise BadInput(f"axis {axis} of {rank}")
    return axis % rank


def _take(library: Library, own: Words, index: Any, *, axis: int, mode: str = "raise") -> Words:
    rows = _number(index)
    axis = _axis(axis, len(own.shape))
    if mode not in ("raise", "clip"):
        raise BadInput(f"mode '{mode}' is not read back")
    return Words(own.dtype, np.take(own.bits, rows, axis=axis, mode=mode))  # type: ignore[call-overload]


def _astype(library: Library, own: Words, dtype: Any, *, copy: bool = True) -> Words:
    cast = library.arrays.cast(own, _dtype(dtype))
    return Words(cast.dtype, cast.bits.copy()) if copy else cast


def _view(library: Library, own: Words, dtype: Any) -> Words:
    """The same memory in another unsigned type, the lowest byte first."""
    kind = _dtype(dtype)
    if kind.kind != "u" or own.dtype.kind != "u" or not own.bits.flags.c_contiguous or kind.byteorder == ">":
        raise BadInput(f"{own.dtype} is viewed as {kind}")
    width = width_of(kind)
    *shape, last, bits = own.bits.shape
    return Words(kind.newbyteorder("="), own.bits.reshape(*shape, last * bits // width, width))


_WORDS_METHODS: dict[str, Callable[..., Any]] = {"take": _take, "astype": _astype, "view": _view}


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
        p, q = library._alike(x, y)
        return library.arrays.choose(library.arrays.compare(sign, p, q), p, q)

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
    number = int(_number(count))
    if not 0 <= number <= flat.shape[-1]:
        raise BadInput(f"{number} of {flat.shape[-1]} bits are unpacked")
    out = np.zeros((*flat.shape[:-1], number, 8), np.int64)
    out[..., 0] = flat[..., :number]
    return Words(np.dtype(np.uint8), out)


def _contiguous(library: Library, value: Any, dtype: Any = None) -> Any:
    if isinstance(value, Features) and dtype is None:
        return value
    if not isinstance(value, Words) or (dtype is not None and _dtype(dtype).newbyteorder("=") != value.dtype):
        raise BadInput("ascontiguousarray that converts")
    return Words(value.dtype, np.ascontiguousarray(value.bits))


def _finite(library: Library, value: Any) -> NDArray[Any]:
    if not isinstance(value, Features):
        raise BadInput("isfinite of something other than features")
    return np.ones(value.index.shape, np.bool_)


def _repeat(library: Library, values: Any, count: Any, *, axis: int) -> Words:
    own = values if isinstance(values, Words) else words(_number(values))
    return Words(own.dtype, np.repeat(own.bits, int(_number(count)), axis=_axis(axis, len(own.shape))))


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
    kind = _dtype(dtype)
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


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "len": _length,
    "int": lambda _, value: int(_number(value)),
    "range": lambda _, *bounds: range(*(int(_number(each)) for each in bounds)),
    "slice": lambda _, *bounds: slice(*bounds),
    "enumerate": lambda _, values: list(enumerate(values)),
    "itertools.pairwise": lambda _, values: list(itertools.pairwise(values)),
    "base64.b64decode": _decode,
    "numpy.frombuffer": _frombuffer,
    "numpy.dtype": lambda _, name: _dtype(name),
    "numpy.asarray": _asarray,
    "numpy.ascontiguousarray": _contiguous,
    "numpy.can_cast": lambda _, own, other: bool(np.can_cast(_dtype(own), _dtype(other))),
    "numpy.isfinite": _finite,
    "numpy.bitwise_and": _bitwise("&"),
    "numpy.bitwise_or": _bitwise("|"),
    "numpy.bitwise_xor": _bitwise("^"),
    "numpy.concatenate": _concatenate,
    "numpy.diff": lambda _, values: np.diff(_number(values)),
    "numpy.empty": lambda _, shape, dtype: _made(shape, _dtype(dtype), UNWRITTEN),
    "numpy.zeros": lambda _, shape, dtype: _made(shape, _dtype(dtype), 0),
    "numpy.maximum": _extreme(">"),
    "numpy.minimum": _extreme("<"),
    "numpy.packbits": _packbits,
    "numpy.unpackbits": _unpackbits,
    "numpy.repeat": _repeat,
}
"""Function -> what it does, given the library and the call's arguments; others are refused."""
