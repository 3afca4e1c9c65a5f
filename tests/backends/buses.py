"""A Verilog folder's bus under cocotb and Icarus, against numpy: the case for `buses_cocotb.py`, and its run.

python -m tests.backends.buses FOLDER
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.artifact import Options
from lgnc.backends.verilog.emit import emit
from lgnc.ir.circuit import Circuit
from lgnc.ir.simulate import encode, simulate
from lgnc.toolchain import run

KINDS = ("parallel", "stream", "axis", "axil", "serial")
DIVIDER = 6
"""Clocks of a serial bit."""


def case_of(
    circuit: Circuit, kind: str, rows: NDArray[Any], settings: dict[str, Any]
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """(files, the case): answers are those of `simulate`, put into ports, words or bytes as the page says."""
    interface = {"axil": "axis"}.get(kind, kind)
    own = {"interface": interface, **settings} | ({"registers": True} if kind == "axil" else {})
    made = emit(circuit, Options("net", own))
    facts = made.details["verilog"]
    scores, classes = simulate(circuit, rows)
    named = dict(
        zip(map(hex, _integers(circuit, rows)), zip(classes.tolist(), scores.tolist(), strict=True), strict=True)
    )
    ports = {each["port"]: each["width"] for each in facts["outputs"]}
    case: dict[str, Any] = {
        "kind": kind,
        "source": facts["input"]["port"],
        "source_bits": facts["input"]["width"],
        "ports": list(ports),
        "divider": DIVIDER,
        "row_bytes": -(-facts["input"]["width"] // 8),
        "result_bytes": -(-sum(ports.values()) // 8),
        "sources": [
            "net.v",
            *({"axis": ["net_axis.v"], "axil": ["net_axis.v", "net_axil.v"], "serial": ["net_serial.v"]}.get(kind, [])),
        ],
        "top": "net" if kind in ("parallel", "stream") else f"net_{kind}",
    }
    values = {vector: _of_ports(facts, ports, *answer) for vector, answer in named.items()}
    if kind in ("axis", "axil"):
        words = facts["axis"]["words"]
        case |= {each: facts["axis"][each] for each in ("beats", "beat_width")}
        case |= {"beat_bytes": -(-facts["axis"]["beat_width"] // 8), "words": len(words)}
        case["first_score"] = int("class_index" in ports)
        case["answers"] = {vector: _words(ports, *answer) for vector, answer in named.items()}
    elif kind == "serial":
        case["answers"] = {vector: _octets(ports, value) for vector, value in values.items()}
    else:
        case["answers"] = values
    if kind == "axil":
        case["registers"] = facts["axil"]["registers"]
        digest = [int(circuit.digest[8 * k : 8 * k + 8], 16) for k in range(8)]
        case["constants"] = {"ID": [0x434E474C], "MAP": [1], "MODEL": [0] * 8, "CIRCUIT": digest}
        case["constants"] |= {"BEATS": [case["beats"]], "BEAT_BITS": [case["beat_width"]], "WORDS": [case["words"]]}
    return dict(made.files), case


def _integers(circuit: Circuit, rows: NDArray[Any]) -> list[int]:
    """Each row as the input port has it."""
    if circuit.encoder.is_float or rows.dtype == np.bool_:
        bits = encode(circuit.encoder, rows) if circuit.encoder.is_float else rows
        return [int("".join("01"[bit] for bit in row[::-1]), 2) for row in bits.astype(int)]
    return [int.from_bytes(row.astype(row.dtype.newbyteorder("<")).tobytes(), "little") for row in rows]


def _of_ports(facts: dict[str, Any], ports: dict[str, int], chosen: int, scores: list[int]) -> list[int]:
    base, width = facts["score"]["base"], facts["score"]["width"]
    held = {"class_index": chosen, "scores": sum((score - base) << k * width for k, score in enumerate(scores))}
    return [held[port] for port in ports]


def _words(ports: dict[str, int], chosen: int, scores: list[int]) -> list[int]:
    """The 32-bit words of a result."""
    own = ([chosen] if "class_index" in ports else []) + (scores if "scores" in ports else [])
    return [word % 2**32 for word in own]


def _octets(ports: dict[str, int], values: list[int]) -> list[int]:
    """The bytes of a result on the serial line."""
    at, whole = 0, 0
    for value, width in zip(values, ports.values(), strict=True):
        whole |= value << at
        at += width
    return list(whole.to_bytes(-(-at // 8), "little"))


def check(
    at: Path,
    circuit: Circuit,
    kind: str,
    rows: NDArray[Any],
    results: int,
    seed: int = 1,
    plant: tuple[str, str, str] = ("", "", ""),
    **settings: Any,
) -> dict[str, int]:
    """Simulate until so many results are right: counts of results, wrong packets, resets and held results.

    plant: (file, old text, new text) of a fault. Raises Failed where a result is wrong, or nothing comes out.
    """
    files, case = case_of(circuit, kind, rows, settings)
    for name, data in files.items():
        (at / name).write_bytes(data)
    file, old, new = plant
    if file:
        text = (at / file).read_text()
        assert old in text, old
        (at / file).write_text(text.replace(old, new, 1))
    (at / "case.json").write_text(json.dumps(case | {"results": results, "seed": seed}))
    root = Path(__file__).parents[2]
    run([sys.executable, "-m", "tests.backends.buses", str(at)], cwd=root, timeout=3000)
    return {name: int(count) for count, name in re.findall(r"(\d+) ([a-z]+)", (at / "said.txt").read_text())}


def main(at: Path) -> int:
    """Build and run; 1 where a test failed."""
    from cocotb_tools.check_results import get_results
    from cocotb_tools.runner import get_runner

    case = json.loads((at / "case.json").read_text())
    os.environ["LGNC_FOLDER"] = str(at)
    (at / "said.txt").unlink(missing_ok=True)
    runner = get_runner("icarus")
    runner.build(
        sources=[at / name for name in case["sources"]],
        hdl_toplevel=case["top"],
        parameters={"DIVIDER": case["divider"]} if case["kind"] == "serial" else {},
        build_dir=at / "build",
        timescale=("1ns", "1ps"),
        always=True,
    )
    report = runner.test(
        test_module="tests.backends.buses_cocotb", hdl_toplevel=case["top"], build_dir=at / "build", test_dir=at
    )
    tests, failed = get_results(report)
    return 1 if failed or tests != 1 else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
