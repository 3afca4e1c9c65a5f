"""The comment at the head of NAME.v: what it says, and that nothing takes it for more than a comment."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from lgnc.backends.artifact import Artifact, Options
from lgnc.backends.verilog.emit import emit
from lgnc.flows.compare import verify
from lgnc.flows.compile import compile_circuit
from lgnc.formats.lift import lift
from lgnc.formats.source import Source
from lgnc.ir import Circuit
from lgnc.readback.verilog import circuit_from_verilog
from tests.backends.support import plant, sealed
from tests.support import needs, random_circuit, random_model

CIRCUIT = lift(random_model(3, dtype="int16", features=4, classes=3))


def head(artifact: Artifact, name: str = "net") -> list[str]:
    text = artifact.files[f"{name}.v"].decode()
    return [line[2:].strip() for line in text[: text.index("`default_nettype")].splitlines()]


def named(*names: str) -> Circuit:
    assert CIRCUIT.head is not None
    return CIRCUIT.with_(head=replace(CIRCUIT.head, names=names))


def test_it_says_ports_widths_clocks_base_hashes_and_classes() -> None:
    about = {"source_sha256": "ab" * 32, "passes": "proven"}
    made = emit(named("cat", "dog", "owl"), Options("net", {"stages": 2}, about=about))
    told, facts = "\n".join(head(made)), made.details["verilog"]
    assert "abab" in told
    assert named("cat", "dog", "owl").digest in told
    assert "proven equal to the model's" in told
    assert re.search(r"in +\[63:0\] features +4 features of type int16: feature i is \[i\*16 \+: 16\]", told)
    score = facts["score"]
    assert f"[{score['width']} +: {score['width']}]" not in told
    assert f"[c*{score['width']} +: {score['width']}], unsigned, plus {score['base']} (the score base)" in told
    assert f"Latency {facts['latency']} clocks, interval 1" in told
    assert "0: cat\n1: dog\n2: owl" in told
    assert "3: x3" in told


def test_it_says_what_is_not_known() -> None:
    told = "\n".join(head(emit(random_circuit(1), Options("net"))))
    assert "not compared with the model's" in told
    assert "No clock" in told
    assert "Classes" not in told
    assert "ran out of time" in "\n".join(head(emit(CIRCUIT, Options("net", about={"passes": "undecided"}))))
    assert "Features:" in "\n".join(head(emit(lift(random_model(1, features=32)), Options("net"))))
    many = emit(lift(random_model(1, features=33, dtype="float32")), Options("net"))
    assert "Features" not in "\n".join(head(many))
    assert "feature > threshold of bit k" in "\n".join(head(many))


ODD = ("a\nmodule b;", "`define x", "*/ synthesis translate_off", "é\\", "verilator lint_off ALL")


def test_names_stay_within_the_comment() -> None:
    """A circuit without its names in the head reads back the same, and no line leaves the comment."""
    plain, odd = named("a", "b", "c"), named(*ODD[:3])
    made = emit(odd, Options("net")).files["net.v"]
    lines = made.decode("ascii").splitlines()
    assert next(line for line in lines if not line.startswith("//")) == "`default_nettype none"
    assert "`define" not in made.decode()
    read = circuit_from_verilog(made.decode())
    assert read.digest == circuit_from_verilog(emit(plain, Options("net")).files["net.v"].decode()).digest
    assert all(line.isascii() for line in head(emit(named(*ODD[2:]), Options("net"))))


@needs("iverilog")
@pytest.mark.parametrize(("was", "planted"), [("0: cat", "0: cow"), ("Latency 4", "Latency 3"), ("// Classes:\n", "")])
def test_a_head_that_says_otherwise_is_found_and_not_trusted(was: str, planted: str, tmp_path: Path) -> None:
    circuit = named("cat", "dog", "owl")
    made = compile_circuit(Source(circuit, "0" * 64), "verilog", name="net", settings={"stages": 2})
    made.write(tmp_path / "out")
    (tmp_path / "net.lgir").write_bytes(made.files["net.lgir"])
    verdict = verify(tmp_path / "net.lgir", tmp_path / "out")
    assert verdict.equal
    plant(tmp_path / "out" / "net.v", was, planted)
    sealed(tmp_path / "out")
    verdict = verify(tmp_path / "net.lgir", tmp_path / "out")
    wrong = {station.name: station.detail for station in verdict.stations if station.ok is False}
    assert list(wrong) == ["manifest"]
    assert "the head of net.v" in wrong["manifest"]
    function = next(station for station in verdict.stations if station.name == "function")
    assert function.how == "proven"
