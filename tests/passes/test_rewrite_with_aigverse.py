"""aigverse's rewriting, handed over and taken back: equal, never worse, second to ABC, and refused when it lies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lgnc.flows.compile
import lgnc.passes.rewrite_with_aigverse
from lgnc.diagnostics import Failed, ToolMissing
from lgnc.formats.lift import lift
from lgnc.formats.read_aiger import circuit_from_aiger
from lgnc.formats.source import Source, load_source
from lgnc.formats.write_aiger import aiger_bytes
from lgnc.passes.manager import run_pipeline
from lgnc.passes.rewrite_with_aigverse import rewrite_with_aigverse
from lgnc.verify.prove import prove
from tests.formats.test_aiger import EPFL, epfl
from tests.support import needs, random_circuit, random_model


@needs("aigverse")
def test_a_net_with_its_encoder_and_head_comes_back_equal() -> None:
    before = lift(random_model(3, features=20, thresholds=3, layers=4, width=150, classes=4))
    after, _ = run_pipeline(before, "rewrite_with_aigverse", check_each_pass=True)
    assert after.gates < before.gates
    assert after.encoder is before.encoder
    assert after.head is before.head
    assert prove(before, after).equal is True


@epfl
@needs("aigverse")
@pytest.mark.parametrize(("name", "gates"), [("ctrl", 100), ("int2float", 225)])
def test_real_circuits_shrink_without_abc(name: str, gates: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LGNC_ABC", "/nonexistent/abc")
    before = load_source(EPFL / f"{name}.aig").circuit
    after, _ = run_pipeline(before, 3, check_each_pass=True)
    assert after.gates <= gates
    assert after.output_names == before.output_names
    assert prove(before, after).equal is True


def test_the_manifest_says_which_engine_there_was(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(random_circuit(4, inputs=8, gates=60, outputs=5), "0" * 64)
    for level, abc, package, said in (
        (3, "/bin/abc", "1.2.3", "yosys-abc"),
        (3, None, "1.2.3", "aigverse 1.2.3"),
        (3, None, None, None),
        (2, "/bin/abc", "1.2.3", None),
    ):
        monkeypatch.setattr(lgnc.flows.compile, "find_tool", lambda _, abc=abc: abc)
        monkeypatch.setattr(lgnc.flows.compile, "package_version", lambda _, package=package: package)
        _, reports = run_pipeline(source.circuit, level)
        assert lgnc.flows.compile.rewriter(reports) == said
    compiled = lgnc.flows.compile.compile_circuit(source, "numpy", prove=False)
    assert compiled.manifest["rewriter"] is None


@needs("aigverse")
def test_it_never_ends_worse_than_it_began() -> None:
    best, _ = run_pipeline(random_circuit(7, inputs=12, gates=120, outputs=10), 2)
    for _ in range(3):
        better = rewrite_with_aigverse(best)
        assert (better.gates, better.depth) <= (best.gates, best.depth)
        best = better


def test_where_abc_is_installed_or_aigverse_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = random_circuit(1, inputs=5, gates=10, outputs=2)
    assert rewrite_with_aigverse(circuit, limit=9) is circuit
    monkeypatch.setattr(lgnc.passes.rewrite_with_aigverse, "find_tool", lambda _: "/bin/true")
    assert rewrite_with_aigverse(circuit, required=False) is circuit
    monkeypatch.setattr(lgnc.passes.rewrite_with_aigverse, "find_tool", lambda _: None)
    monkeypatch.setattr("lgnc.toolchain.package_version", lambda _: None)
    monkeypatch.setattr(lgnc.passes.rewrite_with_aigverse, "package_version", lambda _: None)
    assert rewrite_with_aigverse(circuit, required=False) is circuit
    with pytest.raises(ToolMissing, match=r"pip install 'lgnc\[opt\]'"):
        rewrite_with_aigverse(circuit)


def test_a_package_that_lies_or_crashes_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted faults: a smaller circuit of other outputs, and a process that dies."""
    circuit = random_circuit(2, inputs=8, gates=40, outputs=6)

    def lie(command: list[str | Path]) -> bytes:
        source = circuit_from_aiger(Path(command[4]).read_bytes(), "in")
        wrong = source.with_(outputs=np.zeros(len(source.outputs), np.int32))
        Path(command[5]).write_bytes(aiger_bytes(wrong))
        return b""

    monkeypatch.setattr(lgnc.passes.rewrite_with_aigverse, "require_package", lambda _: None)
    with monkeypatch.context() as patch:
        patch.setattr(lgnc.passes.rewrite_with_aigverse, "run", lie)
        with pytest.raises(Failed, match="aigverse: gave back a different circuit: output 'o0' differs"):
            rewrite_with_aigverse(circuit)
    monkeypatch.setattr(lgnc.passes.rewrite_with_aigverse, "_PROGRAM", "import os; os.abort()")
    with pytest.raises(Failed, match="ended by SIGABRT"):
        rewrite_with_aigverse(circuit)
