"""The table of formats: what reads, writes, names and documents them comes from it alone."""

from __future__ import annotations

from pathlib import Path

import pytest

import lgnc.formats.table
from lgnc.cli.main import run
from lgnc.diagnostics import BadInput
from lgnc.formats import load_source, save_circuit
from lgnc.formats.lgir import circuit_from_lgir, lgir_bytes
from lgnc.formats.source import check_circuit_path
from lgnc.formats.table import FORMATS, Contents, Format, format_of
from lgnc.ir import Circuit
from tests.support import random_circuit

DOCS = Path(__file__).resolve().parents[2] / "docs"


def read_reversed(data: bytes, where: str) -> Contents:
    return Contents(circuit_from_lgir(data[::-1], where), notes=("it was written backwards",))


def write_reversed(circuit: Circuit) -> bytes:
    return lgir_bytes(circuit)[::-1]


TOY = Format("toy", (".toy", ".yot"), "any circuit, backwards", read_reversed, write_reversed)


def test_a_row_is_all_that_a_format_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadInput, match=r"unknown circuit file ending '\.toy'"):
        check_circuit_path(tmp_path / "x.toy")
    monkeypatch.setattr(lgnc.formats.table, "FORMATS", (*FORMATS, TOY))
    circuit = random_circuit(1)
    for ending in (".toy", ".YOT"):
        save_circuit(circuit, tmp_path / f"x{ending}")
        source = load_source(tmp_path / f"x{ending}")
        assert source.circuit.digest == circuit.digest
        assert (source.format, source.notes) == ("toy", ("it was written backwards",))
    with pytest.raises(BadInput, match=r"valid: .*\.lgir, \.toy, \.yot"):
        save_circuit(circuit, tmp_path / "x.v")
    assert run(["info", str(tmp_path / "x.toy")]) == 0
    assert "it was written backwards" in capsys.readouterr().out
    assert run(["opt", str(tmp_path / "x.toy"), "-o", str(tmp_path / "y.toy")]) == 0
    assert "note     it was written backwards" in capsys.readouterr().out
    assert load_source(tmp_path / "y.toy").circuit.gates <= circuit.gates


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.name)
def test_each_format_is_documented_and_its_endings_may_be_in_capitals(kind: Format, tmp_path: Path) -> None:
    endings = ", ".join(f"`{ending}`" for ending in kind.endings)
    written = "yes" if kind.write else "no"
    assert f"| {kind.name} | {endings} | {kind.holds} | {written} |" in (DOCS / "ir.md").read_text()
    for ending in kind.endings:
        assert format_of(tmp_path / f"x{ending.upper()}") is kind
        if kind.write is None:
            with pytest.raises(BadInput, match="unknown circuit file ending"):
                check_circuit_path(tmp_path / f"x{ending}")
    endings_of_all = [ending for each in FORMATS for ending in each.endings]
    assert len(set(endings_of_all)) == len(endings_of_all)
