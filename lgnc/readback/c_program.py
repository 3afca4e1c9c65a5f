"""A C program -> functions that can be called on symbolic values: types, tables and functions of pycparser's tree."""

from __future__ import annotations

from typing import Any

from lgnc.diagnostics import BadInput
from lgnc.readback.c_arithmetic import Frame, kind_of
from lgnc.readback.c_expressions import Scope, Variable
from lgnc.readback.c_preprocess import Preprocessed
from lgnc.readback.c_statements import Function, Statements, addressed
from lgnc.readback.c_symbolic import Values
from lgnc.readback.c_types import DOUBLE, FLOAT, INT, LONG, UINT, ULONG, VOID, Type, decayed, pointer_to, refuse
from lgnc.readback.c_values import Buffer

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
    ("void",): VOID, ("unsigned", "char"): Type("int", 1),
    ("signed", "char"): Type("int", 1, True), ("int",): INT, ("unsigned",): UINT, ("unsigned", "int"): UINT,
    ("long",): LONG, ("unsigned", "long"): ULONG, ("float",): FLOAT, ("double",): DOUBLE,
}  # fmt: skip


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


class Program(Statements):
    """All functions and tables of a file. `function` gives one by name, `call` calls it."""

    def __init__(self, tree: Any, source: Preprocessed, values: Values, file: str) -> None:
        super().__init__(values, file, source.lists)
        self.types: dict[str, Type] = dict(TYPES)
        self.depth = 0
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
        cells = self.listed(node.init, kind, node)
        if kind.kind == "array":
            of = kind.of
            assert of is not None
            whole = Type("array", len(cells) * of.size, of=of, count=len(cells))
            return Variable(whole, -1, False, (Buffer(node.name, of.size, cells, constant=True), 0))
        return Variable(kind, -1, False, (Buffer(node.name, kind.size, cells, constant=True), 0))

    def _define(self, node: Any) -> None:
        name, kind = node.decl.name, self.type_of(node.decl.type)
        if self.function(name) is not None:
            raise self.refuse(node, f"function '{name}' is defined twice")
        declared = self.globals.get(name)
        if declared is not None and declared.type != kind:
            raise self.refuse(node, f"'{name}' is declared otherwise")
        function = Function(name, [], [kind.of])
        self.globals[name] = Variable(kind, -1, False, function)
        taken = addressed(node.body)
        scope: Scope = {}
        given = node.decl.type.args.params if node.decl.type.args else []
        for parameter, (_, own) in zip(given, kind.fields, strict=False):
            variable = self.variable(function, own, parameter.name in taken)
            scope[parameter.name] = variable
            function.parameters.append(variable)
        if node.param_decls or len(scope) != len(kind.fields):
            raise self.refuse(node, "parameters of such a form are not read back")
        outer, self.current = self.current, function
        self.taken = taken
        function.body = self.compound(node.body, scope)
        self.current = outer


def _padded(fields: tuple[tuple[str, Type], ...]) -> int:
    """Bytes of a struct: each member at a multiple of its size, the whole one of the greatest."""
    offset, most = 0, 1
    for _, kind in fields:
        offset = -(-offset // kind.size) * kind.size + kind.size
        most = max(most, kind.size)
    return -(-offset // most) * most


def _qualifiers(node: Any) -> list[str]:
    """The qualifiers of what an array or variable holds."""
    while kind_of(node) == "ArrayDecl":
        node = node.type
    found: list[str] = list(getattr(node, "quals", None) or [])
    return found
