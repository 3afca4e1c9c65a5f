"""`NAME_litex.py` in a SoC of LiteX, which Verilator runs: rows in by CSRs, results out by CSRs and registers."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.backends.artifact import Options
from lgnc.backends.verilog.emit import emit
from lgnc.formats.lift import lift
from lgnc.ir import Circuit, simulate
from lgnc.toolchain import require_tool
from lgnc.toolchain import run as run_tool
from tests.support import needs, random_features, random_model

pytestmark = [needs("litex"), needs("verilator")]

HERE = Path(__file__).parent
READY, VALID, LAST = 1, 2, 4
"""Bits of the CSR `status`."""

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("int16", {"beat_width": 32}),
    "wide": ("uint8", {"beat_width": 44, "outputs": "class", "registers": True}),
    "one": ("bool", {"beat_width": 16, "outputs": "scores"}),
}
"""Name -> (type of a feature, settings): beats of one CSR word, of two, and one beat alone."""


class Soc:
    """The verilated SoC of a folder. Accesses are noted, then run all at once."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lines = folder, list[str]()
        facts = json.loads((folder / "soc.json").read_text())
        self.csrs = {name: (each["addr"], each["size"]) for name, each in facts["csr_registers"].items()}
        self.memories = {name: each["base"] for name, each in facts["memories"].items()}

    def write(self, csr: str, value: int) -> None:
        """The highest word first, as LiteX' own accessors do."""
        at, size = self.csrs[csr]
        self.lines += [f"w {at + 4 * k} {value >> 32 * (size - 1 - k) & 0xFFFFFFFF}" for k in range(size)]

    def read(self, *addresses: int | str) -> None:
        self.lines += [f"r {self.csrs[each][0] if isinstance(each, str) else each}" for each in addresses]

    def until(self, csr: str, mask: int) -> None:
        """Read it until one of the bits is set."""
        self.lines.append(f"u {self.csrs[csr][0]} {mask}")

    def send(self, name: str, beats: Sequence[int]) -> None:
        for beat in beats:
            self.until(f"{name}_status", READY)
            self.write(f"{name}_beat", beat)

    def run(self) -> Iterator[int]:
        """What was read, in order."""
        (self.folder / "accesses").write_text("\n".join(self.lines))
        self.lines = []
        read = run_tool(["sh", "-c", "exec ./obj_dir/Vsoc < accesses"], cwd=self.folder)
        return iter([int(line) for line in read.splitlines()])


def circuit_of(dtype: str) -> Circuit:
    return lift(random_model(3, dtype=dtype, features=9, width=30, layers=1, classes=3))


def beats_of(overlay: Path, rows: Any) -> list[list[int]]:
    module: dict[str, Any] = {}
    exec(compile(overlay.read_bytes(), overlay.name, "exec"), module)
    octets = module["pack"](rows).reshape(len(rows), module["BEATS"], module["BEAT_BYTES"])
    return [[int.from_bytes(beat.tobytes(), "little") for beat in row] for row in octets]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("litex")
    for name, (dtype, settings) in CASES.items():
        files = emit(circuit_of(dtype), Options(name, {"interface": "axis", **settings})).files
        for path in (f"{name}.v", f"{name}_axis.v", f"{name}_axil.v", f"{name}_litex.py", f"{name}_overlay.py"):
            if path in files:
                (folder / path).write_bytes(files[path])
    run_tool([sys.executable, str(HERE / "litex_soc.py"), str(folder), *CASES], cwd=folder)
    shutil.copy(HERE / "litex_bench.cpp", folder)
    sources = json.loads((folder / "soc.json").read_text())["sources"]
    flags = ["--cc", "--exe", "--build", "-fno-const-bit-op-tree", "-Wno-fatal", "--top-module", "soc"]
    flags += ["-MAKEFLAGS", "OPT_FAST=-O0 OPT_SLOW=-O0 OPT_GLOBAL=-O0"]
    run_tool([require_tool("verilator"), *flags, "soc.v", *sources, "litex_bench.cpp"], cwd=folder)
    return folder


@pytest.mark.parametrize("name", CASES)
def test_a_processor_gets_results_of_its_rows(name: str, folder: Path) -> None:
    circuit, soc, count = circuit_of(CASES[name][0]), Soc(folder), 20
    rows = random_features(circuit, count)
    words = {"plain": 4, "wide": 1, "one": 3}[name]
    for beats in beats_of(folder / f"{name}_overlay.py", rows):
        soc.send(name, beats)
        for _ in range(words):
            soc.until(f"{name}_status", VALID)
            soc.read(f"{name}_word")
        soc.read(f"{name}_status")
    got = soc.run()
    scores, classes = simulate(circuit, rows)
    a_row = len(beats_of(folder / f"{name}_overlay.py", rows)[0])
    for row in range(count):
        assert all(next(got) & READY for _ in range(a_row))
        taken = [(next(got), next(got)) for _ in range(words)]
        assert [status & LAST for status, _ in taken] == [0] * (words - 1) + [LAST]
        wanted = [*([] if name == "one" else [int(classes[row])]), *([] if name == "wide" else scores[row].tolist())]
        assert [int(np.uint32(word).view(np.int32)) for _, word in taken] == wanted
        assert not next(got) & VALID


def test_a_packet_in_error_is_dropped_and_counted(folder: Path) -> None:
    soc = Soc(folder)
    beats = beats_of(folder / "plain_overlay.py", random_features(circuit_of("int16"), 1))[0]
    soc.write("plain_error", 1)
    soc.send("plain", beats)
    soc.write("plain_error", 0)
    soc.read("plain_dropped", "plain_status")
    *_, dropped, status = soc.run()
    assert (dropped, status & VALID) == (1, 0)


def test_the_registers_are_on_the_bus(folder: Path) -> None:
    circuit, soc = circuit_of("uint8"), Soc(folder)
    rows = random_features(circuit, 3)
    module: dict[str, Any] = {}
    exec(compile((folder / "wide_overlay.py").read_bytes(), "wide_overlay.py", "exec"), module)
    base, at = soc.memories["wide"], module["REGISTERS"]
    for beats in beats_of(folder / "wide_overlay.py", rows):
        soc.send("wide", beats)
        soc.until("wide_status", VALID)
        soc.read("wide_word")
    soc.read(*(base + at[name] for name in ("ID", "PACKETS", "RESULTS", "RESULT", "CONTROL")))
    soc.lines.append(f"w {base + at['CONTROL']} 0")
    soc.read(base + at["CONTROL"])
    *_, identity, packets, results, result, control, after = soc.run()
    assert (identity, packets, results) == (int.from_bytes(b"LGNC", "little"), 3, 3)
    assert (result, control, after) == (simulate(circuit, rows)[1][-1], 1, 0)
