"""AXI4-Lite registers at the ends of their widths: a map that is full of results, scores of 32 bits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lgnc.backends.artifact import Options
from lgnc.backends.verilog import registers
from lgnc.backends.verilog.emit import emit
from lgnc.formats import lift
from lgnc.ir import Circuit
from lgnc.toolchain import require_tool, run
from tests.support import needs, random_model

FILES = ["net_axil.v", "net_axis.v", "net.v"]


def build(circuit: Circuit, at: Path) -> list[Path | str]:
    """The folder's files; what compiles the bench of its registers, strictly."""
    for path, data in emit(circuit, Options("net", {"interface": "axis", "registers": True})).files.items():
        (at / path).write_bytes(data)
    run([require_tool("verilator"), "--lint-only", "-Wall", "--top-module", "net_axil", *FILES], cwd=at)
    return [require_tool("iverilog"), "-g2001", "-s", "tb_net_axil", "-o", "tb.vvp", "tb_net_axil.v", *FILES]


@needs("iverilog")
@needs("verilator")
def test_results_may_fill_their_half_of_the_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of 511 classes do, of 512 words; here 64 do."""
    monkeypatch.setattr(registers, "LEAST_ADDRESS_BITS", 9)
    run(build(lift(random_model(3, dtype="bool", width=126, layers=1, classes=63)), tmp_path), cwd=tmp_path)
    assert b"PASS" in run([require_tool("vvp"), "-N", "tb.vvp"], cwd=tmp_path)


@needs("iverilog")
@needs("verilator")
def test_a_margin_may_have_32_bits(tmp_path: Path) -> None:
    circuit = lift(random_model(3, dtype="bool", width=30, layers=1, classes=3))
    assert circuit.head is not None
    offset = np.array([2**31 - 40, -(2**31), 0], circuit.head.offset.dtype)
    run(build(circuit.with_(head=replace(circuit.head, offset=offset)), tmp_path), cwd=tmp_path)
    assert b"PASS" in run([require_tool("vvp"), "-N", "tb.vvp"], cwd=tmp_path)
