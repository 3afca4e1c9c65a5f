"""Compiles every Triton kernel for an H200 (sm_90), which needs no GPU: `test_gpu.py` runs this as a program.

What the interpreter accepts, the compiler may not. Prints the widest load of each kernel as JSON.
"""

from __future__ import annotations

import json
import re
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from lgnc.train.gpu import arguments, convolve_backward
from lgnc.train.gpu import backward as triton_backward
from lgnc.train.gpu import bits as triton_bits
from lgnc.train.gpu import convolve as triton_convolve
from lgnc.train.gpu import update as triton_update

GROUPS: dict[str, Any] = {
    "clock": arguments.Clock, "gates": arguments.Gates, "wiring": arguments.Wiring, "head": arguments.Head,
    "above": arguments.Above, "trees": arguments.Trees, "readers": arguments.Readers,
}  # fmt: skip
FLOATS = {"part", "grad", "leaf_grad", "sums", "now", "lr", "z", "m", "v", "coef", "losses"}
TYPES = {"step": "*i64", "seed": "i64", "tau": "fp32", "state": "*fp64", "hyper": "*fp64", "confidence": "*fp64"}
NUMBERS = {"width", "programs", "samples", "inputs", "classes", "neurons", "pins", "nodes", "stream"}
BACKWARD: dict[str, Any] = {
    "WORDS": 4, "TOP": False, "UP_TOP": False, "STORE": True, "NOISE": False, "K": 1, "KP": 2, "ROWS": 8,
    "ADAM": arguments.Adam(0.9, 0.999, 1e-8),
}  # fmt: skip
ADAM = arguments.Adam(0.9, 0.999, 1e-8)
SLIDE = arguments.Slide(3, 128, 32, 16, 16, 64, 8, 1, 1, 2, False)
"""The second block of LogicTreeNet-S."""
VARIANTS: list[tuple[Any, dict[str, Any]]] = [
    (triton_bits.transpose_kernel, {"ROW_WORDS": 26, "WORDS": 4}),
    (triton_bits.gates_kernel, {"WORDS": 32, "ROWS": 32, "COLS": 32}),
    (triton_bits.popcount_kernel, {"WORDS": 4, "CHUNK": 512, "ROWS": 32}),
    (triton_bits.loss_kernel, {"COLUMNS": 128, "COLS": 128, "CLASSES": 16}),
    (triton_update.begin_kernel, {"CAGE": True}),
    (triton_update.choose_kernel, {"NOISE": True, "ROWS": 16}),
    (triton_update.choose_pins_kernel, {"K": 16, "KP": 16, "ROWS": 16}),
    (triton_update.edges_kernel, {"K": 16, "ROWS": 8, "COLS": 32}),
    (triton_backward.backward_kernel, BACKWARD),
    (triton_backward.backward_kernel, {**BACKWARD, "TOP": True, "STORE": False, "K": 16, "KP": 16, "NOISE": True}),
    (triton_convolve.convolve_kernel, {"WORDS": 4, "SLIDE": SLIDE, "ROWS": 64, "COLS": 4}),
    (triton_convolve.convolve_kernel, {"WORDS": 4, "SLIDE": SLIDE._replace(NEGATED=True), "ROWS": 64, "COLS": 4}),
    (convolve_backward.slopes_kernel, {"NOISE": True, "ROWS": 8}),
    (convolve_backward.convolve_backward_kernel, {"WORDS": 4, "SLIDE": SLIDE, "STORE": True, "ROWS": 8}),
    (
        convolve_backward.convolve_backward_kernel,
        {"WORDS": 4, "SLIDE": SLIDE._replace(DEPTH=0, SIZE=1), "STORE": False, "ROWS": 8},
    ),
    (convolve_backward.update_trees_kernel, {"NOISE": True, "ROWS": 8, "ADAM": ADAM}),
    (convolve_backward.gather_edges_kernel, {"WORDS": 4, "UP_TOP": True, "ROWS": 8}),
    (convolve_backward.gather_leaves_kernel, {"WORDS": 4, "SLIDE": SLIDE, "ROWS": 8}),
]


def type_of(name: str, constants: dict[str, Any]) -> Any:
    """The type of an argument, by its name; of a group, those of its fields."""
    if name in GROUPS:
        group = GROUPS[name]
        return group(*(type_of(field, {}) for field in group._fields))
    if name in constants:
        return "constexpr"
    return TYPES.get(name) or ("*fp32" if name in FLOATS else "i32" if name in NUMBERS else "*i32")


def aligned(types: dict[str, Any]) -> list[tuple[int, ...]]:
    """The places of the arguments that are divisible by 16: every pointer, and the width."""
    places: list[tuple[int, ...]] = []
    for i, (name, kind) in enumerate(types.items()):
        if isinstance(kind, tuple):
            places += [(i, j) for j, part in enumerate(kind) if part.startswith("*")]
        elif kind.startswith("*") or name == "width":
            places.append((i,))
    return places


def compiled(kernel: Any, constants: dict[str, Any]) -> str:
    """The PTX of a kernel of which `constants` are the constexpr arguments."""
    names = kernel.arg_names
    types = {name: type_of(name, constants) for name in names}
    attributes: dict[Any, Any] = {place: [["tt.divisibility", 16]] for place in aligned(types)}
    values = {(names.index(name),): value for name, value in constants.items()}
    source = ASTSource(kernel, types, values, attributes)
    options = {"num_warps": 2 if kernel is triton_backward.backward_kernel else 4}
    return str(triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options).asm["ptx"])


def widest(ptx: str) -> int:
    """Bytes of the widest global load, 0 where nothing is loaded."""
    found = re.findall(r"ld\.global(?:\.v(\d))?\.b(\d+)", ptx)
    return max((int(count or 1) * int(bits) // 8 for count, bits in found), default=0)


if __name__ == "__main__":
    print(json.dumps([[kernel.__name__, widest(compiled(kernel, constants))] for kernel, constants in VARIANTS]))
