"""A C folder -> Circuit: NAME.c as it lies there, tables, evaluator, popcount and argmax, run on symbolic words.

The preprocessor is `c_preprocess.py`, the parser pycparser. What the tree means is written in layers: `c_types.py`,
`c_values.py`, `c_symbolic.py`, `c_arithmetic.py`, `c_expressions.py`, `c_statements.py`, `c_program.py`. An int has 32
bits and a pointer 64. Nothing is assumed about tables that is not in the file.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit
from lgnc.readback.arrays import Words
from lgnc.readback.c_preprocess import Preprocessed, preprocess
from lgnc.readback.c_program import Program, parsed
from lgnc.readback.c_symbolic import Values
from lgnc.readback.c_types import Type
from lgnc.readback.c_values import Buffer, Feature
from lgnc.readback.source import named_outputs
from lgnc.readback.symbols import Symbols

_DEPTH = 20_000
"""Python's own limit while a tree is walked: macros of macros nest deeply."""


ROWS = (1, 64)
"""How many rows are given: programs have a form for few and one for many. The first is read, the others are zeros."""


def read_back(folder: Path, name: str, circuit: Circuit) -> Circuit:
    """What `NAME.c` in the folder computes for one row: the first of `read_forms`."""
    return _read(folder, name, circuit, ROWS[:1])[0]


def read_forms(folder: Path, name: str, circuit: Circuit) -> list[Circuit]:
    """What `NAME.c` computes for its first row when it is given one, and when it is given many. Raises as `_read`."""
    return _read(folder, name, circuit, ROWS)


def _read(folder: Path, name: str, circuit: Circuit, counts: Sequence[int]) -> list[Circuit]:
    """What `NAME.c` in the folder computes for the first of so many rows, for each count, over `circuit`'s features.

    With classes the outputs are the words `score{c}` and `index`, of NAME_scores and NAME_predict, or of NAME_scores_in
    and NAME_predict_in where these do not exist; else those of NAME_outputs, under the circuit's own names. Raises
    BadInput with file and line for what is not known, and for what C leaves undefined.
    """
    path = folder / f"{name}.c"
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEPTH))
    try:
        source = preprocess(path)
        symbols = Symbols(circuit.encoder, str(path))
        program = Program(parsed(source, str(path)), source, Values(symbols), str(path))
        results = [_results(program, source, name, circuit, rows, path) for rows in counts]
    except RecursionError:
        raise BadInput("is nested too deeply", where=str(path), fix="compile it again") from None
    finally:
        sys.setrecursionlimit(limit)
    return [named_outputs(symbols, circuit, each) for each in results]


def _results(
    program: Program, source: Preprocessed, name: str, circuit: Circuit, rows: int, path: Path
) -> dict[str, Words]:
    """What `named_outputs` takes, for the first of `rows` rows."""
    if circuit.head is None:
        return {"outputs": _run(program, source, f"{name}_outputs", circuit, len(circuit.outputs), rows, path)}
    scores = _run(program, source, f"{name}_scores", circuit, circuit.head.classes, rows, path)
    return {"scores": scores, "class": _run(program, source, f"{name}_predict", circuit, 1, rows, path)}


def _run(
    program: Program, source: Preprocessed, name: str, circuit: Circuit, count: int, rows: int, path: Path
) -> Words:
    """The words that a function writes for the first of `rows` rows, the others being zeros."""
    of = _feature_type(circuit)
    own: list[Any] = [Feature(i, of) for i in range(len(circuit.encoder.names))]
    others = [0.0 if of.kind == "float" else 0] * ((rows - 1) * len(own))
    features = Buffer("features", of.size, own + others, constant=True)
    function = program.function(name)
    arguments: list[Any] = []
    if function is None:
        function = program.function(f"{name}_in")
        arguments = [(Buffer("workspace", 0, [], bytes=_workspace(source, path)), 0)]
    kind = Type("int", 1 if name.endswith("_outputs") else 4, not name.endswith("_outputs"))
    result = Buffer("the result", kind.size, [None] * (rows * count))
    arguments += [(features, 0), rows, (result, 0)]
    if function is None or len(function.parameters) != len(arguments):
        raise BadInput(
            f"has no function '{name}' of four or '{name}_in' of five parameters",
            where=str(path),
            fix="compile it again",
        )
    _check_parameters(function.parameters, circuit, kind, name, path)
    try:
        program.call(function, arguments)
        if any(cell is None for cell in result.cells):
            raise BadInput(f"'{name}' does not write its whole result")
        found = [program.values.bits(cell, kind.width, kind.signed) for cell in result.cells[:count]]
    except BadInput as error:
        raise error if error.where else BadInput(error.what, where=str(path), fix="compile it again") from None
    dtype = np.dtype(f"{'' if kind.signed else 'u'}int{kind.width}")
    return Words(dtype, np.array(found, np.int64).reshape(count, kind.width))


def _feature_type(circuit: Circuit) -> Type:
    """The C type of the features."""
    dtype = np.dtype("uint8" if circuit.encoder.dtype == "bool" else circuit.encoder.dtype)
    return Type("float" if dtype.kind == "f" else "int", dtype.itemsize, dtype.kind == "i")


def _check_parameters(parameters: list[Any], circuit: Circuit, kind: Type, name: str, path: Path) -> None:
    """Raise BadInput unless features have the network's type, and results the documented one."""
    given = [variable.type.of for variable in (parameters[-3], parameters[-1])]
    if given != [_feature_type(circuit), kind]:
        raise BadInput(
            f"'{name}' takes or gives other types than {circuit.encoder.dtype} features",
            where=str(path),
            fix="compile it again",
        )


def _workspace(source: Preprocessed, path: Path) -> int:
    """The bytes that the header says a call needs."""
    found = [macro for name, macro in source.macros.items() if name.endswith("_WORKSPACE") and macro.parameters is None]
    text = "".join(token.text for token in found[0].body) if len(found) == 1 else ""
    match = re.fullmatch(r"([0-9]{1,10})[uU]?", text)
    if match is None:
        raise BadInput("does not say how large its workspace is", where=str(path), fix="compile it again")
    return int(match[1])
