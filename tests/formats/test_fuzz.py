"""The readers under a coverage-guided fuzzer, for a few seconds, where atheris is installed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lgnc.formats import to_text
from lgnc.formats.write_aiger import aiger_bytes
from lgnc.formats.write_blif import blif_bytes
from tests.support import random_circuit

ROOT = Path(__file__).resolve().parents[2]
SECONDS = int(os.environ.get("LGNC_FUZZ_SECONDS", "2"))
"""A minute or more finds more: LGNC_FUZZ_SECONDS=300."""


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="needs atheris: pip install 'lgnc[fuzz]'")
@pytest.mark.parametrize("reader", ["aiger", "blif", "lgir", "planted"])
def test_readers_give_a_circuit_or_bad_input(reader: str, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    circuit = random_circuit(1, inputs=4, gates=12, outputs=3)
    seeds = (aiger_bytes(circuit), aiger_bytes(circuit, False), blif_bytes(circuit), to_text(circuit).encode())
    for index, seed in enumerate((*seeds, b"aag 1 1 0 2 0\n2\n2\n3\n")):
        (corpus / str(index)).write_bytes(seed)
    command = [
        sys.executable,
        "tests/formats/fuzz_readers.py",
        reader,
        f"-max_total_time={SECONDS}",
        "-timeout=20",
        "-seed=1",
    ]
    limits = ["-max_len=1000", "-rss_limit_mb=3000", f"-artifact_prefix={tmp_path}/", str(corpus)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*command, *limits], cwd=ROOT, env=environment, capture_output=True, text=True)
    if reader == "planted":
        assert done.returncode != 0
        assert "KeyError" in done.stdout + done.stderr
    else:
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        assert "Done" in done.stderr
