"""What a circuit costs, part by part: gates and tables of the encoder, the layers, the popcount and the argmax."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.arithmetic.encoder import encoder_circuit
from lgnc.arithmetic.head import argmax_circuit, popcount_circuit, score_format
from lgnc.ir.circuit import Circuit
from lgnc.ir.compose import compose
from lgnc.mapping.lut_map import map_luts

ENCODER, POPCOUNT, ARGMAX = range(-3, 0)
"""Part numbers; a layer is its place among the layers that occur, so that any layer numbers fit an int16."""

SIZES = (4, 6)
"""The table sizes that are counted."""


def whole_circuit(circuit: Circuit) -> tuple[Circuit, bool]:
    """(the circuit with encoder and head as gates, whether the encoder is in), each gate's part number as its layer.

    Outputs are the bits of the class, or the circuit's own without a head. Comparisons of float features are no
    gates: such an encoder stays outside, its bits being inputs.
    """
    part = np.zeros(circuit.gates, np.int64)
    if circuit.layer is not None:
        part = np.searchsorted(np.unique(circuit.layer), circuit.layer)
    whole = circuit.with_(head=None, layer=None, output_names=tuple(f"o{k}" for k in range(len(circuit.outputs))))
    if circuit.head is not None:
        for number, lowered in (
            (POPCOUNT, popcount_circuit(circuit.head)),
            (ARGMAX, argmax_circuit(circuit.head.classes, score_format(circuit.head).width)),
        ):
            whole = compose(whole, lowered)
            part = np.concatenate([part, np.full(lowered.gates, number)])
    inside = not circuit.encoder.is_float
    if inside and circuit.encoder.dtype != "bool":
        encoder = encoder_circuit(circuit.encoder)
        whole = compose(encoder, whole)
        part = np.concatenate([np.full(encoder.gates, ENCODER), part])
    return whole.with_(layer=part.astype(np.int16)), inside


def costs(circuit: Circuit, luts: bool = True) -> dict[str, Any]:
    """What the circuit costs, as JSON would hold it.

    `gates`, `depth`, `max_fanout`, `mean_fanout`: of the two-input gates as they stand, without encoder and head.
    `parts`: one object each for `encoder`, `layer 0` ... (`gates` for a circuit without layers), `popcount`, `argmax`:
    `gates`, `depth` (the level of its deepest gate, from the features' bits on), `max_fanout`, and with `luts` also
    `lut4` and `lut6`, the tables whose output is a gate of the part. `whole`: the same of all parts together, and the
    depths `lut4_depth`, `lut6_depth` in tables, from features' bits to class bits.
    `encoder_included`: false for float features, whose comparisons are no gates.
    """
    whole, inside = whole_circuit(circuit)
    assert whole.layer is not None
    names = _part_names(circuit, inside)
    counts = {
        "gates": _by_part(whole.layer, names),
        "depth": _highest(whole.layer, names, whole.level[whole.inputs :]),
        "max_fanout": _highest(whole.layer, names, whole.fanout[whole.inputs :]),
    }
    largest = int(whole.fanout.max(initial=0))
    total: dict[str, int] = {"gates": whole.gates, "depth": whole.depth, "max_fanout": largest}
    for k in SIZES if luts else ():
        network = map_luts(whole, k)
        assert network.circuit.layer is not None
        counts[f"lut{k}"] = _by_part(network.circuit.layer[network.root - network.circuit.inputs], names)
        total |= {f"lut{k}": network.count, f"lut{k}_depth": network.depth}
    fanout = circuit.fanout
    return {
        "gates": circuit.gates,
        "depth": circuit.depth,
        "max_fanout": int(fanout.max(initial=0)),
        "mean_fanout": round(float(fanout.mean()), 3) if len(fanout) else 0.0,
        "encoder_bits": circuit.inputs,
        "encoder_included": inside,
        "parts": {name: {kind: found[name] for kind, found in counts.items()} for name in names.values()},
        "whole": total,
    }


def _part_names(circuit: Circuit, inside: bool) -> dict[int, str]:
    """Part number -> name, from the inputs to the outputs."""
    names = {ENCODER: "encoder"} if inside else {}
    if circuit.layer is None:
        names[0] = "gates"
    else:
        names |= {place: f"layer {layer}" for place, layer in enumerate(np.unique(circuit.layer).tolist())}
    if circuit.head is not None:
        names |= {POPCOUNT: "popcount", ARGMAX: "argmax"}
    return names


def _by_part(part: NDArray[np.int16], names: dict[int, str]) -> dict[str, int]:
    found = np.bincount(part.astype(np.int64) - ENCODER, minlength=max(names, default=0) - ENCODER + 1)
    return {name: int(found[number - ENCODER]) for number, name in names.items()}


def _highest(part: NDArray[np.int16], names: dict[int, str], value: NDArray[np.int32]) -> dict[str, int]:
    """The highest value (int32[gates]) among the gates of each part."""
    found = np.zeros(max(names, default=0) - ENCODER + 1, np.int32)
    np.maximum.at(found, part.astype(np.int64) - ENCODER, value)
    return {name: int(found[number - ENCODER]) for number, name in names.items()}
