"""What a circuit is made of, for a page: gates by function and layer, levels and fan-out, the features it reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.ir.circuit import Circuit
from lgnc.report.charts import Counts, bars, functions, parts, shape_of
from lgnc.report.page import Bar, Block, Chart, Gallery, Picture, Table, Text
from lgnc.report.pictures import heat

_LAYERS = 24
_FEATURES = 20
_LEVELS = 400


def functions_by_layer(circuit: Circuit) -> list[tuple[str, Counts]]:
    """(layer, int64[16] gates of each function) of a circuit; one row where it does not know layers."""
    if circuit.layer is None:
        return [("gates", np.bincount(circuit.op, minlength=16).astype(np.int64))]
    names, place = np.unique(circuit.layer, return_inverse=True)
    counts = np.bincount(place * 16 + circuit.op, minlength=16 * len(names)).reshape(-1, 16).astype(np.int64)
    return [(f"layer {name + 1}", row) for name, row in zip(names.tolist(), counts, strict=True)]


def functions_chart(rows: Sequence[tuple[str, Counts]], title: str, name: str) -> list[Block]:
    """The matrix of functions and layers; of many layers the first ones, the others added up."""
    if not rows or not sum(int(counts.sum()) for _, counts in rows):
        return []
    shown = list(rows[:_LAYERS])
    if len(rows) > _LAYERS:
        rest = np.sum([counts for _, counts in rows[_LAYERS:]], axis=0)
        shown.append((f"{len(rows) - _LAYERS} more layers", rest))
    return [Chart(title, functions(shown, name), wide=True)]


def shape_chart(circuit: Circuit) -> list[Block]:
    """Gates at each level, and nodes by fan-out. Of more levels than can be drawn, neighbours are added up."""
    if not circuit.gates:
        return []
    levels = np.bincount(circuit.level[circuit.inputs :])[1:]
    together = -(-len(levels) // _LEVELS) or 1
    padded = np.pad(levels, (0, -len(levels) % together)).reshape(-1, together).sum(axis=1)
    fanout = circuit.fanout
    place = np.where(fanout > 0, np.floor(np.log2(np.maximum(fanout, 1))).astype(np.int64) + 1, 0)
    told = f"Depth {circuit.depth:,}; the largest fan-out is {int(fanout.max(initial=0)):,}"
    told += f", the mean {float(fanout.mean()):.2f}." if len(fanout) else "."
    told += f" A bar stands for {together} levels." if together > 1 else ""
    svg = shape_of(padded.astype(np.int64), np.bincount(place).astype(np.int64))
    return [Chart("Levels and fan-out", svg, told, wide=True)]


def parts_blocks(before: dict[str, Any] | None, after: dict[str, Any]) -> list[Block]:
    """Where gates and tables are: a chart and a table of the parts, as `lgnc.mapping.costs.costs` counts them."""
    kinds = [(kind, text) for kind, text in _KINDS if kind in after["whole"]]
    rows = list(after["parts"].items())
    own = {} if before is None else before["parts"]

    def title(name: str) -> str:
        """Layers are numbered from 1, as in the network's table."""
        number = name.removeprefix("layer ")
        return f"layer {int(number) + 1}" if number != name and number.isdigit() else name

    header = ["part", *(["gates before"] if own else []), "gates", "level", "fan-out", *(text for _, text in kinds[1:])]
    keys = ["gates", "depth", "max_fanout", *(kind for kind, _ in kinds[1:])]
    names = list(dict.fromkeys([*own, *after["parts"]]))

    def line(name: str, was: dict[str, int] | None, found: dict[str, int]) -> list[str]:
        first = [] if was is None else [f"{was.get('gates', 0):,}"]
        return [title(name), *first, *(f"{found.get(key, 0):,}" for key in keys)]

    table = [line(name, own.get(name, {}) if own else None, after["parts"].get(name, {})) for name in names]
    table.append(line("whole", None if before is None else before["whole"], after["whole"]))
    drawn = (
        []
        if len(rows) > 40
        else [Chart("Where gates and tables are", parts([(title(n), each) for n, each in rows], kinds), wide=True)]
    )
    told = [] if after["encoder_included"] else [Text("The encoder compares floats: it is not counted in gates.")]
    return [*drawn, Table(header, table, range(1, len(header))), *told]


_KINDS = (("gates", "gates"), ("lut4", "LUT4"), ("lut6", "LUT6"))


def feature_reads(circuit: Circuit) -> NDArray[np.int64]:
    """int64[features]: how many gate inputs and outputs read a threshold of each feature."""
    reads = circuit.fanout[: circuit.inputs].astype(np.float64)
    return np.bincount(circuit.encoder.feature, reads, minlength=len(circuit.encoder.names)).astype(np.int64)


def features_blocks(circuit: Circuit, shape: tuple[int, int, int] | None) -> list[Block]:
    """The features that the circuit reads: a picture for an image's, else bars."""
    reads = feature_reads(circuit)
    read = int((reads > 0).sum())
    told = Text(
        f"The circuit reads {read:,} of {len(reads):,} features, through {_bits_read(circuit):,} thresholds. "
        "A feature counts once for each gate input and output that reads one of its thresholds."
    )
    if shape is not None:
        most = f"dark: not read; bright: {int(reads.reshape(shape).sum(axis=2).max(initial=0)):,} reads"
        return [told, Gallery([Picture(heat(reads, shape), [most])], 320)]
    if not read:
        return [told]
    order, names = np.argsort(-reads, kind="stable")[:read].tolist(), circuit.encoder.names
    svg = bars([(names[k], int(reads[k])) for k in order[:_FEATURES]], "reads", "reads")
    rows = [(names[k], Bar(f"{reads[k]:,}", reads[k] / reads[order[0]])) for k in order]
    table = Table(("feature", "reads"), rows, title=f"All {read:,} features that are read", fold=True, half=True)
    return [told, Chart("The features that are read most", svg), table]


def _bits_read(circuit: Circuit) -> int:
    return int((circuit.fanout[: circuit.inputs] > 0).sum())
