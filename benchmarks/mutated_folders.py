"""The folders in which `mutation.py artefacts` plants faults: every target, form and interface, from small models."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lgnc.data import load_dataset
from lgnc.formats.lgn import Model
from lgnc.ir.quantiser import Quantiser
from tests.backends.test_words import a_model
from tests.support import random_model

NAME = "net"


class Folder(NamedTuple):
    """What is compiled. settings: the target's own. model: one of MODELS."""

    target: str
    settings: dict[str, Any]
    model: str = "bytes"


def _bytes(seed: int) -> Model:
    """Two features of a byte: where code is run, all their values are tried."""
    return random_model(seed, features=2, thresholds=6, layers=2, width=40, classes=3)


def _codes(seed: int) -> Model:
    """Two features that are fixed-point codes of a byte."""
    model = random_model(seed, features=2, thresholds=6, layers=2, width=40, classes=3, dtype="int8")
    quantiser = Quantiser(np.ldexp(1.0, np.array([-3, 0])), np.array([-128, 7]))
    return replace(model, encoder=replace(model.encoder, quantiser=quantiser))


def _words(seed: int) -> Model:
    """Gates that are laid in words of 32."""
    return a_model("uint8", 32, layers=1, words=3, seed=seed, features=2)


def _table(seed: int) -> Model:
    """The columns of a table: a number that may be missing, and a category of three values."""
    lines = [
        "age,kind,label",
        *(f"{18 + 7 * row % 61 if row % 5 else ''},{'abc'[row % 3]},{'xyz'[row * row % 3]}" for row in range(90)),
    ]
    with tempfile.TemporaryDirectory(prefix="lgnc-table-") as place:
        path = Path(place) / "t.csv"
        path.write_text("\n".join(lines) + "\n")
        data = load_dataset(str(path))
    model = random_model(seed, features=len(data.feature_names), layers=2, width=40, classes=len(data.class_names))
    number = model.encoder.feature == 0
    threshold = np.where(number, model.encoder.threshold // 2, 0)
    encoder = replace(model.encoder, names=data.feature_names, threshold=threshold)
    return replace(model, encoder=encoder, class_names=data.class_names, meta={"columns": data.columns})


MODELS: dict[str, Callable[[int], Model]] = {"bytes": _bytes, "codes": _codes, "words": _words, "table": _table}

_MCU = {"target_profile": "mcu"}

FOLDERS = {
    "c host": Folder("c", {}),
    "c portable": Folder("c", {"target_profile": "portable"}),
    "c unrolled": Folder("c", {"style": "unrolled"}),
    "c mcu": Folder("c", _MCU),
    "c straight": Folder("c", {**_MCU, "style": "straight"}),
    "c words": Folder("c", {**_MCU, "style": "words"}, "words"),
    "c blob": Folder("c", {**_MCU, "blob": True}),
    "c codes": Folder("c", _MCU, "codes"),
    "c row": Folder("c", _MCU, "table"),
    "numpy": Folder("numpy", {}),
    "onnx": Folder("onnx", {}),
    "onnx row": Folder("onnx", {}, "table"),
    "verilog": Folder("verilog", {}),
    "verilog row": Folder("verilog", {}, "table"),
    "verilog xilinx": Folder("verilog", {"family": "xilinx"}),
    "verilog ice40": Folder("verilog", {"family": "ice40"}),
    "verilog ecp5": Folder("verilog", {"family": "ecp5"}),
    "verilog stream": Folder("verilog", {"interface": "stream"}),
    "verilog popcount": Folder("verilog", {"interface": "stream", "popcount": "serial"}),
    "verilog axis": Folder("verilog", {"interface": "axis", "beat_width": 8}),
    "verilog axil": Folder("verilog", {"interface": "axis", "beat_width": 32, "registers": True}),
    "verilog serial": Folder("verilog", {"interface": "serial"}),
}
