"""From a data set to proven, running C in a page of Python: the library calls behind the commands.

usage: python examples/quickstart.py [FOLDER]      (about half a minute; needs lgnc[train] and a C compiler)
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from lgnc.data import load_dataset
from lgnc.flows.compile import compile_circuit
from lgnc.formats import load_source
from lgnc.formats.lgn import save_model
from lgnc.sim import run_folder
from lgnc.train import TrainConfig, train


def main(folder: Path) -> None:
    dataset = load_dataset("digits")
    result = train(dataset, TrainConfig(epochs=5))
    print(f"trained {result.model.gates:,} gates: {100 * result.report['test_accuracy']:.1f} % of the test rows")

    save_model(result.model, folder / "digits.lgn")
    compiled = compile_circuit(load_source(folder / "digits.lgn"), "c", name="digits")
    assert compiled.verdict is not None
    print(f"{compiled.circuit.gates:,} gates are left; equal to the model: {compiled.verdict.how}")

    compiled.write(folder / "digits-c")
    ran = run_folder(folder / "digits-c", dataset.x_test)
    print(f"C: {100 * ran.accuracy(dataset.y_test):.1f} %, {len(dataset.x_test) / ran.seconds:,.0f} rows/s")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
