"""Flash, RAM and time of a network on microcontrollers, measured by building and running it on the emulators.

    python benchmarks/firmware.py [MODEL.lgn ...] [--data digits] [--rows N] [--styles table straight words]
        [--out FILE.json]

Without models it trains one on the digits (2 layers of 1000, learned wiring of 8 candidates, 60 epochs). Flash is what
the compiler's `size` says of NAME.o, beside the estimate in the manifest; RAM the estimate, with scores and stack.
Instructions are QEMU's exact count for NAME_predict_in on a Cortex-M3, cycles simavr's on an ATmega328P; answers are
compared with the circuit's.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.c.boards import BOARDS
from lgnc.data import load_dataset
from lgnc.diagnostics import Failed
from lgnc.flows.compile import compile_circuit
from lgnc.formats.lgn import save_model
from lgnc.formats.source import Source, load_source
from lgnc.ir.simulate import features_for, simulate
from lgnc.sim import load_manifest
from lgnc.sim.board import BUILD, run_board
from lgnc.toolchain import require_tool, run

NAME = "digits"


def trained(path: Path) -> Path:
    """The model of the digits that is measured when none is named."""
    from lgnc.train import TrainConfig, train

    config = TrainConfig(layers=2, width=1000, wiring="learned", candidates=8, epochs=60, threads=1)
    save_model(train(load_dataset("digits"), config).model, path)
    return path


def object_bytes(folder: Path, board: str) -> dict[str, int]:
    """Text, data and bss of the network's object file, built as the board's project builds it."""
    compiler = require_tool(BUILD[BOARDS[board].engine])
    run([require_tool("make"), "-s", f"{NAME}.o", f"CC={compiler}"], cwd=folder / "board")
    size = compiler.removesuffix("gcc") + "size"
    words = run([size, f"{NAME}.o"], cwd=folder / "board").split(b"\n")[1].split()
    return dict(zip(("text", "data", "bss"), map(int, words[:3]), strict=True))


def measure(
    source: Source, board: str, style: str, features: NDArray[Any], labels: NDArray[np.int64]
) -> dict[str, Any]:
    """One row of the table. Raises Failed when an answer is not the circuit's."""
    compiled = compile_circuit(source, "c", name=NAME, settings={"board": board, "style": style})
    x = features_for(compiled.circuit.encoder, features)
    scores, classes = simulate(compiled.circuit, x)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "out"
        compiled.write(folder)
        manifest = load_manifest(folder)
        ran = run_board(folder, manifest, x)
        size = object_bytes(folder, board)
    assert ran.result.scores is not None
    assert ran.result.classes is not None
    if not (np.array_equal(ran.result.scores, scores) and np.array_equal(ran.result.classes, classes)):
        raise Failed("an answer is not the circuit's", where=board)
    gates = max(1, compiled.circuit.gates)
    return {
        "board": board,
        "style": style,
        "gates": compiled.circuit.gates,
        "encoder_bits": compiled.circuit.inputs,
        "accuracy": ran.result.accuracy(labels),
        "flash_bytes": size["text"] + size["data"],
        "flash_foretold": manifest.facts["flash_bytes"],
        "flash_bytes_a_gate_beyond_3_KB": round((size["text"] + size["data"] - 3072) / gates, 2),
        "ram_bytes": manifest.facts["ram_bytes"],
        f"{BOARDS[board].ticks}_a_sample": ran.ticks,
        f"{BOARDS[board].ticks}_a_gate": round(ran.ticks / gates, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--rows", type=int, help="the first rows of the test split alone")
    parser.add_argument("--boards", nargs="+", default=["mps2-an385", "atmega328p"], choices=sorted(BOARDS))
    parser.add_argument("--styles", nargs="+", default=["table", "straight"], choices=["table", "straight", "words"])
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    dataset = load_dataset(args.data)
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        for path in args.models or [trained(Path(temporary) / "digits.lgn")]:
            for board, style in itertools.product(args.boards, args.styles):
                row = measure(load_source(path), board, style, dataset.x_test[: args.rows], dataset.y_test[: args.rows])
                found.append({"model": path.name, **row})
                print("  ".join(f"{key} {value}" for key, value in found[-1].items()), flush=True)
    if args.out:
        args.out.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
