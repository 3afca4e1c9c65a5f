"""C expressions -> Python functions of a frame, by pycparser's tree: types are known here, values when they run."""

# ruff: noqa: ARG002 (rules by kind of node have one signature)
from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lgnc.readback.c_arithmetic import Arithmetic, Code, Frame, kind_of, known
from lgnc.readback.c_symbolic import Values
from lgnc.readback.c_types import (
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    UINT,
    ULONG,
    VOID,
    Type,
    called,
    decayed,
    pointer_to,
    refuse,
    wrap,
)
from lgnc.readback.c_values import copy, fill, load, settle, store


class Variable(NamedTuple):
    """slot: its place in a frame, or -1 for a global whose pointer or function is `place`. memory: whether the slot
    holds a pointer to it, for arrays and what has its address taken.
    """

    type: Type
    slot: int
    memory: bool
    place: Any = None


Scope = dict[str, Variable]


class Expressions(Arithmetic, ABC):
    """A rule for each kind of node, by its name."""

    def __init__(self, values: Values, file: str) -> None:
        super().__init__(values, file)
        self.globals: Scope = {}

    @abstractmethod
    def type_of(self, node: Any) -> Type:
        """The type that a declarator or type name means."""

    @abstractmethod
    def call(self, function: Any, arguments: list[Any]) -> Any:
        """What a function returns for values of its parameters' types."""

    def expression(self, node: Any, scope: Scope) -> Code:
        """The code of an expression's value; an array's is the pointer to it."""
        rule = getattr(self, f"_{kind_of(node)}", None)
        if rule is None:
            raise self.refuse(node)
        code: Code = rule(node, scope)
        return code

    def _Constant(self, node: Any, scope: Scope) -> Code:
        text = node.value
        if match := re.fullmatch(r"(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)([uUlL]*)", text):
            suffix = match[2].lower()
            number = int(match[1], 16 if match[1][:2] in ("0x", "0X") else 8 if match[1][0] == "0" else 10)
            decimal = match[1][0] != "0"
            for kind in (INT, UINT, LONG, ULONG):
                named = not kind.signed if "u" in suffix else kind.signed or not decimal
                if named and (kind.size == 8 or "l" not in suffix) and number < 1 << (kind.width - kind.signed):
                    return known(kind, number)
            raise self.refuse(node, f"'{text}' fits no type")
        if re.fullmatch(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[fF]?", text):
            return known(FLOAT, nearest_float(text[:-1])) if text[-1] in "fF" else known(DOUBLE, float(text))
        raise self.refuse(node, f"'{text}' is not read back")

    def _ID(self, node: Any, scope: Scope) -> Code:
        variable = scope.get(node.name) or self.globals.get(node.name)
        if variable is None:
            raise self.refuse(node, f"'{node.name}' is not known")
        slot, kind = variable.slot, variable.type
        if kind.kind == "function":
            return known(kind, variable.place)
        if slot < 0 and kind.kind == "array":
            return known(decayed(kind), variable.place)
        if slot >= 0 and kind.kind == "array":
            return Code(decayed(kind), lambda frame: frame[slot])
        if slot >= 0 and not variable.memory:
            name = node.name

            def read(frame: Frame) -> Any:
                value = frame[slot]
                if value is None:
                    raise refuse(f"'{name}' is read before it is set")
                return value

            return Code(kind, read)
        return self._loaded(self.place(node, scope), node)

    def _loaded(self, place: Code, node: Any) -> Code:
        """The value at a place, whose type is that of the value."""
        kind, at = place.type, place.run
        if kind.kind == "array":
            return Code(decayed(kind), at, place.value)
        if kind.kind not in ("int", "float", "pointer", "function"):
            raise self.refuse(node, "a value of such a type is not read back")
        return Code(kind, lambda frame: load(at(frame), kind))

    def place(self, node: Any, scope: Scope) -> Code:
        """The code of an lvalue's pointer; its type is that of what is there."""
        kind = kind_of(node)
        if kind == "ID":
            variable = scope.get(node.name) or self.globals.get(node.name)
            if variable is None or not (variable.memory or variable.slot < 0):
                raise self.refuse(node, f"'{node.name}' has no address")
            if variable.slot < 0:
                return known(variable.type, variable.place)
            slot = variable.slot
            return Code(variable.type, lambda frame: frame[slot])
        if kind == "ArrayRef":
            base, index = self.expression(node.name, scope), self.expression(node.subscript, scope)
            if base.type.kind != "pointer" or base.type.of is None:
                raise self.refuse(node, "an index into something that is no array")
            moved = self._moved(base, index, 1, node)
            return Code(base.type.of, moved.run)
        if kind == "UnaryOp" and node.op == "*":
            base = self.expression(node.expr, scope)
            if base.type.kind != "pointer" or base.type.of is None:
                raise self.refuse(node, "something that is no pointer is followed")
            return Code(base.type.of, base.run, base.value)
        raise self.refuse(node)

    def _ArrayRef(self, node: Any, scope: Scope) -> Code:
        index = self.expression(node.subscript, scope)
        base = self.expression(node.name, scope)
        plain = self._loaded(self.place(node, scope), node)
        if index.value is not None or plain.type.kind != "int" or base.type.of is None:
            return plain
        at, which, size, kind, cases = base.run, index.run, base.type.of.size, plain.type, self.values

        def read(frame: Frame) -> Any:
            number = which(frame)
            pointer = at(frame)
            if type(number) is int:
                return load((pointer[0], pointer[1] + number * size), kind)
            return cases.chosen(number, lambda one: load((pointer[0], pointer[1] + one * size), kind), kind)

        return Code(kind, read)

    def _StructRef(self, node: Any, scope: Scope) -> Code:
        base = self.place(node.name, scope)
        names = [name for name, _ in base.type.fields]
        if base.type.kind != "struct" or node.type != "." or node.field.name not in names:
            raise self.refuse(node, "a member of something that is no such struct")
        number = names.index(node.field.name)
        at, kind = base.run, base.type
        return Code(kind.fields[number][1], lambda frame: load(at(frame), kind)[number])

    def _Cast(self, node: Any, scope: Scope) -> Code:
        return self.converted(self.expression(node.expr, scope), self.type_of(node.to_type), node, explicit=True)

    def _BinaryOp(self, node: Any, scope: Scope) -> Code:
        x, y = self.expression(node.left, scope), self.expression(node.right, scope)
        return self.binary(node.op, x, y, node)

    def _TernaryOp(self, node: Any, scope: Scope) -> Code:
        test = self.truth(self.expression(node.cond, scope), node)
        x, y = self.expression(node.iftrue, scope), self.expression(node.iffalse, scope)
        if x.type.kind == "int" and y.type.kind == "int":
            x, y = self.alike(x, y, node)
        if x.type != y.type:
            raise self.refuse(node, "a choice of two types is not read back")
        yes, no, kind, choose = x.run, y.run, x.type, self.values.choose

        def run(frame: Frame) -> Any:
            condition = test(frame)
            if condition in (0, 1):
                return yes(frame) if condition else no(frame)
            before = frame[:]
            self.guarded += 1
            found = choose(condition, yes(frame), no(frame), kind)
            self.guarded -= 1
            if any(old is not new for old, new in zip(before, frame, strict=True)):
                raise refuse("a variable is changed where only some inputs come")
            return found

        return Code(kind, run)

    def _UnaryOp(self, node: Any, scope: Scope) -> Code:
        if node.op == "sizeof":
            return known(ULONG, self._size(node.expr, scope))
        if node.op == "&":
            place = self.place(node.expr, scope)
            return Code(pointer_to(place.type), place.run, place.value)
        if node.op == "*":
            return self._loaded(self.place(node, scope), node)
        if node.op in ("p++", "p--", "++", "--"):
            return self._stepped(node, scope)
        code = self.promoted(self.expression(node.expr, scope), node)
        if node.op == "!":
            return self._comparison("==", code, known(code.type, 0), node)
        if node.op == "-" and code.type.kind == "float" and code.value is not None:
            return known(code.type, -code.value)
        if code.type.kind != "int" or node.op not in ("-", "~", "+"):
            raise self.refuse(node, f"'{node.op}' is not read back")
        if node.op == "~":
            ones = known(code.type, wrap(-1, code.type))
            return self._integer("^", code, ones, node)
        return self._integer("-", known(code.type, 0), code, node) if node.op == "-" else code

    def _size(self, node: Any, scope: Scope) -> int:
        if kind_of(node) == "Typename":
            return self.type_of(node).size
        if kind_of(node) == "ID":
            variable = scope.get(node.name) or self.globals.get(node.name)
            if variable is not None:
                return variable.type.size
        return self.expression(node, scope).type.size

    def _stepped(self, node: Any, scope: Scope) -> Code:
        step = known(INT, 1 if "+" in node.op else -1)
        old = self.expression(node.expr, scope)
        added = self.binary("+", old, step, node)
        if old.type.kind == "int":
            added = self.converted(added, old.type, node)
        write = self.stored(node.expr, scope)
        before, after, post = old.run, added.run, node.op.startswith("p")

        def run(frame: Frame) -> Any:
            value = before(frame) if post else None
            changed = after(frame)
            write(frame, changed)
            return value if post else changed

        return Code(old.type, run)

    def stored(self, target: Any, scope: Scope) -> Callable[[Frame, Any], None]:
        """What writes a value to an lvalue."""
        if kind_of(target) == "ID":
            variable = scope.get(target.name)
            if variable is not None and not variable.memory and variable.type.kind != "array":
                slot = variable.slot

                def write(frame: Frame, value: Any) -> None:
                    frame[slot] = value

                return write
        place = self.place(target, scope)
        at, size = place.run, place.type.size
        if place.type.kind not in ("int", "float", "pointer"):
            raise self.refuse(target, "a value of such a type is not written")

        def put(frame: Frame, value: Any) -> None:
            if self.guarded:
                raise refuse("memory is written where only some inputs come")
            store(at(frame), size, value)

        return put

    def _Assignment(self, node: Any, scope: Scope) -> Code:
        kind = self._kind_of_target(node.lvalue, scope)
        value = self.expression(node.rvalue, scope)
        if node.op != "=":
            value = self.binary(node.op[:-1], self.expression(node.lvalue, scope), value, node)
        value = self.converted(value, kind, node)
        write, get = self.stored(node.lvalue, scope), value.run

        def run(frame: Frame) -> Any:
            found = get(frame)
            write(frame, found)
            return found

        return Code(kind, run)

    def _kind_of_target(self, node: Any, scope: Scope) -> Type:
        if kind_of(node) == "ID" and node.name in scope:
            return scope[node.name].type
        return self.place(node, scope).type

    def _ExprList(self, node: Any, scope: Scope) -> Code:
        codes = [self.expression(each, scope) for each in node.exprs]
        runs = [code.run for code in codes]

        def run(frame: Frame) -> Any:
            found = None
            for each in runs:
                found = each(frame)
            return found

        return Code(codes[-1].type, run)

    def _FuncCall(self, node: Any, scope: Scope) -> Code:
        given = node.args.exprs if node.args else []
        arguments = [self.expression(each, scope) for each in given]
        if kind_of(node.name) == "ID" and node.name.name in ("memcpy", "memset") and node.name.name not in self.globals:
            return self._memory(node.name.name, arguments, node)
        function = self.expression(node.name, scope)
        kind = called(function.type)
        if kind is None or len(kind.fields) != len(arguments):
            raise self.refuse(node, "a call of something that is no function of so many arguments")
        pairs = zip(arguments, kind.fields, strict=True)
        runs = [self.converted(code, own, node).run for code, (_, own) in pairs]
        which, call = function.run, self.call
        return Code(kind.of or VOID, lambda frame: call(which(frame), [each(frame) for each in runs]))

    def _memory(self, name: str, arguments: list[Code], node: Any) -> Code:
        if len(arguments) != 3 or arguments[0].type.kind != "pointer":
            raise self.refuse(node, f"such a call of {name} is not read back")
        of = arguments[0].type.of or VOID
        size = of.size if of.kind == "int" and of.size > 1 else 0
        to, value, count = (code.run for code in arguments)
        work = fill if name == "memset" else copy

        def run(frame: Frame) -> Any:
            target, length = to(frame), count(frame)
            if self.guarded or type(length) is not int or not isinstance(target, tuple):
                raise refuse("memory is written by a size that is not known, or where only some inputs come")
            if size:
                settle(target[0], size)
            work(target, value(frame), length)
            return target

        return Code(arguments[0].type, run)


def nearest_float(text: str) -> float:
    """The float32 nearest to a decimal number, which rounding by way of a double may miss."""
    exact, near = Fraction(text), np.float32(text)
    with np.errstate(over="ignore"):
        tries = [near, np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf))]
    finite = [each for each in tries if np.isfinite(each)]
    return float(min(finite, key=lambda each: abs(Fraction(float(each)) - exact)))
