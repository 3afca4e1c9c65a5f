"""A numpy module -> Circuit: its text interpreted on symbolic bits, for one row. Nothing of it is executed.

Python's own parser gives the syntax tree; statements and expressions are walked here, and what numpy's functions mean
is in `numpy_functions.py`. A statement, function or argument that is not known is refused with its line.
"""

# ruff: noqa: ARG002 (rules by kind of node have one signature)
from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit
from lgnc.readback.arrays import Arrays, Features, Words
from lgnc.readback.numpy_functions import FUNCTIONS, METHODS
from lgnc.readback.numpy_library import Library, Name
from lgnc.readback.source import named_outputs, text_of
from lgnc.readback.symbols import Symbols

MOST_STEPS = 10_000_000
"""Statements that may run: a module that loops for ever ends here."""

MOST_CALLS = 50
"""Calls inside calls."""

_BINARY: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//", ast.Mod: "%", ast.LShift: "<<", ast.RShift: ">>",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
}  # fmt: skip
_COMPARE: dict[type, str] = {
    ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_IMPORTS = ("base64", "itertools", "numpy")
_FAULTS = (ValueError, IndexError, TypeError, AttributeError, KeyError, OverflowError, ZeroDivisionError, MemoryError)


def read_back(folder: Path, name: str, circuit: Circuit) -> Circuit:
    """What `NAME.py` in the folder computes for a row, over the features of `circuit`.

    With classes the outputs are the words `score{c}` and `index`, from `scores` and `predict`; else those of `outputs`,
    under the circuit's own names. Features are taken to be finite. Raises BadInput with file and line.
    """
    path = folder / f"{name}.py"
    text = text_of(path)
    symbols = Symbols(circuit.encoder, str(path))
    try:
        tree = ast.parse(text)
        module = _Module(Library(Arrays(symbols), FUNCTIONS, METHODS), str(path))
        module.run(tree)
        row = Features(np.dtype(circuit.encoder.dtype), np.arange(len(circuit.encoder.names))[None])
        calls = {"outputs": "outputs"} if circuit.head is None else {"scores": "scores", "class": "predict"}
        results = {key: _only_row(module.call_named(call, row), call, str(path)) for key, call in calls.items()}
    except (SyntaxError, RecursionError, ValueError) as error:
        at = f"{path}:{getattr(error, 'lineno', None) or 1}"
        raise BadInput(f"does not parse: {error}", where=at, fix="compile it again") from None
    return named_outputs(symbols, circuit, results)


def _only_row(result: Any, call: str, where: str) -> Words:
    """The first row of what a function gives, which must be of one."""
    kinds = {"scores": "int32", "predict": "int64", "outputs": "bool"}
    if not isinstance(result, Words) or result.shape[:1] != (1,) or str(result.dtype) != kinds[call]:
        raise BadInput(f"'{call}' does not give one row of {kinds[call]}", where=where, fix="compile it again")
    return Words(result.dtype, result.bits[0])


class _Return(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


class _Frame(dict[str, Any]):
    """A function's names. yielded: the values of a generator, which is run to its end at once."""

    yielded: list[Any] | None = None


class _Module:
    def __init__(self, library: Library, where: str) -> None:
        self.library, self.where = library, where
        self.globals = _Frame()
        self.steps = self.depth = 0

    def refuse(self, node: ast.AST, what: str = "") -> BadInput:
        """An error at a syntax node."""
        what = what or f"'{type(node).__name__}' is not read back"
        return BadInput(what, where=f"{self.where}:{getattr(node, 'lineno', 0)}", fix="compile it again")

    def run(self, tree: ast.Module) -> None:
        """The module's own statements."""
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                if node.decorator_list or node.args.defaults or node.args.kwonlyargs or node.args.vararg:
                    raise self.refuse(node, f"'{node.name}' has decorators or defaults")
                self.globals[node.name] = node
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name not in _IMPORTS:
                        raise self.refuse(node, f"module '{alias.name}' is not known")
                    self.globals[alias.asname or alias.name] = Name(alias.name)
            elif isinstance(node, (ast.Assign, ast.Expr)):
                self._statement(node, self.globals)
            else:
                raise self.refuse(node)

    def call_named(self, name: str, *arguments: Any) -> Any:
        """The result of one of the module's functions."""
        function = self.globals.get(name)
        if not isinstance(function, ast.FunctionDef):
            raise BadInput(f"has no function '{name}'", where=self.where, fix="compile it again")
        return self._call(function, list(arguments), function)

    def _call(self, function: ast.FunctionDef, arguments: list[Any], at: ast.AST) -> Any:
        names = [argument.arg for argument in function.args.args]
        if len(names) != len(arguments):
            raise self.refuse(at, f"'{function.name}' takes {len(names)} arguments, not {len(arguments)}")
        frame = _Frame(zip(names, arguments, strict=True))
        if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(function)):
            frame.yielded = []
        self.depth += 1
        if self.depth > MOST_CALLS:
            raise self.refuse(at, "calls are nested too deeply")
        try:
            self._block(function.body, frame)
        except _Return as returned:
            return frame.yielded if frame.yielded is not None else returned.value
        finally:
            self.depth -= 1
        return frame.yielded

    def _block(self, body: list[ast.stmt], frame: _Frame) -> None:
        for node in body:
            self._statement(node, frame)

    def _statement(self, node: ast.stmt, frame: _Frame) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise self.refuse(node, f"runs more than {MOST_STEPS:,} statements")
        rule = getattr(self, f"_do_{type(node).__name__}", None)
        if rule is None:
            raise self.refuse(node)
        try:
            rule(node, frame)
        except BadInput as error:
            if f"{self.where}:" in error.where:
                raise
            raise self.refuse(node, error.what) from None
        except _FAULTS as error:
            raise self.refuse(node, f"{type(error).__name__}: {error}") from None

    def _do_Expr(self, node: ast.Expr, frame: _Frame) -> None:
        if isinstance(node.value, ast.Yield):
            assert frame.yielded is not None
            assert node.value.value is not None
            frame.yielded.append(self._value(node.value.value, frame))
        else:
            self._value(node.value, frame)

    def _do_Assign(self, node: ast.Assign, frame: _Frame) -> None:
        value = self._value(node.value, frame)
        for target in node.targets:
            self._store(target, value, frame)

    def _do_AugAssign(self, node: ast.AugAssign, frame: _Frame) -> None:
        own, other = self._value(node.target, frame), self._value(node.value, frame)
        result = self._binary(node, type(node.op), own, other)
        if isinstance(own, Words) and isinstance(node.target, ast.Name):
            self.library.assign(own, Ellipsis, result)
        elif isinstance(node.target, ast.Subscript) or not isinstance(own, np.ndarray):
            self._store(node.target, result, frame)
        else:
            raise self.refuse(node, "a table is changed")

    def _do_Return(self, node: ast.Return, frame: _Frame) -> None:
        raise _Return(None if node.value is None else self._value(node.value, frame))

    def _do_Raise(self, node: ast.Raise, frame: _Frame) -> None:
        raise self.refuse(node, "it raises an error for a legal row")

    def _do_Pass(self, node: ast.Pass, frame: _Frame) -> None:
        pass

    def _do_If(self, node: ast.If, frame: _Frame) -> None:
        self._block(node.body if self._truth(node.test, frame) else node.orelse, frame)

    def _do_While(self, node: ast.While, frame: _Frame) -> None:
        if node.orelse:
            raise self.refuse(node)
        while self._truth(node.test, frame):
            self._block(node.body, frame)

    def _do_For(self, node: ast.For, frame: _Frame) -> None:
        values = self._value(node.iter, frame)
        if node.orelse or not isinstance(values, (list, tuple, range, enumerate, Iterator)):
            raise self.refuse(node, "a loop over something that is not a list")
        for value in values:
            self._store(node.target, value, frame)
            self._block(node.body, frame)

    def _store(self, target: ast.expr, value: Any, frame: _Frame) -> None:
        if isinstance(target, ast.Name):
            frame[target.id] = value
        elif isinstance(target, ast.Tuple):
            parts = self.library.parts(value)
            if len(parts) != len(target.elts):
                raise self.refuse(target, f"{len(parts)} values for {len(target.elts)} names")
            for each, part in zip(target.elts, parts, strict=True):
                self._store(each, part, frame)
        elif isinstance(target, ast.Subscript):
            base = self._value(target.value, frame)
            if not isinstance(base, Words):
                raise self.refuse(target, "a part of something that is not an array of its own is changed")
            self.library.assign(base, self._value(target.slice, frame), value)
        else:
            raise self.refuse(target)

    def _truth(self, node: ast.expr, frame: _Frame) -> bool:
        return self.library.truth(self._value(node, frame))

    def _value(self, node: ast.expr, frame: _Frame) -> Any:
        rule = getattr(self, f"_get_{type(node).__name__}", None)
        if rule is None:
            raise self.refuse(node)
        return rule(node, frame)

    def _get_Constant(self, node: ast.Constant, frame: _Frame) -> Any:
        return node.value

    def _get_Name(self, node: ast.Name, frame: _Frame) -> Any:
        for names in (frame, self.globals):
            if node.id in names:
                return names[node.id]
        if node.id in ("len", "range", "slice", "int", "enumerate"):
            return Name(node.id)
        raise self.refuse(node, f"name '{node.id}' is not known")

    def _get_Tuple(self, node: ast.Tuple, frame: _Frame) -> Any:
        return tuple(self._value(each, frame) for each in node.elts)

    def _get_List(self, node: ast.List, frame: _Frame) -> Any:
        return [self._value(each, frame) for each in node.elts]

    def _get_Slice(self, node: ast.Slice, frame: _Frame) -> Any:
        return slice(
            *(None if each is None else self._value(each, frame) for each in (node.lower, node.upper, node.step))
        )

    def _get_IfExp(self, node: ast.IfExp, frame: _Frame) -> Any:
        return self._value(node.body if self._truth(node.test, frame) else node.orelse, frame)

    def _get_BoolOp(self, node: ast.BoolOp, frame: _Frame) -> Any:
        last = isinstance(node.op, ast.And)
        for each in node.values:
            if self._truth(each, frame) != last:
                return not last
        return last

    def _get_UnaryOp(self, node: ast.UnaryOp, frame: _Frame) -> Any:
        if isinstance(node.op, ast.Not):
            return not self._truth(node.operand, frame)
        value = self._value(node.operand, frame)
        signs = {ast.USub: "-", ast.Invert: "~"}
        if type(node.op) not in signs:
            raise self.refuse(node)
        return self.library.unary(signs[type(node.op)], value)

    def _get_BinOp(self, node: ast.BinOp, frame: _Frame) -> Any:
        return self._binary(node, type(node.op), self._value(node.left, frame), self._value(node.right, frame))

    def _binary(self, node: ast.AST, kind: type, x: Any, y: Any) -> Any:
        if kind not in _BINARY:
            raise self.refuse(node)
        if isinstance(x, (int, str)) and isinstance(y, (int, str)):
            return self._integers(node, _BINARY[kind], x, y)
        return self.library.binary(_BINARY[kind], x, y)

    def _integers(self, node: ast.AST, sign: str, x: Any, y: Any) -> Any:
        if not isinstance(x, int) or not isinstance(y, int) or (sign == "<<" and y > 64) or max(abs(x), abs(y)) >> 128:
            raise self.refuse(node, f"'{sign}' of such values is not read back")
        return _PLAIN[sign](x, y)

    def _get_Compare(self, node: ast.Compare, frame: _Frame) -> Any:
        if len(node.ops) != 1 or type(node.ops[0]) not in _COMPARE:
            raise self.refuse(node)
        x, y = self._value(node.left, frame), self._value(node.comparators[0], frame)
        return self.library.compare(_COMPARE[type(node.ops[0])], x, y)

    def _get_Attribute(self, node: ast.Attribute, frame: _Frame) -> Any:
        return self.library.attribute(self._value(node.value, frame), node.attr)

    def _get_Subscript(self, node: ast.Subscript, frame: _Frame) -> Any:
        return self.library.part(self._value(node.value, frame), self._value(node.slice, frame))

    def _get_Call(self, node: ast.Call, frame: _Frame) -> Any:
        if any(isinstance(each, ast.Starred) for each in node.args) or any(key.arg is None for key in node.keywords):
            raise self.refuse(node, "a call with * is not read back")
        arguments = [self._value(each, frame) for each in node.args]
        named = {str(key.arg): self._value(key.value, frame) for key in node.keywords}
        if isinstance(node.func, ast.Attribute):
            owner = self._value(node.func.value, frame)
            return self.library.method(owner, node.func.attr, arguments, named)
        function = self._value(node.func, frame)
        if isinstance(function, ast.FunctionDef) and not named:
            return self._call(function, arguments, node)
        return self.library.function(function, arguments, named)


_PLAIN: dict[str, Callable[[int, int], int]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv, "%": operator.mod,
    "<<": operator.lshift, ">>": operator.rshift, "&": operator.and_, "|": operator.or_, "^": operator.xor,
}  # fmt: skip
