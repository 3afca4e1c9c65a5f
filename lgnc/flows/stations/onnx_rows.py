"""The station of NAME_row.onnx: the features that it makes of a table's cells, and its answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.onnx.row import GAP, RowInterface, row_inputs, row_interface
from lgnc.backends.row import RowColumn, features_of, first_features
from lgnc.diagnostics import BadInput, Failed, LgncError
from lgnc.flows.row_columns import row_columns
from lgnc.flows.stations.batches import answers
from lgnc.flows.stations.cells import row_cells
from lgnc.flows.stations.visit import Visit
from lgnc.ir.quantiser import Quantiser
from lgnc.sim.onnx import refused, session_of
from lgnc.verify.verdict import Station


def row_graph(visit: Visit) -> Station:
    """The station 'rows' of an ONNX folder: features, scores, classes and labels of rows with missing cells."""
    head, encoder = visit.circuit.head, visit.circuit.encoder
    try:
        row = row_columns(visit.circuit, visit.manifest.columns, "manifest.json")
    except BadInput as error:
        return Station("rows", False, "read", str(error)[:300])
    if head is None or not row:
        return Station("rows", False, "read", "the manifest has no columns that give the circuit's features")
    interface = row_interface(row, encoder)
    numbers, codes, missing = row_cells(visit, row)
    if encoder.dtype == "int64":
        numbers = np.maximum(numbers, GAP + 1)
    coded = numbers
    if encoder.quantiser is not None:
        numbers, coded = _values(numbers, encoder.quantiser, row)
    features = features_of(row, encoder.dtype, coded, codes, missing)
    right = answers(visit, features)
    labels = np.array(head.names, object)[right["predict"]]
    wanted = [("features", features), ("scores", right["scores"]), ("class", right["predict"]), ("label", labels)]
    given = row_inputs(row, interface, numbers, codes, missing)
    model, network = _graphs(visit)
    if odd := _other_node(model.graph, network.graph, interface):
        told = f"{visit.name}_row.onnx has another '{odd}' than {visit.name}.onnx"
        return Station("rows", False, "read", told)
    found = _run(visit, model, given, [interface.called(name) for name, _ in wanted])
    for (what, should), made in zip(wanted, found, strict=True):
        if made.shape != should.shape:
            return Station("rows", False, "tested", f"{what} are {list(made.shape)}, not {list(should.shape)}")
        if (bad := (made != should).reshape(len(should), -1).any(axis=1)).any():
            at = int(np.argmax(bad))
            told = f"{what} of row {at}: {made[at]!s:.80}, not {should[at]!s:.80}"
            return Station("rows", False, "tested", told.replace("\n", " "))
    told = f"features, scores, classes and labels of {len(missing)} rows of {len(row)} columns with missing cells"
    told += f"; behind the features it is the graph of {visit.name}.onnx, node by node"
    return Station("rows", True, "tested", told)


def _values(
    codes: NDArray[Any], quantiser: Quantiser, row: Sequence[RowColumn]
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Values whose codes are about `codes`, some of them halfway to the next; and their codes. [n, columns]"""
    firsts = first_features(row)
    own = Quantiser(quantiser.scale[firsts], quantiser.offset[firsts])
    aside = np.random.default_rng(0).choice([-0.5, -0.25, 0.0, 0.25, 0.5], codes.shape)
    values = own.values(codes) + aside * own.scale
    return values, own.codes(values, str(codes.dtype))


def _graphs(visit: Visit) -> tuple[Any, Any]:
    """NAME_row.onnx and NAME.onnx."""
    import onnx

    files = f"{visit.name}_row.onnx", f"{visit.name}.onnx"
    try:
        row, network = (onnx.load_model_from_string(visit.manifest.read(visit.path, file)) for file in files)
    except LgncError:
        raise
    except Exception as error:
        raise Failed(f"onnx does not read it: {error!s:.200}", where=files[0], fix="compile it again") from None
    return row, network


def _other_node(row: Any, network: Any, interface: RowInterface) -> str | None:
    """The first node or constant of the network's graph that the row's does not have under its own names."""
    made = {each.name: each.SerializeToString(deterministic=True) for each in (*row.node, *row.initializer)}
    for each in (*network.node, *network.initializer):
        own = type(each)()
        own.CopyFrom(each)
        own.name = interface.called(each.name)
        for ends in ("input", "output") if hasattr(each, "input") else ():
            getattr(own, ends)[:] = [interface.called(name) for name in getattr(each, ends)]
        if made.get(own.name) != own.SerializeToString(deterministic=True):
            return str(each.name)
    return None


def _run(visit: Visit, model: Any, given: dict[str, NDArray[Any]], names: list[str]) -> list[NDArray[Any]]:
    """The tensors `names` for the rows; the first, the features, is made an output of the graph."""
    import onnx

    file, width = f"{visit.name}_row.onnx", len(visit.circuit.encoder.names)
    dtype = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(visit.circuit.encoder.dtype))
    model.graph.output.append(onnx.helper.make_tensor_value_info(names[0], dtype, ["n", width]))
    session = session_of(model.SerializeToString(), file)
    try:
        found: list[NDArray[Any]] = session.run(names, given)
    except Exception as error:
        raise refused(error, file) from None
    return found
