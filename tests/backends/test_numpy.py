"""The numpy target, imported and run against the IR's meaning."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import numpy as np
import pytest

from lgnc.diagnostics import BadInput, Failed
from lgnc.formats.lift import lift
from lgnc.ir import Circuit
from lgnc.sim.numpy import load_module
from tests.backends.support import CIRCUITS, NAMES, check, emitted, mismatches, run, sealed, write
from tests.support import random_circuit, random_features, random_model


@pytest.mark.parametrize("circuit", CIRCUITS, ids=NAMES)
def test_answers_are_the_circuits(circuit: Circuit, tmp_path: Path) -> None:
    check("numpy", circuit, tmp_path)


def test_more_samples_than_a_block(tmp_path: Path) -> None:
    check("numpy", lift(random_model(2)), tmp_path, (8191, 8192, 20000))


def test_a_changed_fanin_is_seen(tmp_path: Path) -> None:
    circuit = lift(random_model(1))
    write("numpy", circuit, tmp_path)
    path = tmp_path / "net.py"
    text = path.read_text()
    table = re.search(r'FANIN = _table\("""(.*?)"""', text, re.DOTALL)
    assert table is not None
    fanin = np.frombuffer(base64.b64decode(table[1]), np.int32).copy().reshape(-1, 2)
    fanin[int(circuit.outputs[0] >> 1) - circuit.inputs] = [0, 1]
    path.write_text(text.replace(table[1], base64.b64encode(fanin.tobytes()).decode()))
    features = random_features(circuit, 500)
    assert mismatches(circuit, features, run("numpy", tmp_path, sealed(tmp_path), features)) > 0


def test_the_file_needs_numpy_alone(tmp_path: Path) -> None:
    write("numpy", CIRCUITS[1], tmp_path)
    imported = re.findall(r"^(?:import|from) (\w+)", (tmp_path / "net.py").read_text(), re.MULTILINE)
    assert set(imported) == {"base64", "itertools", "numpy"}


def test_names_are_data(tmp_path: Path) -> None:
    names = ('"""', "\\\n'", "数")
    circuit = random_circuit(1, inputs=3, outputs=3).with_(output_names=names)
    manifest = write("numpy", circuit, tmp_path)
    assert load_module(tmp_path, manifest).OUTPUT_NAMES == names


@pytest.mark.parametrize("name", ["", "1net", "a-b", "class", "numpy", "base64", "a.b"])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        emitted("numpy", CIRCUITS[0], name)


@pytest.mark.parametrize("bad", [np.zeros(5), np.zeros((3, 4)), np.full((3, 12), np.nan), np.full((3, 12), 1.5)])
def test_wrong_features_are_refused(bad: np.ndarray[tuple[int, ...], np.dtype[np.float64]], tmp_path: Path) -> None:
    module = load_module(tmp_path, write("numpy", lift(random_model(1)), tmp_path))
    with pytest.raises(ValueError, match="features"):
        module.predict(bad)


def test_a_damaged_module_is_named(tmp_path: Path) -> None:
    write("numpy", CIRCUITS[1], tmp_path)
    (tmp_path / "net.py").write_text("1 +")
    with pytest.raises(Failed, match=r"net\.py"):
        run("numpy", tmp_path, sealed(tmp_path), random_features(CIRCUITS[1], 5))
