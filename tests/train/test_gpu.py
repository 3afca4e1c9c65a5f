"""The Triton engine, in processes of its own: the interpreter is chosen before triton is first imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import needs

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [needs("torch"), needs("triton")]


def run(arguments: list[str], **variables: str) -> str:
    """Standard output of python with `arguments`, one thread, from the repository's root."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TRITON_DEFAULT_FP_FUSION": "1", **variables}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return done.stdout


def test_gradients_and_steps_under_the_interpreter() -> None:
    files = ["tests/train/triton_interpreted.py", "tests/train/triton_convolutions.py"]
    out = run(["-m", "pytest", *files, "-p", "no:cacheprovider"], TRITON_INTERPRET="1")
    assert "passed" in out


def test_every_kernel_compiles_for_hopper(tmp_path: Path) -> None:
    out = run(["-m", "tests.train.triton_compiled"], TRITON_INTERPRET="0", TRITON_CACHE_DIR=str(tmp_path))
    loads = dict(json.loads(out.splitlines()[-1]))
    assert loads["backward_kernel"] == loads["gates_kernel"] == loads["popcount_kernel"] == 16


def test_the_interpreter_run_fails_when_a_test_fails(tmp_path: Path) -> None:
    planted = tmp_path / "test_planted.py"
    planted.write_text("def test_planted():\n    assert 1 == 2\n")
    with pytest.raises(AssertionError, match="1 failed"):
        run(["-m", "pytest", str(planted), "-p", "no:cacheprovider", "-c", "/dev/null"], TRITON_INTERPRET="1")


def test_the_gpu_benchmark_runs_under_the_interpreter(tmp_path: Path) -> None:
    result = tmp_path / "gpu.json"
    nets = ["--nets", "2x12", "--check-nets", "2x13", "--batches", "5", "--rows", "4", "--json", str(result)]
    out = run(["benchmarks/gpu_training.py", "--cpu", *nets], TRITON_INTERPRET="1")
    errors = json.loads(result.read_text())["gradient_errors"].values()
    assert len(errors) == 3
    assert max(errors) < 1e-4
    assert "2 x 12" in out


def test_a_network_too_large_for_the_gpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from lgnc.data import load_dataset
    from lgnc.diagnostics import BadInput
    from lgnc.train import TrainConfig, train

    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda: (10**6, 10**6))
    with pytest.raises(BadInput, match=r"GB of GPU memory, and 0\.0 GB are free"):
        train(load_dataset("digits"), TrainConfig(width=4000, device="cuda"))


@pytest.mark.parametrize("name", ["gpu_training.py", "gpu_convolution.py"])
def test_a_gpu_benchmark_says_that_there_is_no_gpu(name: str) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / name)]
    hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, env=hidden, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "finds no CUDA device" in done.stdout
    assert done.stdout.count("\n") == 1
