"""Small networks on a Cortex-M3, chosen by validation rows: the digits by words of gates, banknotes by straight code.

    python benchmarks/firmware_small.py [--seeds 8] [--banknote FILE.csv] [--out FILE.json]

A seed has a split, a network and, of the banknotes, validation rows of its own (a fifth of the training rows). What is
printed is a row for each seed and the mean of all, and again the seed whose validation rows do best. Flash and
instructions are those of `firmware_peers.py`: a linked program of -O2 less one whose model is `return 0`, on QEMU, one
row a call. The classes of 100 test rows are compared with the circuit's. Banknotes are the 1,372 rows of UCI's
"banknote authentication" as CSV (four columns and the class), whose floats become codes of eight bits.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from firmware_peers import Peer, on_chip

from lgnc.data import load_dataset
from lgnc.diagnostics import Failed
from lgnc.flows.compile import compile_circuit
from lgnc.formats.lgn import save_model
from lgnc.formats.source import load_source
from lgnc.ir.simulate import simulate
from lgnc.train import TrainConfig, train

DIGITS: dict[str, Any] = {
    "wiring": "words:32",
    "width": 960,
    "candidates": 32,
    "redraw": 0.7,
    "encoder": "thermometer:2",
    "epochs": 160,
    "augment": 0.5,
    "rotate": 10.0,
    "zoom": 0.1,
    "validation_fraction": 0.0,
}
BANKNOTE: dict[str, Any] = {
    "layers": 1,
    "width": 24,
    "members": 1,
    "wiring": "learned",
    "candidates": 24,
    "encoder": "quantile:6",
    "fixed_point": "int8",
    "epochs": 200,
    "group_tau": 2.0,
    "validation_fraction": 0.2,
}

CALL = """
#include "net.h"
int32_t peer_class(const ELEMENT *row)
{
    static uint8_t workspace[NET_WORKSPACE];
    int32_t found;
    net_predict_in(workspace, row, 1, &found);
    return found;
}
"""
STUB = "#include <stdint.h>\nint32_t peer_class(const ELEMENT *row)\n{\n    (void)row;\n    return 0;\n}\n"


def trained(source: str, seed: int, settings: dict[str, Any], path: Path) -> float | None:
    """Write the model of a seed. Its accuracy on its validation rows, if it has some."""
    found = train(load_dataset(source, seed=seed), TrainConfig(seed=seed, threads=1, **settings))
    save_model(found.model, path)
    if not settings["validation_fraction"]:
        return None
    return round(max(float(epoch["accuracy"]) for epoch in found.report["history"]), 4)


def measure(path: Path, source: str, seed: int, style: str) -> dict[str, Any]:
    """Flash, instructions, stack and accuracy on the chip. Raises Failed where a class is not the circuit's."""
    data = load_dataset(source, seed=seed)
    compiled = compile_circuit(load_source(path), "c", name="net", settings={"target_profile": "mcu", "style": style})
    encoder = compiled.circuit.encoder
    x = data.x_test if encoder.quantiser is None else encoder.quantiser.codes(data.x_test, encoder.dtype)
    classes = simulate(compiled.circuit, x)[1]
    element = f"{x.dtype}_t"
    found = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "out"
        compiled.write(folder)
        files = {f"net.{end}": (folder / f"net.{end}").read_text() for end in "hc"}
        network = Peer("network", {**files, "peer.c": CALL.replace("ELEMENT", element)})
        for peer in (network, Peer("stub", {"peer.c": STUB.replace("ELEMENT", element)})):
            at = Path(place) / peer.name
            at.mkdir()
            for name, text in peer.files.items():
                (at / name).write_text(text)
            found.append(on_chip(peer, x[:100], at))
    (answers, network_needs), (_, stub) = found
    if answers != classes[:100].tolist():
        raise Failed("the chip's classes are not the circuit's", where=str(path))
    needs = {key: network_needs[key] - stub[key] for key in ("flash", "ram", "instructions")}
    accuracy = round(float((classes == data.y_test).mean()), 4)
    return {"gates": compiled.circuit.gates, "accuracy": accuracy, **needs, "stack": network_needs["stack"]}


def rows(name: str, source: str, settings: dict[str, Any], style: str, seeds: int) -> Iterator[dict[str, Any]]:
    """A row for each seed, then their means."""
    found = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "net.lgn"
            validation = trained(source, seed, settings, path)
            found.append({"validation": validation, **measure(path, source, seed, style)})
        yield {"data": name, "style": style, "seed": seed, **found[-1]}
    if settings["validation_fraction"]:
        best = int(np.argmax([row["validation"] for row in found]))
        yield {"data": name, "style": style, "seed": f"{best}, by validation rows", **found[best]}
    mean = {key: round(float(np.mean([row[key] for row in found])), 4) for key in found[0] if key != "validation"}
    yield {"data": name, "style": style, "seed": "mean", **mean}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--banknote", type=Path)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    cases = [("digits", "digits", DIGITS, "words")]
    if args.banknote:
        cases.append(("banknote", str(args.banknote), BANKNOTE, "straight"))
    found = []
    for case in cases:
        for row in rows(*case, args.seeds):
            found.append(row)
            print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    if args.out:
        args.out.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
