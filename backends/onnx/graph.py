"""Builds an ONNX graph: named nodes whose single output has the node's name, initializers, and deterministic bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

OPSET = 18
IR_VERSION = 8
"""The oldest file version that opset 18 goes with."""


class Graph:
    """An ONNX graph under construction. Every node is named after its output."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, NDArray[Any]] = {}
        self._inputs: list[onnx.ValueInfoProto] = []

    def add_input(self, name: str, dtype: str, shape: Sequence[int | str]) -> None:
        """An input tensor; a dimension is a number or a name."""
        from onnx import helper

        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        self._inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """An initializer's name. The same name must not stand for two values."""
        self._constants[name] = value
        return name

    def add(self, op: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """One node with one output; gives the output's name."""
        from onnx import helper

        self._nodes.append(helper.make_node(op, list(inputs), [output], name=output, **attributes))
        return output

    def cast(self, source: str, dtype: str, output: str) -> str:
        """`source` cast to a numpy dtype."""
        from onnx import helper

        return self.add("Cast", [source], output, to=int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype))))

    def model_bytes(
        self,
        name: str,
        outputs: Mapping[str, tuple[str, Sequence[int | str]]],
        lists: Mapping[str, Sequence[object]],
        facts: Mapping[str, str],
    ) -> bytes:
        """The bytes of the model file, with each of `lists` as JSON and `facts` as they are in its metadata."""
        from onnx import helper, numpy_helper

        results = [
            helper.make_tensor_value_info(output, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), list(shape))
            for output, (dtype, shape) in outputs.items()
        ]
        tensors = [numpy_helper.from_array(np.asarray(v, order="C"), k) for k, v in self._constants.items()]
        graph = helper.make_graph(self._nodes, name, self._inputs, results, tensors)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], producer_name="lgnc", ir_version=IR_VERSION)
        metadata = {**facts, **{key: json.dumps(list(value)) for key, value in lists.items() if value}}
        helper.set_model_props(model, metadata)
        data: bytes = model.SerializeToString(deterministic=True)
        return data
