"""NAME_row.v: a table's cells by the ports that the manifest tells of, simulated against the model; planted faults."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lgnc
from lgnc.backends.artifact import Options
from lgnc.backends.row import RowColumn
from lgnc.backends.table import target_of
from lgnc.backends.verilog.testbench import hex_lines
from lgnc.data import load_dataset
from lgnc.flows.compare import verify
from lgnc.flows.stations.verilog_rows import row_module
from lgnc.flows.stations.visit import timed
from lgnc.formats.lgn import load_model
from lgnc.formats.lift import lift
from lgnc.ir.circuit import Circuit
from lgnc.ir.simulate import features_for, simulate
from lgnc.sim import load_manifest
from lgnc.toolchain import require_tool, run
from tests.backends.support import plant, visit_of
from tests.backends.test_onnx_row import texts_of
from tests.backends.test_row import compiled
from tests.flows.test_stations import station
from tests.support import needs, random_model

pytestmark = needs("iverilog")


def words(ports: list[dict[str, Any]], cells: dict[str, list[str]], encoder: Any) -> NDArray[np.bool_]:
    """The testbench's words of a table's texts, by what the manifest says of the ports alone."""
    rows = len(next(iter(cells.values())))
    bits = np.zeros((rows, max(each["offset"] + each["width"] for each in ports)), np.bool_)
    feature = dict(zip(encoder.names, range(len(encoder.names)), strict=True))
    for each in ports:
        for row, text in enumerate(cells[each["column"]]):
            value, gap = 0, text in ("", "?")
            if each.get("missing"):
                value = int(gap)
            elif "values" in each:
                value = each["values"].index(text) if text in each["values"] else len(each["values"])
            elif not gap and encoder.quantiser is not None:
                one = encoder.quantiser.column(feature[each["column"]])
                value = int(one.codes(np.array([[float(text)]]), encoder.dtype)[0, 0])
            elif not gap:
                value = int(text)
            at = slice(each["offset"], each["offset"] + each["width"])
            bits[row, at] = value >> np.arange(each["width"]) & 1
    return bits


def simulated(out: Path, vectors: NDArray[np.bool_], at: Path) -> list[int]:
    """The words of the results that the folder's own testbench records."""
    (at / "net_row_vectors.hex").write_bytes(hex_lines(vectors))
    sources = [out / "net.v", out / "net_row.v", out / "tb_net_row.v"]
    count = f"-Ptb_net_row.COUNT={len(vectors)}"
    run([require_tool("iverilog"), "-g2001", "-I", out, count, "-s", "tb_net_row", "-o", at / "tb.vvp", *sources])
    run([require_tool("vvp"), "-N", at / "tb.vvp", "+record"], cwd=at)
    return [int(line, 16) for line in (at / "net_row_results.hex").read_text().split()]


@needs("make")
@needs("verilator")
@needs("yosys")
@pytest.mark.parametrize(
    ("kind", "settings"),
    [({"whole": True}, {}), ({"codes": "int8"}, {"interface": "stream", "outputs": "class"})],
    ids=["int16", "codes, stream"],
)
def test_every_row_of_the_file_gets_what_the_model_gives(
    kind: dict[str, Any], settings: dict[str, Any], tmp_path: Path
) -> None:
    path, out = compiled(tmp_path, target="verilog", **kind, **settings)
    model, cells = load_model(path), texts_of(tmp_path / "t.csv")
    cells["Colour é"][:3] = ["never seen"] * 3
    ports = load_manifest(out).facts["verilog"]["row"]["ports"]
    found = simulated(out, words(ports, cells, model.encoder), tmp_path)
    x = load_dataset(str(tmp_path / "t.csv"), columns=model.meta["columns"], test_fraction=1.0).x_test
    classes = simulate(lift(model), features_for(model.encoder, x))[1]
    assert [each & 3 for each in found[3:]] == classes[3:].tolist()
    assert len(np.unique(classes)) > 1
    run([require_tool("make"), "lint"], cwd=out)
    assert "--top-module net_row net.v net_row.v" in (out / "Makefile").read_text()
    script = "read_verilog net.v net_row.v; hierarchy -check -top net_row; proc; check -assert"
    run([require_tool("yosys"), "-q", "-p", script], cwd=out)
    verdict = verify(path, out)
    assert (verdict.equal, station(verdict, "rows").how) == (True, "tested")
    assert "features of 512 rows of 6 columns" in station(verdict, "rows").detail
    assert "tb_net_row.v" in station(verdict, "testbench").detail


def test_features_that_are_floats_have_no_ports(tmp_path: Path) -> None:
    """They are encoded outside the design."""
    _, out = compiled(tmp_path, target="verilog")
    assert not [path.name for path in out.iterdir() if "row" in path.name]


FAULTS = [
    ("net_row.v", "age_missing ? 16'sd56", "age_missing ? 16'sd57", "vector "),
    ("net_row.v", "== net_colour_e_RED) & ~colour_e_missing", "== net_colour_e_RED)", "vector "),
    ("net_row.v", "{15'd0, age_missing}", "{15'd0, ~age_missing}", "vector "),
    ("net_row.v", "    float_,\n", "    missing,\n", "vector "),
    ("net_row.v", ".features(features)", ".features(features ^ 272'd1)", "vector "),
    ("net_row.v", "signed [15:0] age", "signed [7:0] age", "vector "),
    ("net_row.vh", "RED = 4'd7", "RED = 4'd6", "vector "),
    ("net_row.vh", "OTHER = 4'd8", "OTHER = 4'd0", "FAIL"),
    ("net_row.v", "input wire age_missing", "input wire age_gone", "age_missing"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("rows"), target="verilog", whole=True)[1]


@pytest.mark.parametrize(("file", "old", "new", "told"), FAULTS)
def test_a_planted_fault_is_no(file: str, old: str, new: str, told: str, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    plant(tmp_path / file, old, new)
    circuit = lgnc.read(tmp_path / "net.lgir")
    assert isinstance(circuit, Circuit)
    found = timed("rows", partial(row_module, visit_of(tmp_path, circuit)))
    assert found.ok is False
    assert told in found.detail


@needs("verilator")
def test_no_port_has_a_name_of_the_design_s_own(tmp_path: Path) -> None:
    """Columns called as modules, instances and wires are; a category of which training saw no value."""
    own = ("net", "net_row", "features", "clk", "unused_categories_0", "class_index", "net_row_2")
    row = (*map(RowColumn, own), RowColumn("none", values=(), missing=True))
    circuit = lift(random_model(1, dtype="int16", features=len(own) + 1, classes=3))
    out = target_of("verilog").emit(circuit, Options("net", {"outputs": "class"}, row=row))
    for path, data in out.files.items():
        (tmp_path / path).write_bytes(data)
    ports = [each["port"] for each in out.details["verilog"]["row"]["ports"]]
    assert not {"net", "net_row", "features", "class_index"} & set(ports)
    lint = ["--lint-only", "-Wall", "--top-module", "net_row", "net_row.v", "net.v"]
    run([require_tool("verilator"), *lint], cwd=tmp_path)
