"""Builds an ONNX graph: named nodes whose single output has the node's name, initializers, and deterministic bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

OPSET = 18
ML, ML_OPSET = "ai.onnx.ml", 3
IR_VERSION = 8
"""The oldest file version that opset 18 goes with."""


class Graph:
    """An ONNX graph under construction. Every node is named after its output. called: a tensor's name in the file."""

    def __init__(self, called: Callable[[str], str] = str) -> None:
        self._called = called
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, NDArray[Any]] = {}
        self._inputs: list[onnx.ValueInfoProto] = []

    def add_input(self, name: str, dtype: str, shape: Sequence[int | str], told: str = "") -> None:
        """An input tensor; a dimension is a number or a name. dtype: numpy's, or 'str'. told: for people."""
        from onnx import helper

        self._inputs.append(helper.make_tensor_value_info(self._called(name), _kind(dtype), list(shape), told))

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """An initializer's name. The same name must not stand for two values."""
        self._constants[name] = value
        return name

    def add(self, op: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """One node with one output; gives the output's name."""
        from onnx import helper

        own = self._called(output)
        self._nodes.append(helper.make_node(op, list(map(self._called, inputs)), [own], name=own, **attributes))
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
            helper.make_tensor_value_info(self._called(output), _kind(dtype), list(shape))
            for output, (dtype, shape) in outputs.items()
        ]
        tensors = [
            numpy_helper.from_array(np.asarray(v, order="C"), self._called(k)) for k, v in self._constants.items()
        ]
        graph = helper.make_graph(self._nodes, name, self._inputs, results, tensors)
        domains = {"": OPSET} | ({ML: ML_OPSET} if any(node.domain == ML for node in self._nodes) else {})
        opsets = [helper.make_opsetid(*each) for each in domains.items()]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="lgnc", ir_version=IR_VERSION)
        metadata = {**facts, **{key: json.dumps(list(value)) for key, value in lists.items() if value}}
        helper.set_model_props(model, metadata)
        data: bytes = model.SerializeToString(deterministic=True)
        return data


def _kind(dtype: str) -> int:
    """ONNX's number of a numpy dtype, or of 'str'."""
    from onnx import TensorProto, helper

    return int(TensorProto.STRING if dtype == "str" else helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
