"""Run by `optimiser.py` in torchlogix's own environment: its simplify() on the gates and sums in an .npz file.

Prints the two-input gates that are left and the CPU seconds of simplify() as one JSON line. Of torchlogix 0.2.2's
circuit.py only the gates, the sums and simplify() are loaded: its code generators do not parse before Python 3.12.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

_ONE_INPUT = ("CONST_FALSE", "CONST_TRUE", "WIRE", "NOT", "NOT_A", "NOT_B")


def load() -> Any:
    """torchlogix's circuit module, from its first line to the code generators, and from `_simplify_gate` on."""
    spec = importlib.util.find_spec("torchlogix")
    if spec is None or spec.origin is None:
        raise SystemExit("torchlogix is not installed here")
    text = Path(spec.origin).with_name("circuit.py").read_text()
    start, _, rest = text.partition("    def compile(")
    module = sys.modules["circuit"] = ModuleType("circuit")
    exec(start + "\n\n" + rest[rest.index("def _simplify_gate(") :], module.__dict__)
    return module


def main() -> None:
    """Build torchlogix's circuit as its own importer numbers it, simplify it, count."""
    theirs, net = load(), np.load(sys.argv[1])
    inputs, count = int(net["inputs"]), len(net["op"])
    gates = []
    rows = zip(net["op"].tolist(), net["a"].tolist(), net["b"].tolist(), strict=True)
    for index, (op, a, b) in enumerate(rows):
        kind, uses_a, uses_b = theirs.LUT_ID_TO_GATE[op]
        pins = [pin for pin, used in ((a, uses_a), (b, uses_b)) if used] + [-1, -1]
        gates.append(theirs.Gate(inputs + index, kind, pins[0], pins[1]))
    outputs, starts = (net["outputs"] >> 1).tolist(), net["starts"].tolist()
    sums = [
        theirs.SumReduction(inputs + count + k, outputs[first:last]) for k, (first, last) in enumerate(pairwise(starts))
    ]
    circuit = theirs.Circuit(inputs, [inputs], gates, [each.node_id for each in sums], [len(sums)], sums)
    began = time.process_time()
    circuit.simplify()
    seconds = time.process_time() - began
    left = sum(gate.op.name not in _ONE_INPUT for gate in circuit.gates)
    print(json.dumps({"gates": left, "all_gates": len(circuit.gates), "cpu_seconds": seconds}))


if __name__ == "__main__":
    main()
