"""What several tests share: random models and circuits, and marks for tests that need an outside tool or package."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from lgnc.diagnostics import Failed
from lgnc.formats.lgn import FrontLayer, Layer, Model
from lgnc.ir import Circuit, Encoder, Head, in_order
from lgnc.ir.draw_leaves import draw_leaves
from lgnc.ir.gates import GATES
from lgnc.ir.layers import Conv, Pool, Shape, shapes, trained_gates
from lgnc.toolchain import PACKAGES, TOOLS, find_tool, package_version, require_tool, run


def needs(name: str) -> pytest.MarkDecorator:
    """Skip where a tool or Python package is not installed; run, and so fail, under LGNC_REQUIRE_TOOLS=1."""
    if name in TOOLS:
        here, install = find_tool(name) is not None, TOOLS[name].install
    else:
        extra = PACKAGES[name][1]
        here, install = package_version(name) is not None, f"pip install 'lgnc[{extra}]'"
    required = os.environ.get("LGNC_REQUIRE_TOOLS") == "1"
    return pytest.mark.skipif(not here and not required, reason=f"needs {name}: {install}")


def sanitized(compiler: str, sanitizers: str, folder: Path) -> str:
    """The compiler's flag for `sanitizers`. Skips where it has no libraries for them and says what to install.

    Under LGNC_REQUIRE_TOOLS=1 it fails instead.
    """
    flag, source = f"-fsanitize={sanitizers}", folder / "sanitized.c"
    entry = "int LLVMFuzzerTestOneInput(const char *data, unsigned long size)" if "fuzzer" in flag else "int main(void)"
    source.write_text(f"{entry};\n{entry} {{ return 0; }}\n")
    try:
        run([compiler, flag, source, "-o", folder / "sanitized"])
    except Failed:
        version = run([compiler, "-dumpversion"]).decode().split(".")[0]
        clang = b"clang" in run([compiler, "--version"])
        package = f"libclang-rt-{version}-dev" if clang else f"libgcc-{version}-dev"
        reason = f"needs the sanitizers of {compiler}: apt-get install {package}"
        assert os.environ.get("LGNC_REQUIRE_TOOLS") != "1", reason
        pytest.skip(reason)
    return flag


def abc_says_equal(one: Path, other: Path) -> bool:
    """The verdict of ABC's &cec on two AIGER files. It exits 0 either way, so its words count, and have to be there."""
    words = run([require_tool("yosys-abc"), "-q", f"&r {one}; &cec {other}"]).decode()
    assert ("Networks are equivalent" in words) != ("NOT EQUIVALENT" in words), words
    return "Networks are equivalent" in words


def random_model(
    seed: int = 0,
    *,
    features: int = 12,
    thresholds: int = 3,
    layers: int = 3,
    width: int = 60,
    classes: int = 5,
    candidates: int = 1,
    dtype: str = "uint8",
) -> Model:
    """A model with random gates and wiring over `features` features of the given dtype."""
    rng = np.random.default_rng(seed)
    feature = np.repeat(np.arange(features, dtype=np.int32), thresholds)
    if dtype.startswith("float"):
        threshold = np.sort(rng.normal(size=(features, thresholds)), axis=1).ravel()
    elif dtype == "bool":
        feature = np.arange(features, dtype=np.int32)
        threshold = np.zeros(features, np.int64)
    else:
        info = np.iinfo(dtype)
        levels = np.linspace(int(info.min) // 2, int(info.max) // 2, thresholds + 2)[1:-1]
        threshold = np.tile(levels.astype(np.int64), features)
    encoder = Encoder(tuple(f"x{i}" for i in range(features)), dtype, feature, threshold)
    made, first, nodes = [], 0, encoder.bits
    for _ in range(layers):
        fanin = rng.integers(first, nodes, (2, width, candidates)).astype(np.int32)
        wiring = rng.normal(size=fanin.shape).astype(np.float32) if candidates > 1 else None
        made.append(Layer(fanin, rng.normal(size=(width, 16)).astype(np.float32), wiring))
        first, nodes = nodes, nodes + width
    starts = np.linspace(0, width, classes + 1).astype(np.int32)
    head_nodes = np.arange(first, nodes, dtype=np.int32)
    return Model(encoder, tuple(made), head_nodes, starts, tuple(f"class {c}" for c in range(classes)), 4.0)


def random_conv_model(seed: int = 0, *, fixed: bool = False) -> Model:
    """A model of an image of 2 channels: padded convolution, pool, one gate per channel and place, pool, layers."""
    rng = np.random.default_rng(seed)
    side, classes, width = 12, 3, 30
    grid = Shape(2, side, side)
    encoder = Encoder.binary(tuple(f"x{i}" for i in range(grid.nodes)))
    specs: tuple[Conv | Pool, ...] = (Conv(8, 3, 3, 1, 1, 0), Pool("and", 2), Conv(9, 3, 1, 1, 0, 3), Pool("or", 2))
    front = []
    for spec, below in zip(specs, shapes(specs, grid), strict=False):
        if isinstance(spec, Pool):
            front.append(FrontLayer(spec))
            continue
        logits = rng.normal(size=(trained_gates(spec), 16)).astype(np.float32)
        op = logits.argmax(axis=1).astype(np.uint8)
        leaves = draw_leaves(spec, below, rng)
        front.append(FrontLayer(spec, leaves, None, op) if fixed else FrontLayer(spec, leaves, logits))
    below_nodes = shapes(specs, grid)[-1].nodes
    made, first, nodes = [], 0, below_nodes
    for _ in range(2):
        fanin = rng.integers(first, nodes, (2, width, 1)).astype(np.int32)
        made.append(Layer(fanin, rng.normal(size=(width, 16)).astype(np.float32)))
        first, nodes = nodes, nodes + width
    starts = np.linspace(0, width, classes + 1).astype(np.int32)
    head_nodes = np.arange(first, nodes, dtype=np.int32)
    names = tuple(f"class {c}" for c in range(classes))
    return Model(encoder, tuple(made), head_nodes, starts, names, 4.0, {}, grid, tuple(front))


def random_circuit(
    seed: int = 0, *, inputs: int = 10, gates: int = 200, outputs: int = 12, classes: int = 0, reach: int = 60
) -> Circuit:
    """Random gates of all sixteen kinds over bool inputs: each reads among the last `reach` nodes before it.

    classes: 0 for plain outputs, else the number of classes that the output literals are cut into.
    """
    rng = np.random.default_rng(seed)
    node = np.arange(inputs, inputs + gates)
    low = np.maximum(0, node - reach)
    a, b = (rng.integers(low, node).astype(np.int32) for _ in range(2))
    op = rng.integers(0, len(GATES), gates).astype(np.uint8)
    literals = rng.integers(0, 2 * (inputs + gates), outputs).astype(np.int32)
    encoder = Encoder.binary(tuple(f"i{k}" for k in range(inputs)))
    if not classes:
        return in_order(encoder, op, a, b, literals, None, tuple(f"o{k}" for k in range(outputs)))
    starts = np.linspace(0, outputs, classes + 1).astype(np.int32)
    offset = rng.integers(-2, 3, classes).astype(np.int32)
    head = Head(tuple(f"class {c}" for c in range(classes)), starts, offset)
    return in_order(encoder, op, a, b, literals, head)


def random_features(circuit: Circuit, rows: int, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.generic]]:
    """[rows, features] of the encoder's dtype, spread around its thresholds."""
    rng = np.random.default_rng(seed)
    dtype = circuit.encoder.dtype
    shape = (rows, len(circuit.encoder.names))
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(np.bool_)
    if dtype.startswith("float"):
        return rng.normal(size=shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(int(info.min), int(info.max), shape, endpoint=True, dtype=dtype)
