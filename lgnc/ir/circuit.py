"""The one intermediate representation: an encoder, two-input gates, output literals and an optional head.

Immutable; arrays, not objects, hold the gates (9 bytes per gate). `docs/ir.md` is the specification.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgnc.ir.quantiser import Quantiser

if TYPE_CHECKING:
    import networkx

FEATURE_DTYPES = ("bool", "uint8", "int8", "uint16", "int16", "int32", "int64", "float32", "float64")

Int32 = NDArray[np.int32]
Words = NDArray[np.uint64]


def _freeze(values: ArrayLike, dtype: str) -> NDArray[np.generic]:
    array: NDArray[np.generic] = np.array(values, dtype=dtype, copy=None, order="C").view()
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class Encoder:
    """Features to bits: bit i = feature[i]-th feature > threshold[i].

    names: the features' names, one each. dtype: the features' numpy dtype, one of FEATURE_DTYPES.
    feature: int32[bits]. threshold: int64[bits] for integer features, float64[bits] for float ones, in the feature's
    own unit. A binary feature has threshold 0. quantiser: of features that are codes of measured values, which are then
    taken as well; None where features are what they are.
    """

    names: tuple[str, ...]
    dtype: str
    feature: Int32
    threshold: NDArray[np.int64] | NDArray[np.float64]
    quantiser: Quantiser | None = None

    def __post_init__(self) -> None:
        kind = "float64" if self.is_float else "int64"
        object.__setattr__(self, "feature", _freeze(self.feature, "int32"))
        object.__setattr__(self, "threshold", _freeze(self.threshold, kind))

    @property
    def is_float(self) -> bool:
        return self.dtype.startswith("float")

    @property
    def range(self) -> tuple[int, int] | tuple[float, float]:
        """The lowest and the highest value of a feature."""
        if self.dtype == "bool":
            return 0, 1
        if self.is_float:
            return float(np.finfo(self.dtype).min), float(np.finfo(self.dtype).max)
        return int(np.iinfo(self.dtype).min), int(np.iinfo(self.dtype).max)

    @property
    def feature_bits(self) -> int:
        """Bits of one integer or bool feature as gates have it, two's complement where it is signed."""
        return 1 if self.dtype == "bool" else 8 * np.dtype(self.dtype).itemsize

    @property
    def bits(self) -> int:
        return len(self.feature)

    @staticmethod
    def binary(names: tuple[str, ...]) -> Encoder:
        """One bit per feature: the features are the bits."""
        count = len(names)
        return Encoder(names, "bool", np.arange(count, dtype=np.int32), np.zeros(count, np.int64))


@dataclass(frozen=True, eq=False)
class Head:
    """Class scores: score[c] = offset[c] + the number of true literals among outputs[starts[c]:starts[c + 1]].

    The predicted class is the argmax of the scores, the lowest index winning a tie. names: the classes' names.
    tau: the GroupSum temperature; the trained model's own score is score / tau. It cannot change an argmax.
    """

    names: tuple[str, ...]
    starts: Int32
    offset: Int32
    tau: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", _freeze(self.starts, "int32"))
        object.__setattr__(self, "offset", _freeze(self.offset, "int32"))

    @property
    def classes(self) -> int:
        return len(self.names)

    @property
    def owner(self) -> Int32:
        """int32[literals]: the class that counts each output literal."""
        return np.repeat(np.arange(self.classes, dtype=np.int32), np.diff(self.starts))


@dataclass(frozen=True, eq=False)
class Circuit:
    """Node ids: encoder bits 0..bits-1, then gates; a gate's fan-ins have lower ids than the gate.

    op: uint8[gates], the gate number of `lgnc.ir.gates`. a, b: int32[gates], plain node ids.
    outputs: int32[n], literals (2 * node + inverted). output_names: one per literal when there is no head, else empty.
    layer: int16[gates] or None, the trained layer that a gate comes from (metadata: it has no meaning of its own).
    """

    encoder: Encoder
    op: NDArray[np.uint8]
    a: Int32
    b: Int32
    outputs: Int32
    head: Head | None = None
    output_names: tuple[str, ...] = ()
    layer: NDArray[np.int16] | None = field(default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "op", _freeze(self.op, "uint8"))
        for name in ("a", "b", "outputs"):
            object.__setattr__(self, name, _freeze(getattr(self, name), "int32"))
        if self.layer is not None:
            object.__setattr__(self, "layer", _freeze(self.layer, "int16"))

    def __repr__(self) -> str:
        sizes = f"{len(self.encoder.names):,} features, {self.inputs:,} bits, {self.gates:,} gates"
        ends = f"{len(self.outputs):,} outputs" if self.head is None else f"{self.head.classes} classes"
        return f"<circuit: {sizes}, {ends}>"

    @property
    def inputs(self) -> int:
        """Encoder bits: the id of the first gate."""
        return self.encoder.bits

    @property
    def gates(self) -> int:
        return len(self.op)

    @property
    def nodes(self) -> int:
        return self.inputs + self.gates

    @cached_property
    def level(self) -> Int32:
        """int32[nodes]: 0 for encoder bits and constants, else 1 + the highest level of the fan-ins that are read."""
        from lgnc.ir.order import levels_in_order

        return levels_in_order(self.inputs, self.op, self.a, self.b)

    @property
    def depth(self) -> int:
        """Levels of gates on the longest path to an output."""
        return int(self.level[self.outputs >> 1].max(initial=0))

    @cached_property
    def fanout(self) -> Int32:
        """int32[nodes]: how many gate inputs and outputs read each node."""
        from lgnc.ir.gates import READS_A, READS_B

        read = (self.a[READS_A[self.op]], self.b[READS_B[self.op]], self.outputs >> 1)
        return np.bincount(np.concatenate(read), minlength=self.nodes).astype(np.int32)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything but the layer metadata: equal digests are equal circuits."""
        sha = hashlib.sha256(b"lgnc circuit 1")
        enc, head = self.encoder, self.head
        arrays: list[NDArray[Any]] = [enc.feature, enc.threshold, self.op, self.a, self.b, self.outputs]
        names = repr((enc.dtype, enc.names, self.output_names))
        if enc.quantiser is not None:
            arrays += [enc.quantiser.scale, enc.quantiser.offset]
            names += repr("quantiser")
        if head is not None:
            arrays += [head.starts, head.offset]
            names += repr((head.names, head.tau))
        sha.update(names.encode())
        for array in arrays:
            sha.update(array.nbytes.to_bytes(8, "little"))
            sha.update(array.tobytes())
        return sha.hexdigest()

    def to_networkx(self) -> networkx.DiGraph[Any]:
        """The circuit as a networkx DiGraph, which fan-ins point through to what reads them.

        Nodes are node ids with `kind` and `level`. An encoder bit's kind is 'input'; it has `feature` (a name) and
        `threshold`. A gate's kind is its name in `lgnc.ir.gates`, and it has `layer` where the circuit knows layers.
        An edge carries `pin`: 'a', 'b', or 'ab' where a gate reads one node twice. Output literal i is the node
        ('output', i) of kind 'output' with `name`, its own or that of the class that counts it; the edge to it
        carries `inverted`.
        """
        from lgnc.ir.graph import to_networkx

        return to_networkx(self)

    def with_(self, **changes: object) -> Circuit:
        """A copy with some fields replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]
