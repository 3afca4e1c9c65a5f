"""NAME_row.onnx: the network behind inputs that are the table's columns, with the classes' names as an output.

A number is `double` (`float` where the features are), NaN where it is missing; of 64-bit integers `int64`, the lowest
where it is missing. A category is a string. Standard operators of ai.onnx and ai.onnx.ml alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.onnx.graph import ML, Graph
from lgnc.backends.row import RowColumn, first_features
from lgnc.backends.row_names import Identifiers
from lgnc.ir.circuit import Encoder

RESULTS = ("label", "class", "scores")
"""The outputs, beside inputs of other names."""

GAP = -(2**63)
"""What stands for a missing cell in a column of 64-bit integers, which have no NaN."""

_STRING = "str"


@dataclass(frozen=True)
class RowInterface:
    """How the tensors of NAME_row.onnx are called. inputs: (name, numpy dtype or 'str') of each column. outputs: of
    each of RESULTS. prefix: what all other tensors' names start with, as no column's does.
    """

    inputs: tuple[tuple[str, str], ...]
    outputs: dict[str, str]
    prefix: str

    def called(self, tensor: str) -> str:
        """The name of a tensor in the file: `column3` and RESULTS are the interface's."""
        if tensor.startswith("column"):
            return self.inputs[int(tensor.removeprefix("column"))][0]
        return self.outputs.get(tensor) or f"{self.prefix}{tensor}"


def row_interface(row: Sequence[RowColumn], encoder: Encoder) -> RowInterface:
    """Names of columns as the table has them; a repeated one, or an output of the same name, ends in _2, _3, ..."""
    names = Identifiers()
    number = "int64" if encoder.dtype == "int64" else "float32" if encoder.dtype == "float32" else "float64"
    inputs = tuple(
        (names.of(column.name or f"column {place}"), number if column.values is None else _STRING)
        for place, column in enumerate(row, 1)
    )
    prefix = "lgnc/"
    while any(name.startswith(prefix) for name, _ in inputs):
        prefix = f"_{prefix}"
    return RowInterface(inputs, {result: names.of(result) for result in RESULTS}, prefix)


def add_columns(graph: Graph, row: Sequence[RowColumn], interface: RowInterface, encoder: Encoder) -> None:
    """The inputs, and `features`, [n, features] of the encoder's type, of them."""
    parts: list[str] = []
    columns = zip(row, first_features(row), interface.inputs, strict=True)
    for place, (column, first, (_, dtype)) in enumerate(columns):
        graph.add_input(f"column{place}", dtype, ["n", 1], _told(column, dtype))
        if column.values is None:
            parts += _number(graph, column, place, dtype, encoder, first)
        else:
            parts += _category(graph, column, place, encoder.dtype)
    graph.add("Concat", parts, "features", axis=1)


def add_label(graph: Graph, classes: Sequence[str]) -> None:
    """`label`, string[n]: the names of `class`."""
    graph.add("Gather", [graph.constant("class.names", np.array(classes, object)), "class"], "label", axis=0)


def _told(column: RowColumn, dtype: str) -> str:
    """What people who look at an input read there."""
    if column.values is None:
        gap = "the lowest int64" if dtype == "int64" else "NaN"
        return f"a number; {gap} where it is missing"
    gap = f"; {column.gaps[0]!r} where it is missing" if column.gaps else ""
    return f"one of {', '.join(map(repr, column.values))}, or another{gap}"


def _number(graph: Graph, column: RowColumn, place: int, dtype: str, encoder: Encoder, feature: int) -> list[str]:
    """The features of a number: its median where it is missing, held within the type, and whether it is missing."""
    at, source = f"{place}", f"column{place}"
    if dtype == "int64":
        gone = graph.add("Equal", [source, graph.constant("gap", np.array(GAP))], f"{at}.missing")
    else:
        gone = graph.add("IsNaN", [source], f"{at}.missing")
    value: Any = column.median
    if encoder.quantiser is not None:
        value = encoder.quantiser.column(feature).values(np.array([[value]]))[0, 0]
    filled = graph.add("Where", [gone, graph.constant(f"{at}.median", np.array(value, dtype)), source], f"{at}.filled")
    if encoder.quantiser is not None:
        filled = _code(graph, filled, at, encoder, feature)
    elif dtype == "float64" and encoder.dtype != "float64":
        low, high = (graph.constant(f"type.{end}", np.array(float(each))) for end, each in _ends(encoder))
        filled = graph.add("Clip", [filled, low, high], f"{at}.held")
    made = filled if dtype == encoder.dtype else graph.cast(filled, encoder.dtype, f"{at}.feature")
    return [made, *_flag(graph, column, gone, at, encoder.dtype)]


def _ends(encoder: Encoder) -> list[tuple[str, float]]:
    low, high = encoder.range
    return [("low", low), ("high", high)]


def _code(graph: Graph, value: str, at: str, encoder: Encoder, feature: int) -> str:
    """The fixed-point code of a value, as a float64: `Quantiser.codes`."""
    assert encoder.quantiser is not None
    scale, offset = encoder.quantiser.scale[feature], float(encoder.quantiser.offset[feature])
    steps = graph.add("Div", [value, graph.constant(f"{at}.scale", np.array(scale))], f"{at}.steps")
    whole = graph.add("Round", [steps], f"{at}.whole")
    low, high = (graph.constant(f"{at}.{end}", np.array(each + offset)) for end, each in _ends(encoder))
    held = graph.add("Clip", [whole, low, high], f"{at}.held")
    return graph.add("Sub", [held, graph.constant(f"{at}.offset", np.array(offset))], f"{at}.code")


def _category(graph: Graph, column: RowColumn, place: int, dtype: str) -> list[str]:
    """The features of a category: one per value, and whether it is missing."""
    assert column.values is not None
    at, values, gaps = f"{place}", column.values, column.gaps
    other = len(values) + 1
    keys = [*values, *gaps]
    numbers = [*range(len(values)), *([len(values)] * len(gaps))]
    encoder: dict[str, Any] = {"keys_strings": keys, "values_int64s": numbers, "default_int64": other}
    code = graph.add("LabelEncoder", [f"column{place}"], f"{at}.code", domain=ML, **encoder)
    parts = []
    if values:
        each = graph.constant(f"{at}.values", np.arange(len(values), dtype=np.int64)[None])
        same = graph.add("Equal", [code, each], f"{at}.same")
        parts.append(same if dtype == "bool" else graph.cast(same, dtype, f"{at}.features"))
    if column.missing:
        gone = graph.add("Equal", [code, graph.constant(f"{at}.gap", np.array(len(values)))], f"{at}.missing")
        parts += _flag(graph, column, gone, at, dtype)
    return parts


def _flag(graph: Graph, column: RowColumn, gone: str, at: str, dtype: str) -> list[str]:
    """The feature that says that a cell is missing, where there is one."""
    if not column.missing:
        return []
    return [gone if dtype == "bool" else graph.cast(gone, dtype, f"{at}.flag")]


def row_inputs(
    row: Sequence[RowColumn],
    interface: RowInterface,
    numbers: NDArray[Any],
    codes: NDArray[np.int64],
    missing: NDArray[np.bool_],
) -> dict[str, NDArray[Any]]:
    """What NAME_row.onnx is given for rows, [n, 1] each. numbers, codes, missing: as of `features_of`, numbers being
    values, not codes.
    """
    given: dict[str, NDArray[Any]] = {}
    for place, (column, (name, dtype)) in enumerate(zip(row, interface.inputs, strict=True)):
        gone = missing[:, place]
        if column.values is None:
            gap = GAP if dtype == "int64" else np.nan
            cells = np.where(gone, np.array(gap, dtype), numbers[:, place].astype(dtype))
        else:
            texts = np.array([*column.values, _another(column), column.gaps[0] if column.gaps else ""], object)
            known = (codes[:, place] >= 0) & (codes[:, place] < len(column.values))
            cells = texts[np.where(gone, len(texts) - 1, np.where(known, codes[:, place], len(texts) - 2))]
        given[name] = cells[:, None]
    return given


def _another(column: RowColumn) -> str:
    """A text that is no value of a column, and none that stands for a missing cell."""
    text = "another"
    while text in (column.values or ()) or text in column.gaps:
        text += "'"
    return text
