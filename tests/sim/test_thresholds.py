"""Thresholds at the ends of every feature type, and numbers of 19 digits, through every file that lgnc writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lgnc.flows.compile import compile_circuit
from lgnc.formats.source import load_source, save_circuit
from lgnc.ir import Circuit, Encoder, Head, simulate
from lgnc.sim.folder import run_folder
from tests.support import needs

WIDE = [-(2**63), -(2**63) + 1, -1234567890123456789, -1, 0, 255, 1234567890123456789, 2**63 - 2, 2**63 - 1]
REAL = [-1.7976931348623157e308, -(2.0**63), -5e-324, -0.0, 0.1, 1234567890123456789.0, 2.0**63, 1.7976931348623157e308]


def counting(dtype: str) -> Circuit:
    """One feature, one literal for each threshold; the second class has as many as the feature exceeds."""
    thresholds = REAL if dtype.startswith("float") else WIDE
    count = len(thresholds)
    encoder = Encoder(("f",), dtype, np.zeros(count, np.int32), np.array(thresholds))
    none = np.zeros(0, np.int32)
    head = Head(("few", "many"), np.array([0, 0, count]), np.array([count // 2, 0]))
    return Circuit(encoder, np.zeros(0, np.uint8), none, none, 2 * np.arange(count, dtype=np.int32), head)


def values(dtype: str) -> np.ndarray[tuple[int, int], np.dtype[np.generic]]:
    """Every threshold that is a feature, and its neighbours."""
    if dtype.startswith("float"):
        limit = float(np.finfo(dtype).max)
        at = np.array([t for t in REAL if abs(t) <= limit], dtype)
        low, high = np.nextafter(at, at.dtype.type(-limit)), np.nextafter(at, at.dtype.type(limit))
        return np.unique(np.concatenate([at, low, high]))[:, None]
    if dtype == "bool":
        return np.array([[False], [True]])
    info = np.iinfo(dtype)
    near = {t + d for t in [*WIDE, int(info.min), int(info.max)] for d in (-1, 0, 1)}
    return np.array(sorted(t for t in near if info.min <= t <= info.max), dtype)[:, None]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "uint16", "int16", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize(
    ("target", "settings"),
    [
        pytest.param("c", {}, marks=needs("cc"), id="c"),
        pytest.param("c", {"target-profile": "mcu"}, marks=needs("cc"), id="c-mcu"),
        pytest.param("c", {"target-profile": "portable"}, marks=needs("cc"), id="c-portable"),
        pytest.param("numpy", {}, id="numpy"),
        pytest.param("onnx", {}, marks=needs("onnxruntime"), id="onnx"),
        pytest.param("verilog", {}, marks=needs("iverilog"), id="verilog"),
    ],
)
def test_every_target_compares_at_the_ends_of_the_type(
    target: str, settings: dict[str, str], dtype: str, tmp_path: Path
) -> None:
    save_circuit(counting(dtype), tmp_path / "x.lgir")
    source = load_source(tmp_path / "x.lgir")
    assert source.circuit.digest == counting(dtype).digest
    folder = tmp_path / "out"
    compile_circuit(source, target, settings=settings).write(folder)
    inside = load_source(folder / "lgn.lgir").circuit
    x = values(dtype)
    result = run_folder(folder, x)
    by_hand = np.array([sum(row[0].item() > t for t in source.circuit.encoder.threshold.tolist()) for row in x])
    scores, classes = simulate(source.circuit, x)
    assert (scores[:, 1] == by_hand).all()
    assert (simulate(inside, x)[1] == classes).all()
    assert result.classes is not None
    assert (result.classes == classes).all()
