"""What Python's operators, indices and attributes mean on known numbers, numpy arrays and symbolic bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.readback.arrays import Arrays, Features, Words, known, width_of, words
from lgnc.readback.symbols import MIRRORED

_KNOWN_ATTRIBUTES = ("T", "shape", "ndim", "dtype", "size", "kind", "itemsize")
_KNOWN_METHODS = ("reshape", "tolist", "any", "all", "astype", "max", "min")
_SCALARS = ("bool_", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64")


@dataclass(frozen=True)
class Name:
    """A function or module of Python's or numpy's that is known by name: `len`, `numpy`, `numpy.zeros`."""

    dotted: str


Rules = Mapping[str, Callable[..., Any]]
"""Name -> what it does, given the library and a call's arguments; others are refused."""


class Library:
    """Operations on values: Python's own, numpy arrays of known numbers, `Features`, and `Words`, which can change.

    functions: by dotted name. methods: of `Words`.
    """

    def __init__(self, arrays: Arrays, functions: Rules, methods: Rules) -> None:
        self.arrays, self._functions, self._methods = arrays, functions, methods

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

    def alike(self, x: Any, y: Any) -> tuple[Words, Words]:
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
        p, q = self.alike(x, y)
        if sign in ("&", "|", "^"):
            return self.arrays.bitwise(sign, p, q)
        if p.dtype.kind == "b" or sign not in ("+", "-"):
            raise BadInput(f"'{sign}' of values that depend on the features")
        return self.arrays.add(p, q if sign == "+" else self.arrays.negate(q))

    def _by_known(self, sign: str, x: Any, y: Any) -> Words:
        """Words shifted by, or multiplied with, known numbers."""
        if not isinstance(x, Words):
            x, y = (y, x) if sign == "*" else (x, y)
        number = number_of(y)
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
            return self.arrays.above(MIRRORED[sign], y, _compared_with(y, x))
        if isinstance(x, Words) or isinstance(y, Words):
            return self.arrays.compare(sign, *self.alike(x, y))
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
            rule = self._methods.get(name)
            if rule is not None:
                return rule(self, owner, *arguments, **named)
        elif isinstance(owner, Features):
            if name == "astype" and len(arguments) == 1 and not set(named) - {"copy"}:
                return _features_as(owner, np.dtype(dtype_of(arguments[0])))
        elif isinstance(owner, (np.ndarray, np.generic)) and name in _KNOWN_METHODS:
            known_arguments = [dtype_of(each) if isinstance(each, Name) else each for each in arguments]
            return getattr(owner, name)(*known_arguments, **named)
        elif isinstance(owner, list) and name == "append" and len(arguments) == 1 and not named:
            return owner.append(arguments[0])
        raise BadInput(f"method '{name}' is not read back")

    def function(self, function: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
        """function(arguments), of the functions that are known."""
        rule = self._functions.get(function.dotted) if isinstance(function, Name) else None
        if rule is not None:
            return rule(self, *arguments, **named)
        if isinstance(function, Name) and function.dotted.removeprefix("numpy.") in _SCALARS:
            return self._scalar(arguments, named, dtype_of(function))
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


def number_of(value: Any) -> NDArray[Any]:
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
    return number_of(index)


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


def dtype_of(value: Any) -> np.dtype[Any]:
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
    """Known numbers that features are compared with, as numpy converts them; the comparison must be exact."""
    number = number_of(value)
    if isinstance(value, (int, float)):  # A number of Python's takes the array's type.
        if isinstance(value, float) and features.dtype.kind != "f":
            raise BadInput(f"{features.dtype} features are compared with a float")
        return number.astype(features.dtype) if features.dtype.kind == "f" else number
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
