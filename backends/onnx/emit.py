"""The ONNX target: NAME.onnx, opset 18, 64 samples a word, packed inside the graph. See docs/targets-onnx.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from lgnc.backends.artifact import Artifact, Options
from lgnc.backends.normal import normal_form
from lgnc.backends.onnx.graph import OPSET, Graph
from lgnc.backends.onnx.head import Outputs, add_outputs, add_scores
from lgnc.backends.onnx.row import add_columns, add_label, row_interface
from lgnc.backends.onnx.target import TARGET
from lgnc.backends.thresholds import native_thresholds
from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit, Encoder, Int32
from lgnc.ir.gates import AND, FALSE, GATES, GT, OR, READS_A, READS_B, XOR, A

COMPARED_AS = dict.fromkeys(("bool", "uint8", "int8", "uint16", "int16"), "int32")
"""Feature types that ONNX's Greater does not take in onnxruntime, and the type that they are compared in."""


def emit(circuit: Circuit, options: Options) -> Artifact:
    """NAME.onnx: features [n, features] -> scores int32[n, classes] and class int64[n], or outputs bool[n, outputs].
    Of a network that was trained on a table also NAME_row.onnx, whose inputs are its columns.

    Raises BadInput for a name that cannot name a file and a graph.
    """
    TARGET.read(options.settings)
    name = options.name
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", name):
        fix = "use letters, digits and '_', starting with a letter"
        raise BadInput(f"'{name}' is not an ONNX graph name", where="--name", fix=fix)
    digest, circuit = circuit.digest, normal_form(circuit)
    graph = Graph()
    graph.add_input("features", circuit.encoder.dtype, ["n", len(circuit.encoder.names)])
    outputs = add_network(graph, circuit)
    data = graph.model_bytes(name, outputs, _lists(circuit), {"circuit_sha256": digest})
    files, details = {f"{name}.onnx": data}, dict[str, Any](model=f"{name}.onnx", opset=OPSET)
    if options.row and circuit.head is not None:
        interface = row_interface(options.row, circuit.encoder)
        graph = Graph(interface.called)
        add_columns(graph, options.row, interface, circuit.encoder)
        outputs = add_network(graph, circuit)
        add_label(graph, circuit.head.names)
        outputs = {"label": ("str", ["n"]), **outputs}
        data = graph.model_bytes(f"{name}_row", outputs, {"classes": circuit.head.names}, {"circuit_sha256": digest})
        files[f"{name}_row.onnx"] = data
        inputs = [{"name": each, "type": _WORDS[dtype]} for each, dtype in interface.inputs]
        details["row"] = {"model": f"{name}_row.onnx", "inputs": inputs, "outputs": interface.outputs}
    return Artifact(files, details)


_WORDS = {"str": "string", "float64": "double", "float32": "float", "int64": "int64"}
"""A dtype of an input, and what ONNX calls it."""


def add_network(graph: Graph, circuit: Circuit) -> Outputs:
    """All that makes outputs of `features`; what they are."""
    add_sizes(graph)
    add_encoder(graph, circuit.encoder)
    pool, nodes = add_gates(graph, circuit)
    if circuit.head is None:
        return add_outputs(graph, circuit, pool, nodes)
    return add_scores(graph, circuit.head, circuit.outputs, pool, nodes)


def _lists(circuit: Circuit) -> dict[str, Sequence[object]]:
    """Lists of the metadata."""
    listed: dict[str, Sequence[object]] = {"features": circuit.encoder.names, "outputs": circuit.output_names}
    if circuit.encoder.quantiser is not None:
        listed["scale"] = circuit.encoder.quantiser.scale.tolist()
        listed["offset"] = circuit.encoder.quantiser.offset.tolist()
    if circuit.head is not None:
        listed["classes"] = circuit.head.names
    return listed


def add_sizes(graph: Graph) -> None:
    """The batch size `n`, the words that it takes, `words`, and the samples missing in the last one, `missing`."""
    graph.add("Shape", ["features"], "n", start=0, end=1)
    graph.add("Add", ["n", graph.constant("c63", np.array([63]))], "n63")
    graph.add("Div", ["n63", graph.constant("c64", np.array([64]))], "words")
    graph.add("Mul", ["words", "c64"], "padded")
    graph.add("Sub", ["padded", "n"], "missing")


def add_encoder(graph: Graph, encoder: Encoder) -> None:
    """`encoder.words`, int64[bits, words]: features compared with thresholds, 64 samples packed in a word."""
    compared = COMPARED_AS.get(encoder.dtype, encoder.dtype)
    source = "features"
    if compared != encoder.dtype:
        source = graph.cast(source, compared, "encoder.features")
    graph.add("Transpose", [source], "encoder.columns", perm=[1, 0])
    feature = graph.constant("encoder.feature", encoder.feature.astype(np.int64))
    graph.add("Gather", ["encoder.columns", feature], "encoder.gathered", axis=0)
    column = graph.constant("encoder.threshold", native_thresholds(encoder).astype(compared)[:, None])
    graph.add("Greater", ["encoder.gathered", column], "encoder.bits")
    graph.cast("encoder.bits", "int64", "encoder.ones")
    zero = graph.constant("zero", np.array([0]))
    graph.add("Concat", [zero, zero, zero, "missing"], "encoder.padding", axis=0)
    graph.add("Pad", ["encoder.ones", "encoder.padding"], "encoder.padded")
    bits, two, half = (graph.constant(f"c{k}", np.array([k])) for k in (encoder.bits, 2, 32))
    graph.add("Concat", [bits, "words", two, half], "encoder.shape", axis=0)
    graph.add("Reshape", ["encoder.padded", "encoder.shape"], "encoder.samples", allowzero=1)
    weight = graph.constant("encoder.weight", np.left_shift(np.int64(1), np.arange(32, dtype=np.int64)))
    graph.add("Mul", ["encoder.samples", weight], "encoder.weighted")
    # onnxruntime adds int64 in double precision: 32 bits a sum are exact, 64 are not.
    graph.add("ReduceSum", ["encoder.weighted", graph.constant("axis3", np.array([3]))], "encoder.halves", keepdims=0)
    low, high = (
        graph.add("Gather", ["encoder.halves", graph.constant(f"index{k}", np.array(k))], f"encoder.half{k}", axis=2)
        for k in (0, 1)
    )
    graph.add("Mul", [high, graph.constant("encoder.shift", np.array(1 << 32))], "encoder.high")
    graph.add("BitwiseOr", [low, "encoder.high"], "encoder.words")


_BITWISE = {AND: "BitwiseAnd", GT: "BitwiseAnd", XOR: "BitwiseXor", OR: "BitwiseOr"}


def add_gates(graph: Graph, circuit: Circuit) -> tuple[str, Int32]:
    """(the tensor of all rows that an output reads, int32[nodes]: each node's row in it or -1).

    A level reads one tensor, the pool: rows of earlier nodes that are still wanted. Its gates, grouped by gate number,
    are gathered, computed and joined to the pool for the next level.
    """
    level = circuit.level.copy()
    last_use = _last_use(circuit, level)
    place = np.full(circuit.nodes, -1, np.int32)
    place[: circuit.inputs] = np.arange(circuit.inputs)
    pool, members = "encoder.words", np.arange(circuit.inputs)
    gate_level = level[circuit.inputs :]
    order = np.lexsort((circuit.op, gate_level))
    bounds = np.searchsorted(gate_level[order], np.arange(int(gate_level.max(initial=-1)) + 2))
    for at in range(len(bounds) - 1):
        gates = order[bounds[at] : bounds[at + 1]]
        if not len(gates):
            continue
        made = []
        for op in np.unique(circuit.op[gates]).tolist():
            group = gates[circuit.op[gates] == op]
            name = f"level{at}.{GATES[op].name}"
            a, b = place[circuit.a[group]], place[circuit.b[group]]
            made.append(_add_group(graph, name, op, pool, a, b))
        kept = members[last_use[members] > at]
        if len(kept):
            rows = graph.constant(f"level{at}.keep.rows", place[kept].astype(np.int64))
            made.insert(0, graph.add("Gather", [pool, rows], f"level{at}.keep", axis=0))
        members = np.concatenate([kept, circuit.inputs + gates[np.argsort(circuit.op[gates], kind="stable")]])
        place[:] = -1
        place[members] = np.arange(len(members))
        pool = graph.add("Concat", made, f"level{at}.pool", axis=0)
    return pool, place


def _last_use(circuit: Circuit, level: Int32) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """int32[nodes]: the highest level of a gate that reads each node; past every level for an output."""
    last = np.full(circuit.nodes, -1, np.int32)
    for fanin, read in ((circuit.a, READS_A), (circuit.b, READS_B)):
        used = read[circuit.op]
        np.maximum.at(last, fanin[used], level[circuit.inputs :][used])
    last[circuit.outputs >> 1] = np.iinfo(np.int32).max
    return last


def _add_group(
    graph: Graph,
    name: str,
    op: int,
    pool: str,
    a: Int32,
    b: Int32,
) -> str:
    """The equal gates of one level: Gather the fan-ins, then one bitwise operator (two for gt)."""

    def gather(pin: str, rows: Int32) -> str:
        index = graph.constant(f"{name}.{pin}.rows", rows.astype(np.int64))
        return graph.add("Gather", [pool, index], f"{name}.{pin}", axis=0)

    if op == FALSE:
        rows = graph.constant(f"{name}.rows", np.array([len(a)]))
        graph.add("Concat", [rows, "words"], f"{name}.shape", axis=0)
        return graph.add("Expand", [graph.constant("zeros.value", np.array([[0]])), f"{name}.shape"], name)
    left = gather("a", a)
    if op == A:
        return graph.add("Identity", [left], name)
    right = gather("b", b)
    if op == GT:
        right = graph.add("BitwiseNot", [right], f"{name}.not_b")
    return graph.add(_BITWISE[op], [left, right], name)
