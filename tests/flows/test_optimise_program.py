"""Programs by command: kernels are kept, shown and proven, and what has none is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lgnc.flows.compare import verify
from lgnc.formats.lgn import save_model
from lgnc.formats.lgprog import program_bytes, program_from_bytes
from lgnc.formats.lift import lift, lift_program
from lgnc.formats.source import load_program, save_circuit
from lgnc.ir.program import Program, unroll
from lgnc.passes.optimise_program import run_program_passes
from lgnc.verify.programs import prove_kernels
from lgnc.verify.prove import prove
from tests.cli.test_cli import Capture, call, call_json, refused
from tests.support import random_conv_model, random_model


def read(path: Path) -> Program:
    return program_from_bytes(path.read_bytes(), str(path))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    save_model(random_conv_model(3), tmp_path / "m.lgn")
    return tmp_path / "m.lgn"


def test_a_models_program_is_written_optimised_and_proven(model: Path, tmp_path: Path, capsys: Capture) -> None:
    plain, small = tmp_path / "plain.lgprog", tmp_path / "small.lgprog"
    call_json(capsys, "opt", model, "-o", plain, "-O", 0)
    assert plain.read_bytes() == program_bytes(lift_program(random_conv_model(3)))
    _, told = call_json(capsys, "opt", plain, "-o", small, "--prove")
    assert told["applications_after"] == read(small).applications < read(plain).applications
    assert prove(unroll(read(small)), lift(random_conv_model(3))).equal is True
    assert "proven" in str(told["proof"]) or "exhaustive" in str(told["proof"])


def test_a_program_is_shown_by_its_stages(model: Path, tmp_path: Path, capsys: Capture) -> None:
    call_json(capsys, "opt", model, "-o", tmp_path / "p.lgprog", "-O", 0)
    _, facts = call_json(capsys, "info", tmp_path / "p.lgprog")
    program = read(tmp_path / "p.lgprog")
    rows = facts["stages"]
    assert len(rows) == len(program.stages) + 1
    assert rows[0]["kernel_gates"] * rows[0]["places"] == rows[0]["gate_applications"]
    assert facts["gate_applications"] == rows[-1]["gate_applications"] == unroll(program).gates - 1
    assert facts["kernel_gates"] == sum(row["kernel_gates"] for row in rows[:-1])
    assert "gate applications" in call(capsys, "info", tmp_path / "p.lgprog")[1]


def test_verify_goes_kernel_by_kernel_and_sees_a_changed_one(model: Path, tmp_path: Path, capsys: Capture) -> None:
    plain, wrong = tmp_path / "plain.lgprog", tmp_path / "wrong.lgprog"
    call_json(capsys, "opt", model, "-o", plain, "-O", 0)
    assert "each equal to the other's" in verify(model, plain).detail
    program = read(plain)
    first = program.stages[0]
    op = first.kernel.op.copy()
    op[-1] ^= 15
    stages = (replace(first, kernel=first.kernel.with_(op=op)), *program.stages[1:])
    changed = replace(program, stages=stages)
    wrong.write_bytes(program_bytes(changed))
    assert prove_kernels(program, changed) is None
    assert verify(model, wrong).equal is False
    assert call_json(capsys, "verify", plain, wrong)[1]["equal"] is False


def test_passes_of_kernels_and_of_stages_by_name(model: Path) -> None:
    program = load_program(model)
    assert program is not None
    after = run_program_passes(
        program, "fold_constants, merge_equal_channels,eliminate_dead_gates,drop_unread_channels"
    )
    assert after.applications < program.applications
    assert prove(unroll(program), unroll(after)).equal is True


@pytest.mark.parametrize(
    ("source", "flags", "words"),
    [
        ("dense.lgn", (), "is a dense model: it has no kernels to share"),
        ("flat.lgir", (), "is a flat circuit: it has no kernels to share"),
        ("absent.lgn", (), "no such file"),
        ("m.lgn", ("-p", "merge_equal_chanels"), "unknown pass 'merge_equal_chanels'"),
        ("m.lgn", ("--stats",), "--stats: is for circuits"),
        ("m.lgn", ("--goal", "depth"), "--goal: is for circuits"),
        ("m.lgn", ("--calibrate", "digits"), "--calibrate: is for circuits"),
    ],
)
def test_what_has_no_kernels_is_refused(
    model: Path, tmp_path: Path, capsys: Capture, source: str, flags: tuple[str, ...], words: str
) -> None:
    save_model(random_model(1), tmp_path / "dense.lgn")
    save_circuit(lift(random_model(1)), tmp_path / "flat.lgir")
    output = tmp_path / "out.lgprog"
    assert words in refused(capsys, 2, "opt", model.parent / source, "-o", output, *flags)
    assert not output.exists()
