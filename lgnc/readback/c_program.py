"""A C program -> functions that can be called on symbolic values: declarations and statements of pycparser's tree."""

# ruff: noqa: ARG002 (rules by kind of node have one signature)
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lgnc.diagnostics import BadInput
from lgnc.readback.c_expressions import Code, Expressions, Frame, Scope, Variable, decayed, kind_of, pointer_to
from lgnc.readback.c_preprocess import LIST, Preprocessed
from lgnc.readback.c_values import DOUBLE, FLOAT, INT, LONG, UINT, ULONG, VOID, Buffer, Type, Values, refuse

MOST_STEPS = 200_000_000
"""Rounds of loops that may run: a program that loops for ever ends here."""

MOST_CELLS = 1 << 24
"""Elements of an array."""

MOST_CALLS = 50

TYPES = {
    "uint8_t": Type("int", 1), "int8_t": Type("int", 1, True), "uint16_t": Type("int", 2),
    "int16_t": Type("int", 2, True), "uint32_t": UINT, "int32_t": INT, "uint64_t": ULONG, "int64_t": LONG,
    "size_t": ULONG, "uintptr_t": ULONG, "ptrdiff_t": LONG,
}  # fmt: skip
"""What the standard headers name."""

_PLAIN = {
    ("void",): VOID, ("char",): Type("int", 1, True), ("unsigned", "char"): Type("int", 1),
    ("signed", "char"): Type("int", 1, True), ("int",): INT, ("unsigned",): UINT, ("unsigned", "int"): UINT,
    ("long",): LONG, ("unsigned", "long"): ULONG, ("float",): FLOAT, ("double",): DOUBLE,
}  # fmt: skip

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


def parsed(source: Preprocessed, where: str) -> Any:
    """pycparser's tree. Raises BadInput with file and line."""
    from pycparser import c_parser

    names = "".join(f"typedef int {name};\n" for name in TYPES)
    try:
        return c_parser.CParser().parse(names + source.text, where)
    except c_parser.ParseError as error:
        raise BadInput(f"does not parse as C: {error}", where=where, fix="compile it again") from None
    except RecursionError:
        raise BadInput("an expression is nested too deeply", where=where, fix="compile it again") from None


class Program(Expressions):
    """All functions and tables of a file. `function` gives one by name, `call` calls it."""

    def __init__(self, tree: Any, source: Preprocessed, values: Values, file: str) -> None:
        super().__init__(values, file)
        self.lists = source.lists
        self.types: dict[str, Type] = dict(TYPES)
        self.steps = self.depth = 0
        self.current: Function | None = None
        for node in tree.ext[len(TYPES) :]:
            self._outer(node)

    def function(self, name: str) -> Function | None:
        """A function that has a body, or None."""
        variable = self.globals.get(name)
        found = None if variable is None else variable.place
        return found if isinstance(found, Function) and found.body is not None else None

    def call(self, function: Any, arguments: list[Any]) -> Any:
        """What a function returns for values of its parameters' types; None for void."""
        if not isinstance(function, Function) or function.body is None:
            raise refuse("a function without a body is called")
        frame: Frame = [None] * (len(function.slots))
        for variable, value in zip(function.parameters, arguments, strict=True):
            frame[variable.slot] = self._boxed(variable, value, function.name)
        self.depth += 1
        if self.depth > MOST_CALLS:
            raise refuse("calls are nested too deeply")
        function.body(frame)
        self.depth -= 1
        return frame[0]

    def _boxed(self, variable: Variable, value: Any, name: str) -> Any:
        if not variable.memory:
            return value
        return Buffer(name, variable.type.size, [value]), 0

    def type_of(self, node: Any) -> Type:
        """The type that a declarator or type name means."""
        kind = kind_of(node)
        if kind in ("Typename", "TypeDecl"):
            return self.type_of(node.type)
        if kind == "IdentifierType":
            found = self.types.get(node.names[0]) if len(node.names) == 1 else None
            found = found or _PLAIN.get(tuple(node.names))
            if found is not None:
                return found
            raise self.refuse(node, f"type '{' '.join(node.names)}' is not known")
        if kind == "PtrDecl":
            return pointer_to(self.type_of(node.type))
        if kind == "ArrayDecl":
            of = self.type_of(node.type)
            count = -1 if node.dim is None else self.expression(node.dim, {}).value
            if not isinstance(count, int) or not -1 <= count <= MOST_CELLS:
                raise self.refuse(node, "an array of such a length")
            return Type("array", max(0, count) * of.size, of=of, count=count)
        if kind == "FuncDecl":
            given = node.args.params if node.args else []
            types = [self.type_of(each.type) for each in given]
            fields = tuple(("", decayed(each)) for each in types)
            if fields == (("", VOID),):
                fields = ()
            return Type("function", 8, of=self.type_of(node.type), fields=fields)
        if kind == "Struct" and node.decls:
            fields = tuple((each.name, self.type_of(each.type)) for each in node.decls)
            if any(each.kind != "int" for _, each in fields):
                raise self.refuse(node, "a struct of such members is not read back")
            return Type("struct", _padded(fields), fields=fields)
        raise self.refuse(node)

    def _outer(self, node: Any) -> None:
        kind = kind_of(node)
        if kind == "Typedef":
            self.types[node.name] = self.type_of(node.type)
        elif kind == "FuncDef":
            self._define(node)
        elif kind == "Decl" and kind_of(node.type) == "FuncDecl":
            if node.name not in self.globals:
                self.globals[node.name] = Variable(self.type_of(node.type), -1, False, None)
        elif kind == "Decl" and node.init is not None and node.name not in self.globals:
            self.globals[node.name] = self._table(node)
        elif kind not in ("Pragma", "EmptyStatement"):
            raise self.refuse(node)

    def _table(self, node: Any) -> Variable:
        """A global constant with its values."""
        kind = self.type_of(node.type)
        if "const" not in _qualifiers(node.type):
            raise self.refuse(node, f"'{node.name}' is a global that can change")
        cells = self._listed(node.init, kind, node)
        if kind.kind == "array":
            of = kind.of
            assert of is not None
            whole = Type("array", len(cells) * of.size, of=of, count=len(cells))
            return Variable(whole, -1, False, (Buffer(node.name, of.size, cells, constant=True), 0))
        return Variable(kind, -1, False, (Buffer(node.name, kind.size, cells, constant=True), 0))

    def _listed(self, init: Any, kind: Type, node: Any) -> list[Any]:
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
        if kind.kind == "int" and wrapped(code, kind):
            raise self.refuse(init, "a table holds a number that its type does not")
        return code.value

    def _define(self, node: Any) -> None:
        name, kind = node.decl.name, self.type_of(node.decl.type)
        if self.function(name) is not None:
            raise self.refuse(node, f"function '{name}' is defined twice")
        declared = self.globals.get(name)
        if declared is not None and declared.type != kind:
            raise self.refuse(node, f"'{name}' is declared otherwise")
        function = Function(name, [], [kind.of])
        self.globals[name] = Variable(kind, -1, False, function)
        taken = _addressed(node.body)
        scope: Scope = {}
        given = node.decl.type.args.params if node.decl.type.args else []
        for parameter, (_, own) in zip(given, kind.fields, strict=False):
            variable = self._variable(function, own, parameter.name in taken)
            scope[parameter.name] = variable
            function.parameters.append(variable)
        if node.param_decls or len(scope) != len(kind.fields):
            raise self.refuse(node, "parameters of such a form are not read back")
        outer, self.current = self.current, function
        self._taken = taken
        function.body = self._compound(node.body, scope)
        self.current = outer

    def _variable(self, function: Function, kind: Type, taken: bool) -> Variable:
        memory = taken or kind.kind == "array"
        function.slots.append(None if memory else kind)
        return Variable(kind, len(function.slots) - 1, memory)

    def _compound(self, node: Any, scope: Scope) -> Statement:
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
        return self._simple(self.expression(node, scope).run, node)

    def _simple(self, run: Callable[[Frame], Any], node: Any) -> Statement:
        """A statement without control flow, which adds its place to errors."""

        def statement(frame: Frame) -> int:
            try:
                run(frame)
            except BadInput as error:
                raise error if error.where else self.refuse(node, error.what) from None
            return 0

        return statement

    def _do_Compound(self, node: Any, scope: Scope) -> Statement:
        return self._compound(node, scope)

    def _do_EmptyStatement(self, node: Any, scope: Scope) -> Statement:
        return lambda _: 0

    def _do_DeclList(self, node: Any, scope: Scope) -> Statement:
        return self._sequence(node.decls, scope)

    def _do_Decl(self, node: Any, scope: Scope) -> Statement:
        assert self.current is not None
        kind = self.type_of(node.type)
        if kind.kind not in ("int", "float", "pointer", "array") or "static" in (node.storage or []):
            raise self.refuse(node, "a variable of such a type is not read back")
        variable = self._variable(self.current, kind, node.name in self._taken)
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
        return self.converted(self.expression(init, scope), kind, init)

    def _array(self, node: Any, kind: Type, variable: Variable, scope: Scope) -> Statement:
        of, slot, name = kind.of, variable.slot, node.name
        if of is None or of.kind != "int" or kind.count <= 0:
            raise self.refuse(node, "an array of such a type is not read back")
        values = None if node.init is None else self._listed(node.init, kind, node)
        scope[name] = variable
        size, count, octets = of.size, kind.count, of == Type("int", 1) and values is None

        def make(frame: Frame) -> None:
            if octets:
                frame[slot] = Buffer(name, 0, [], bytes=count), 0
            else:
                frame[slot] = Buffer(name, size, [None] * count if values is None else list(values)), 0

        return self._simple(make, node)

    def _do_Return(self, node: Any, scope: Scope) -> Statement:
        assert self.current is not None
        kind = self.current.slots[0] or VOID
        if node.expr is None:
            return lambda _: _RETURN
        get = self._simple_value(self.converted(self.expression(node.expr, scope), kind, node), node)

        def run(frame: Frame) -> int:
            frame[0] = get(frame)
            return _RETURN

        return run

    def _simple_value(self, code: Code, node: Any) -> Callable[[Frame], Any]:
        get = code.run

        def value(frame: Frame) -> Any:
            try:
                return get(frame)
            except BadInput as error:
                raise error if error.where else self.refuse(node, error.what) from None

        return value

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

    def _condition(self, node: Any, scope: Scope) -> Callable[[Frame], int]:
        test = self.truth(self.expression(node, scope), node)

        def value(frame: Frame) -> int:
            try:
                return test(frame)
            except BadInput as error:
                raise error if error.where else self.refuse(node, error.what) from None

        return value

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
        code = self.promoted(self.expression(node.cond, scope), node)
        which = self._simple_value(code, node)
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


def wrapped(code: Code, kind: Type) -> bool:
    """Whether a known value is not the one that a type holds."""
    return not -(1 << kind.width - 1) * kind.signed <= code.value < 1 << (kind.width - kind.signed)


def _padded(fields: tuple[tuple[str, Type], ...]) -> int:
    """Bytes of a struct: each member at a multiple of its size, the whole one of the greatest."""
    offset, most = 0, 1
    for _, kind in fields:
        offset = -(-offset // kind.size) * kind.size + kind.size
        most = max(most, kind.size)
    return -(-offset // most) * most


def _qualifiers(node: Any) -> list[str]:
    """The qualifiers of what an array or variable holds."""
    while kind_of(node) in ("ArrayDecl",):
        node = node.type
    found: list[str] = list(getattr(node, "quals", None) or [])
    return found


def _addressed(node: Any) -> set[str]:
    """Names of variables whose address is taken."""
    found, waiting = set(), [node]
    while waiting:
        each = waiting.pop()
        if kind_of(each) == "UnaryOp" and each.op == "&" and kind_of(each.expr) == "ID":
            found.add(each.expr.name)
        waiting.extend(child for _, child in each.children())
    return found
