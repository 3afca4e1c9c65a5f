"""The types of C that emitted files use, and what integers of them are."""

from __future__ import annotations

from dataclasses import dataclass

from lgnc.diagnostics import BadInput


@dataclass(frozen=True)
class Type:
    """kind: 'int', 'float', 'pointer', 'array', 'struct', 'function' or 'void'. size: bytes. of: what it points to.

    fields: names and types of a struct. count: elements of an array, -1 where its values say so.
    """

    kind: str
    size: int = 0
    signed: bool = False
    of: Type | None = None
    count: int = 0
    fields: tuple[tuple[str, Type], ...] = ()

    @property
    def width(self) -> int:
        """Bits."""
        return 8 * self.size


VOID = Type("void")
INT, UINT, LONG, ULONG = Type("int", 4, True), Type("int", 4), Type("int", 8, True), Type("int", 8)
FLOAT, DOUBLE = Type("float", 4), Type("float", 8)


def refuse(what: str) -> BadInput:
    """An error whose place the statement adds."""
    return BadInput(what)


def integer_range(kind: Type) -> tuple[int, int]:
    """The least and the greatest integer of a type."""
    return _RANGES[kind.size, kind.signed]


_RANGES = {
    (size, signed): (-(1 << 8 * size - 1) if signed else 0, (1 << 8 * size - signed) - 1)
    for size in (1, 2, 4, 8)
    for signed in (False, True)
}


def holds(want: Type, have: Type) -> bool:
    """Whether a type has every value of another."""
    if want.kind != have.kind or want.kind not in ("int", "float"):
        return False
    if want.kind == "float":
        return want.size >= have.size
    (least, most), (low, high) = integer_range(want), integer_range(have)
    return least <= low and high <= most


def wrap(value: int, kind: Type) -> int:
    """A known integer modulo the type's range."""
    width = kind.width
    value &= (1 << width) - 1
    return value - (1 << width) if kind.signed and value >> (width - 1) else value


def decayed(kind: Type) -> Type:
    """An array as the pointer to its first element."""
    return Type("pointer", 8, of=kind.of) if kind.kind == "array" else kind


def pointer_to(kind: Type) -> Type:
    """The type of a pointer to a value of a type."""
    return Type("pointer", 8, of=kind)


def called(kind: Type) -> Type | None:
    """The function that a value of a type is, or points to."""
    found = kind.of if kind.kind == "pointer" else kind
    return found if found is not None and found.kind == "function" else None
