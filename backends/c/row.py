"""NAME_row.h and NAME_row.c: a row as the trained table had it, class names as data, margins and probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lgnc.backends.c.names import comment
from lgnc.backends.c.row_names import as_field, c_string
from lgnc.backends.c.text import constant, element_types, index_type, macro_prefix, named, runtime
from lgnc.backends.row import RowColumn, first_features
from lgnc.backends.row_names import Identifiers, constant_word, field_word
from lgnc.ir.circuit import Circuit, Head


@dataclass(frozen=True)
class Member:
    """A member of `struct NAME_row`. constants: of its categories, and one for all others; none for a number. tag: of
    their enumeration. first: its first feature. type: its C type.
    """

    column: RowColumn
    field: str
    tag: str
    type: str
    constants: tuple[str, ...]
    first: int


@dataclass(frozen=True)
class RowNames:
    """What the files call things. classes: a constant for each."""

    classes: tuple[str, ...]
    members: tuple[Member, ...]


def row_names(head: Head, row: Sequence[RowColumn], name: str, element: str) -> RowNames:
    """Identifiers for classes, columns and categories, each once. element: the C type of a feature."""
    constants, fields, tags = Identifiers(), Identifiers("missing"), Identifiers(f"{name}_class")
    classes = tuple(constants.of(f"{name}_class_{constant_word(each)}") for each in head.names)
    members = []
    for number, (column, first) in enumerate(zip(row, first_features(row), strict=True), 1):
        word = field_word(column.name, f"column_{number}")
        listed = () if column.values is None else (*(constant_word(value) for value in column.values), "OTHER")
        own = tuple(constants.of(f"{name}_{word}_{value}") for value in listed)
        kind = element if column.values is None else index_type(len(column.values))
        tag = tags.of(f"{name}_{word}_value")
        members.append(Member(column, fields.of(as_field(word)), tag, kind, own, first))
    return RowNames(classes, tuple(members))


def row_files(circuit: Circuit, row: Sequence[RowColumn] | None, name: str, profile: str) -> dict[str, str]:
    """Relative path -> text, and NAME.hpp, which wraps both headers; nothing for a circuit without a head."""
    if circuit.head is None:
        return {}
    names = row_names(circuit.head, row or (), name, element_types(circuit)[0])
    return {
        f"{name}_row.h": _header(circuit, circuit.head, names, name, profile),
        f"{name}_row.c": _source(circuit, circuit.head, names, name, profile),
        f"{name}.hpp": _wrapper(circuit, names, name),
    }


def _wrapper(circuit: Circuit, names: RowNames, name: str) -> str:
    """NAME.hpp."""
    text = runtime("wrapper.hpp").replace("@ROW@\n", runtime("wrapper_row.hpp") + "\n" if names.members else "\n")
    text = text.replace("NAME_element", element_types(circuit)[0])
    return named(text, name).replace("NAME_HPP", f"{macro_prefix(name)}HPP")


def _header(circuit: Circuit, head: Head, names: RowNames, name: str, profile: str) -> str:
    element = element_types(circuit)[0]
    calls = runtime("row_calls.h").replace("NAME_element", element)
    parts = [
        "/* Beside NAME.h: names of classes, margins, and rows as the trained table had them.",
        "   Written by lgnc. MIT licence. */",
        "#ifndef NAME_ROW_H",
        "#define NAME_ROW_H",
        "",
        '#include "NAME.h"',
        "",
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        f"#define NAME_TAU {head.tau!r} /* scores divided by it are the trained model's own */",
        "",
        "/* The classes' names, in UTF-8. */",
        "extern const char *const NAME_class_names[NAME_CLASSES];",
    ]
    before = named("\n".join(parts), name)
    classes = _enumeration(f"{name}_class", names.classes, head.names)
    margin = runtime("row.h") + (runtime("probabilities.h") if profile != "mcu" else "")
    row = (
        [*_structure(names.members, name, circuit.encoder.quantiser is not None), named(calls, name)]
        if names.members
        else []
    )
    end = ["#ifdef __cplusplus", "}", "#endif", "", "#endif"]
    return "\n".join([before, classes, named(margin, name), *row, *end]) + "\n"


def _enumeration(tag: str, constants: Sequence[str], told: Sequence[str]) -> str:
    """An enumeration, with what users call each value beside it."""
    pairs = enumerate(zip(constants, told, strict=True))
    lines = [f"    {constant} = {k}, /* {comment(text)} */" for k, (constant, text) in pairs]
    return "\n".join([f"enum {tag} {{", *lines, "};", ""])


def _structure(members: Sequence[Member], name: str, coded: bool) -> list[str]:
    """The enumerations of categories, and `struct NAME_row`. coded: numbers are fixed-point codes."""
    found = [
        _enumeration(member.tag, member.constants, (*member.column.values, "any other"))
        for member in members
        if member.column.values is not None
    ]
    found += [
        "/* A row: start from {0} and set what is known. Where a cell is missing, set its bit in `missing` (a number",
        "   that is NaN is missing too). A category that no row had in training is ..._OTHER. */",
        f"struct {name}_row {{",
        *(f"    {member.type} {member.field}; /* {_told(member, coded)} */" for member in members),
        "    struct {",
        *(f"        unsigned {member.field} : 1;" for member in members),
        "    } missing;",
        "};",
    ]
    return found


def _told(member: Member, coded: bool) -> str:
    column = member.column
    if column.values is None and coded:
        return f"{comment(column.name)}, a code of feature {member.first}; {column.median} where it is missing"
    if column.values is None:
        return f"{comment(column.name)}; {column.median} where it is missing"
    return f"{comment(column.name)}: {member.constants[0]} ..." if column.values else comment(column.name)


def _source(circuit: Circuit, head: Head, names: RowNames, name: str, profile: str) -> str:
    host = profile != "mcu"
    element = element_types(circuit)[0]
    before = [
        "/* Written by lgnc; NAME_row.h says what it is. MIT licence. */",
        '#include "NAME_row.h"',
        "",
        *(["#include <math.h>"] if host else []),
        *(["#include <string.h>"] if names.members else []),
        "",
    ]
    strings = [f"    {c_string(each)}," for each in head.names]
    listed = [f"const char *const {name}_class_names[] = {{", *strings, "};", ""]
    calls = runtime("row.c") + (runtime("probabilities.c") if host else "")
    row = [_features(names.members, element, name), runtime("row_calls.c").replace("NAME_element", element)]
    parts = [named("\n".join(before), name), *listed, named(calls, name)]
    return "\n".join([*parts, *(named(each, name) for each in row if names.members)])


def _features(members: Sequence[Member], element: str, name: str) -> str:
    """The function that writes the features of a row."""
    categories = any(member.column.values is not None for member in members)
    lines = ["memset(x, 0, NAME_FEATURES * sizeof *x);"] * categories
    for member in members:
        column, value, missing = member.column, f"row->{member.field}", f"row->missing.{member.field}"
        gone = f"{missing} != 0u"
        if column.values is None:
            gone += f" || {value} != {value}" if element in ("float", "double") else ""
            median = constant(column.median, element)
            lines.append(f"x[{member.first}] = ({element})({gone} ? {median} : {value});")
        elif column.values:
            lines += [
                f"if ({missing} == 0u && {value} < {len(column.values)}u) {{",
                f"    x[{member.first}u + {value}] = 1;",
                "}",
            ]
        if column.missing:
            lines.append(f"x[{member.first + column.features - 1}] = ({element})({gone});")
    head = f"void NAME_features(const struct NAME_row *row, {element} *x)"
    return "\n".join([named(head, name), "{", *(f"    {named(line, name)}" for line in lines), "}"]) + "\n"
