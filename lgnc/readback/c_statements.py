"""C statements -> Python functions of a frame: control flow, local variables and their first values."""

# ruff: noqa: ARG002 (rules by kind of node have one signature)
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lgnc.diagnostics import BadInput
from lgnc.readback.c_arithmetic import Code, Frame, kind_of
from lgnc.readback.c_expressions import Expressions, Scope, Variable
from lgnc.readback.c_preprocess import LIST
from lgnc.readback.c_symbolic import Values
from lgnc.readback.c_types import VOID, Type, wrap
from lgnc.readback.c_values import Buffer

MOST_STEPS = 20_000_000
"""Rounds of loops that may run: a program that loops for ever ends here."""

_BREAK, _CONTINUE, _RETURN = 1, 2, 3

Statement = Callable[[Frame], int]
"""Runs a statement: 0, or how it leaves the statements around it."""


@dataclass(eq=False)
class Function:
    """slots: the types of a frame's variables, None for those in memory. Arrays are made at each call."""

    name: str
    parameters: list[Variable]
    slots: list[Type | None]
    body: Statement | None = None


class Statements(Expressions):
    """lists: numbers of long tables, which the parser does not see. current: the function that is compiled.

    taken: its variables whose address is.
    """

    def __init__(self, values: Values, file: str, lists: list[list[int]]) -> None:
        super().__init__(values, file)
        self.lists = lists
        self.steps = 0
        self.current: Function | None = None
        self.taken: set[str] = set()

    def compound(self, node: Any, scope: Scope) -> Statement:
        """The code of statements in braces."""
        return self._sequence(node.block_items or [], dict(scope))

    def _sequence(self, nodes: list[Any], scope: Scope) -> Statement:
        """Statements after each other, whose declarations go to `scope`."""
        statements = [self.statement(node, scope) for node in nodes]
        if len(statements) == 1:
            return statements[0]

        def run(frame: Frame) -> int:
            for each in statements:
                status = each(frame)
                if status:
                    return status
            return 0

        return run

    def statement(self, node: Any, scope: Scope) -> Statement:
        """The code of a statement; a declaration adds to the scope."""
        rule = getattr(self, f"_do_{kind_of(node)}", None)
        if rule is not None:
            found: Statement = rule(node, scope)
            return found
        return self._simple(self._whole(node, scope).run, node)

    def _whole(self, node: Any, scope: Scope) -> Code:
        """The code of a whole expression. One whose value depends on the order of its parts is refused."""
        parts = node.exprs if kind_of(node) == "ExprList" else [node]
        for part in parts:
            root = part.lvalue if kind_of(part) == "Assignment" else None
            uses = Counter(each.name for each in _nodes(part) if kind_of(each) == "ID")
            for each in _nodes(part):
                changed = _changed(each)
                if changed is not None and changed is not root and uses[changed.name] > 1:
                    raise self.refuse(node, f"'{changed.name}' is changed and used in one expression")
        return self.expression(node, scope)

    def _simple(self, run: Callable[[Frame], Any], node: Any) -> Statement:
        """A statement without control flow, which adds its place to errors."""

        def statement(frame: Frame) -> int:
            try:
                run(frame)
            except BadInput as error:
                raise error if error.where else self.refuse(node, error.what) from None
            return 0

        return statement

    def _placed(self, get: Callable[[Frame], Any], node: Any) -> Callable[[Frame], Any]:
        """What gives a value, and adds its place to errors."""

        def value(frame: Frame) -> Any:
            try:
                return get(frame)
            except BadInput as error:
                raise error if error.where else self.refuse(node, error.what) from None

        return value

    def _condition(self, node: Any, scope: Scope) -> Callable[[Frame], int]:
        return self._placed(self.truth(self._whole(node, scope), node), node)

    def _do_Compound(self, node: Any, scope: Scope) -> Statement:
        return self.compound(node, scope)

    def _do_EmptyStatement(self, node: Any, scope: Scope) -> Statement:
        return lambda _: 0

    def _do_DeclList(self, node: Any, scope: Scope) -> Statement:
        return self._sequence(node.decls, scope)

    def _do_Decl(self, node: Any, scope: Scope) -> Statement:
        assert self.current is not None
        kind = self.type_of(node.type)
        if kind.kind not in ("int", "float", "pointer", "array") or "static" in (node.storage or []):
            raise self.refuse(node, "a variable of such a type is not read back")
        variable = self.variable(self.current, kind, node.name in self.taken)
        slot, name = variable.slot, node.name
        if kind.kind == "array":
            return self._array(node, kind, variable, scope)
        code = None if node.init is None else self._first(node.init, kind, scope)
        scope[name] = variable
        if variable.memory:
            size = kind.size
            if code is None:
                return self._simple(lambda frame: frame.__setitem__(slot, (Buffer(name, size, [None]), 0)), node)
            value = code.run
            return self._simple(lambda frame: frame.__setitem__(slot, (Buffer(name, size, [value(frame)]), 0)), node)
        if code is None:
            return self._simple(lambda frame: frame.__setitem__(slot, None), node)
        get = code.run
        return self._simple(lambda frame: frame.__setitem__(slot, get(frame)), node)

    def _first(self, init: Any, kind: Type, scope: Scope) -> Code:
        """A scalar's first value; `{0}` is one too."""
        if kind_of(init) == "InitList":
            if len(init.exprs) != 1:
                raise self.refuse(init)
            init = init.exprs[0]
        return self.converted(self._whole(init, scope), kind, init)

    def _array(self, node: Any, kind: Type, variable: Variable, scope: Scope) -> Statement:
        of, slot, name = kind.of, variable.slot, node.name
        if of is None or of.kind != "int" or kind.count <= 0:
            raise self.refuse(node, "an array of such a type is not read back")
        values = None if node.init is None else self.listed(node.init, kind, node)
        scope[name] = variable
        size, count, octets = of.size, kind.count, of == Type("int", 1) and values is None

        def make(frame: Frame) -> None:
            if octets:
                frame[slot] = Buffer(name, 0, [], bytes=count), 0
            else:
                frame[slot] = Buffer(name, size, [None] * count if values is None else list(values)), 0

        return self._simple(make, node)

    def listed(self, init: Any, kind: Type, node: Any) -> list[Any]:
        """The known values of an initialiser."""
        if kind.kind != "array":
            return [self._initial(init, kind)]
        of = kind.of
        if kind_of(init) != "InitList" or of is None:
            raise self.refuse(node, "an array is given something other than a list")
        exprs = init.exprs or []
        if len(exprs) == 1 and kind_of(exprs[0]) == "ID" and exprs[0].name.startswith(LIST):
            found: list[Any] = self.lists[int(exprs[0].name[len(LIST) :])]
            if of.kind != "int" or max(found) >= 1 << (of.width - of.signed):
                raise self.refuse(node, "a table holds a number that its type does not")
        else:
            found = [self._initial(each, of) for each in exprs]
        if kind.count >= 0:
            if len(found) > kind.count:
                raise self.refuse(node, "a table has more values than places")
            zero: Any = (0,) * len(of.fields) if of.kind == "struct" else 0
            found = found + [zero] * (kind.count - len(found))
        return found

    def _initial(self, init: Any, kind: Type) -> Any:
        if kind.kind == "struct":
            if kind_of(init) != "InitList" or len(init.exprs) != len(kind.fields):
                raise self.refuse(init, "a struct is given other than its members")
            pairs = zip(init.exprs, kind.fields, strict=True)
            return tuple(self._initial(each, member) for each, (_, member) in pairs)
        code = self.converted(self.expression(init, {}), kind, init)
        if code.value is None:
            raise self.refuse(init, "a table's value is not known")
        if kind.kind == "int" and code.value != wrap(code.value, kind):
            raise self.refuse(init, "a table holds a number that its type does not")
        return code.value

    def variable(self, function: Function, kind: Type, taken: bool) -> Variable:
        """A new variable of a function. taken: its address is."""
        memory = taken or kind.kind == "array"
        function.slots.append(None if memory else kind)
        return Variable(kind, len(function.slots) - 1, memory)

    def _do_Return(self, node: Any, scope: Scope) -> Statement:
        assert self.current is not None
        kind = self.current.slots[0] or VOID
        if node.expr is None:
            return lambda _: _RETURN
        get = self._placed(self.converted(self._whole(node.expr, scope), kind, node).run, node)

        def run(frame: Frame) -> int:
            frame[0] = get(frame)
            return _RETURN

        return run

    def _do_Break(self, node: Any, scope: Scope) -> Statement:
        return lambda _: _BREAK

    def _do_Continue(self, node: Any, scope: Scope) -> Statement:
        return lambda _: _CONTINUE

    def _do_If(self, node: Any, scope: Scope) -> Statement:
        assert self.current is not None
        test = self._condition(node.cond, scope)
        yes = self.statement(node.iftrue, dict(scope))
        no = self.statement(node.iffalse, dict(scope)) if node.iffalse is not None else lambda _: 0
        slots, choose = self.current.slots, self.values.choose

        def both(frame: Frame, condition: int) -> int:
            """Both branches, the variables that they leave different chosen by the condition."""
            before = frame[:]
            self.guarded += 1
            status = yes(frame)
            after = frame[:]
            frame[:] = before
            status |= no(frame)
            self.guarded -= 1
            if status:
                raise self.refuse(node, "a decision that depends on the features leaves its statement")
            for slot, value in enumerate(after):
                kind = slots[slot]
                if value is not frame[slot] and kind is not None:
                    try:
                        frame[slot] = choose(condition, value, frame[slot], kind)
                    except BadInput as error:
                        raise self.refuse(node, error.what) from None
            return 0

        def run(frame: Frame) -> int:
            condition = test(frame)
            if condition == 1:
                return yes(frame)
            return no(frame) if condition == 0 else both(frame, condition)

        return run

    def _do_For(self, node: Any, scope: Scope) -> Statement:
        inner = dict(scope)
        first = self.statement(node.init, inner) if node.init is not None else None
        test = self._condition(node.cond, inner) if node.cond is not None else None
        step = self.statement(node.next, inner) if node.next is not None else None
        return self._loop(node, first, test, self.statement(node.stmt, dict(inner)), step)

    def _do_While(self, node: Any, scope: Scope) -> Statement:
        return self._loop(node, None, self._condition(node.cond, scope), self.statement(node.stmt, dict(scope)), None)

    def _loop(
        self,
        node: Any,
        first: Statement | None,
        test: Callable[[Frame], int] | None,
        body: Statement,
        step: Statement | None,
    ) -> Statement:
        def run(frame: Frame) -> int:
            if first is not None:
                first(frame)
            while True:
                if test is not None:
                    condition = test(frame)
                    if condition not in (0, 1):
                        raise self.refuse(node, "how often a loop runs depends on the features")
                    if not condition:
                        return 0
                self.steps += 1
                if self.steps > MOST_STEPS:
                    raise self.refuse(node, f"runs more than {MOST_STEPS:,} rounds of loops")
                status = body(frame)
                if status == _BREAK:
                    return 0
                if status == _RETURN:
                    return status
                if step is not None:
                    step(frame)

        return run

    def _do_DoWhile(self, node: Any, scope: Scope) -> Statement:
        body = self.statement(node.stmt, dict(scope))
        if self.expression(node.cond, scope).value != 0:
            raise self.refuse(node, "a do-while loop is not read back")

        def run(frame: Frame) -> int:
            status = body(frame)
            return status if status == _RETURN else 0

        return run

    def _do_Switch(self, node: Any, scope: Scope) -> Statement:
        code = self.promoted(self._whole(node.cond, scope), node)
        which = self._placed(code.run, node)
        items = node.stmt.block_items if kind_of(node.stmt) == "Compound" else None
        inner, starts, statements = dict(scope), dict[int | None, int](), list[Statement]()
        for item in items or []:
            if kind_of(item) not in ("Case", "Default"):
                raise self.refuse(item, "a statement of a switch has no case")
            number = None if kind_of(item) == "Default" else self.expression(item.expr, scope).value
            if number in starts or (number is None and kind_of(item) == "Case"):
                raise self.refuse(item, "a case stands twice, or is not known")
            starts[number] = len(statements)
            statements += [self.statement(each, inner) for each in item.stmts or []]
        if items is None or code.type.kind != "int":
            raise self.refuse(node)

        def run(frame: Frame) -> int:
            value = which(frame)
            if type(value) is not int:
                raise self.refuse(node, "a switch depends on the features")
            place = starts.get(value, starts.get(None, len(statements)))
            for each in statements[place:]:
                status = each(frame)
                if status:
                    return 0 if status == _BREAK else status
            return 0

        return run


def _nodes(node: Any) -> Iterator[Any]:
    """A syntax node and all below it."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(child for _, child in each.children())


def addressed(node: Any) -> set[str]:
    """Names of variables whose address is taken."""
    taken = (each.expr for each in _nodes(node) if kind_of(each) == "UnaryOp" and each.op == "&")
    return {each.name for each in taken if kind_of(each) == "ID"}


def _changed(node: Any) -> Any:
    """The variable that a node changes by itself, or None."""
    target = node.lvalue if kind_of(node) == "Assignment" else None
    if kind_of(node) == "UnaryOp" and node.op in ("p++", "p--", "++", "--"):
        target = node.expr
    return target if target is not None and kind_of(target) == "ID" else None
