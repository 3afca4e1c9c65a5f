"""Whole rows in C: struct NAME_row against what Python makes of the same table, names, margins, and planted faults."""

from __future__ import annotations

import csv
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lgnc
from lgnc.backends.c.row import row_names
from lgnc.backends.c.row_names import as_field, c_string
from lgnc.backends.row import RowColumn, features_of
from lgnc.backends.row_names import Identifiers, constant_word, field_word
from lgnc.data import load_dataset
from lgnc.data.features import Schema
from lgnc.features import header
from lgnc.flows.compare import verify
from lgnc.flows.row_columns import row_columns
from lgnc.flows.stations.c_rows import row_calls
from lgnc.formats.lgn import save_model
from lgnc.ir.circuit import Circuit, Head
from lgnc.sim import load_manifest
from lgnc.toolchain import find_tool, require_tool, run
from lgnc.train.fixed_point import in_codes
from tests.backends.support import emitted, plant, visit_of, write
from tests.flows.test_stations import station
from tests.support import needs, random_circuit, random_model

COLOURS = ["red", "<=50K", ">50K", 'blue "q" \\', "-1", "1", "NAME_x", "größe"]
HEADER = ["Age", "Colour é", "float", "smokes", "NAME_x", "missing", "kind"]
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")


def table(path: Path, *, whole: bool = False) -> Path:
    """A CSV of numbers with gaps, categories that are hard to name, and booleans. whole: integers alone."""
    rng = np.random.default_rng(3)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        for row in range(300):
            real = rng.integers(-300, 300) if whole else round(rng.uniform(-3, 3), 2)
            out.writerow(
                [
                    rng.choice([str(rng.integers(18, 90)), ""], p=[0.8, 0.2]),
                    rng.choice([*COLOURS, ""]),
                    real,
                    rng.choice(["yes", "no"]),
                    rng.choice(["0", "1", "?"]),
                    rng.integers(0, 5),
                    ['a "1"', "b é", "class"][row % 3],
                ]
            )
    return path


def compiled(at: Path, *, whole: bool = False, target: str = "c", **settings: Any) -> tuple[Path, Path]:
    """(a model of random gates over the table's features, the folder compiled from it)."""
    return compiled_from(table(at / "t.csv", whole=whole), "net", target, **settings)


def compiled_from(
    path: Path,
    name: str,
    target: str = "c",
    codes: str | None = None,
    at: Path | None = None,
    seed: int = 1,
    **settings: Any,
) -> tuple[Path, Path]:
    """The same of a CSV whose last column is the label, in `at` or beside it. codes: a type of fixed-point codes."""
    at = path.parent if at is None else at
    data, quantiser = load_dataset(str(path)), None
    if codes is not None:
        data, quantiser = in_codes(data, codes, np.arange(len(data.x_train)))
    classes = len(data.class_names)
    model = random_model(seed, features=len(data.feature_names), dtype=str(data.x_train.dtype), classes=classes)
    rows = data.x_train
    threshold: Any = rows[np.arange(model.encoder.bits) * 7 % len(rows), model.encoder.feature]
    threshold = threshold.astype(model.encoder.threshold.dtype)
    encoder = replace(model.encoder, names=data.feature_names, threshold=threshold, quantiser=quantiser)
    model = replace(model, encoder=encoder, class_names=data.class_names, meta={"columns": data.columns})
    save_model(model, at / "m.lgn")
    lgnc.compile(at / "m.lgn", target, at / "out", name=name, prove=False, **settings)
    return at / "m.lgn", at / "out"


def cells(path: Path) -> Any:
    """The table's columns but its labels, as a caller has them: None for a gap, and one category that is new."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    numbers = {"Age", "float", "NAME_x", "missing"}
    found: dict[str, list[Any]] = {}
    for name in HEADER[:-1]:
        texts = [None if row[name] in ("", "?") else row[name] for row in rows]
        found[name] = [None if each is None else float(each) for each in texts] if name in numbers else texts
    found["Colour é"][:20] = ["never seen"] * 20
    found["missing"][5:9] = [None] * 4
    return found


def program(out: Path, rows: Any) -> str:
    """C that sets every row member by member, with the constants of the header, and prints classes and margins."""
    manifest = load_manifest(out)
    circuit = lgnc.read(out / "net.lgir")
    row = row_columns(circuit, manifest.columns, "")
    assert row is not None
    assert circuit.head is not None
    assert manifest.c is not None
    names = row_names(circuit.head, row, "net", manifest.c.element)
    lines = ['#include "net_row.h"', "#include <stdio.h>", "static void tell(const struct net_row *row)", "{"]
    lines += ["    int32_t scores[NET_CLASSES];", "    net_scores_row(row, scores);"]
    told = "(int)net_predict_row(row), (unsigned)net_margin(scores), net_class_names[net_predict_row(row)]"
    lines += [f'    printf("%d %u %s\\n", {told});', "}", "int main(void)", "{"]
    for at in range(len(rows["Age"])):
        lines.append("    { struct net_row row = {0};")
        for member in names.members:
            value = rows[member.column.name][at]
            if value is None:
                lines.append(f"    row.missing.{member.field} = 1;")
            elif member.column.values is None:
                lines.append(f"    row.{member.field} = {value:g};")
            else:
                code = member.column.values.index(value) if value in member.column.values else -1
                lines.append(f"    row.{member.field} = {member.constants[code]};")
        lines.append("    tell(&row); }")
    return "\n".join([*lines, "    return 0;", "}"]) + "\n"


@needs("cc")
@pytest.mark.parametrize(("whole", "profile"), [(False, "host"), (True, "mcu")])
def test_a_row_of_the_table_gets_the_class_that_python_gives(whole: bool, profile: str, tmp_path: Path) -> None:
    _, out = compiled(tmp_path, whole=whole, target_profile=profile)
    rows = cells(tmp_path / "t.csv")
    network = lgnc.load(out)
    classes, scores = network.predict(rows), np.sort(network.scores(rows), axis=1)
    (tmp_path / "main.c").write_text(program(out, rows), "ascii")
    sources = [tmp_path / "main.c", out / "net.c", out / "net_row.c"]
    run(
        [require_tool("cc"), "-std=c99", "-O0", "-Wall", "-Werror", "-I", out, "-o", tmp_path / "main", *sources, "-lm"]
    )
    printed = [line.split(" ", 2) for line in run([tmp_path / "main"]).decode().splitlines()]
    assert [int(words[0]) for words in printed] == classes.tolist()
    assert [int(words[1]) for words in printed] == (scores[:, -1] - scores[:, -2]).tolist()
    assert network.classes is not None
    assert [words[2] for words in printed] == [network.classes[k] for k in classes]
    assert len(set(classes.tolist())) > 1


@needs("cc")
def test_columns_of_the_table_go_by_name_in_python_too(tmp_path: Path) -> None:
    """Every row of the file, read as training read it, gives the same as the cells in memory."""
    _, out = compiled(tmp_path)
    rows = cells(tmp_path / "t.csv")
    network = lgnc.load(out)
    data = load_dataset(str(tmp_path / "t.csv"), columns=dict(load_manifest(out).columns), test_fraction=1.0)
    untouched = slice(20, None)
    of_file = network.predict(data.x_test)
    in_memory = network.predict({name: values[untouched] for name, values in rows.items()})
    assert np.array_equal(of_file[untouched], in_memory)
    empty = network.predict({name: values[:0] for name, values in rows.items()})
    assert empty.shape == (0,)
    with pytest.raises(lgnc.BadInput, match="has no column 'Age'"):
        network.predict({name: values for name, values in rows.items() if name != "Age"})


def test_the_meaning_of_a_row_is_that_of_training(tmp_path: Path) -> None:
    data = load_dataset(str(table(tmp_path / "t.csv")), label="kind", test_fraction=0.5)
    plans = Schema.from_json(data.columns, "").columns
    row = [RowColumn(plan.name, plan.median, plan.values, plan.missing) for plan in plans]
    again = load_dataset(str(tmp_path / "t.csv"), columns=data.columns, test_fraction=1.0)
    rows = cells(table(tmp_path / "t.csv"))
    rows["missing"][5:9] = [float(value) for value in again.x_test[5:9, -1]]
    missing = np.array([[value is None for value in rows[column.name]] for column in row]).T
    numbers = np.array([[0 if v is None or c.values else v for v in rows[c.name]] for c in row], np.float64).T
    codes = np.array(
        [[(c.values or ()).index(v) if v in (c.values or ()) else -1 for v in rows[c.name]] for c in row]
    ).T
    made = features_of(row, str(again.x_test.dtype), numbers, codes, missing)
    assert np.array_equal(made[20:], again.x_test[20:])


FAULTS = [
    ("net_row.c", "? 52.0", "? 51.0", "features of row"),
    ("net_row.c", "x[1] = ", "x[1] = 1 - ", "features of row"),
    ("net_row.c", "(uint32_t)best -", "1u + (uint32_t)best -", "the margin of scores"),
    ("net_row.c", "c == 1u || scores", "c != 1u || scores", "the margin of scores"),
    ("net_row.c", "second = scores[c];", "", "the margin of scores"),
    ("net_row.c", "probabilities[c] /= sum", "probabilities[c] /= 2 * sum", "probabilities"),
    (
        "net_row.c",
        "; c++) {\n        probabilities[c] /=",
        " + 1u; c++) {\n        probabilities[c] /=",
        "beyond the classes",
    ),
    ("net_row.c", "return found;", "return found + 1;", "the class of row"),
    ("net_row.h", "net_colour_e_RED = 7", "net_colour_e_RED = 1", "features of row"),
    ("net_row.c", '"class"', '"klass"', "class 2 is called 'klass'"),
]


@needs("cc")
def test_verify_asks_about_rows(tmp_path: Path) -> None:
    model, out = compiled(tmp_path)
    verdict = verify(model, out)
    assert (verdict.equal, station(verdict, "rows").how) == (True, "tested")
    assert "rows of 6 columns with missing cells" in station(verdict, "rows").detail


@needs("cc")
def test_numbers_are_codes_where_features_are(tmp_path: Path) -> None:
    """A row's members are codes of values, and so are the medians; categories stay as they are."""
    model, out = compiled(tmp_path, codes="int16", target_profile="mcu")
    text = (out / "net_row.h").read_text()
    assert re.search(r"int16_t float_; /\* float, a code of feature \d+; -?\d+ where it is missing", text)
    assert (out / "net_codes.c").exists()
    verdict = verify(model, out)
    assert {name: station(verdict, name).ok for name in ("rows", "codes")} == {"rows": True, "codes": True}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("rows"))[1]


@needs("cc")
@pytest.mark.parametrize(("file", "old", "new", "told"), FAULTS)
def test_a_planted_fault_is_no(file: str, old: str, new: str, told: str, folder: Path, tmp_path: Path) -> None:
    out = shutil.copytree(folder, tmp_path / "out")
    circuit = lgnc.read(out / "net.lgir")
    assert isinstance(circuit, Circuit)
    plant(out / file, old, new)
    found = row_calls(visit_of(out, circuit))
    assert found.ok is False
    assert told in found.detail


def test_rows_of_a_circuit_without_classes_are_no(tmp_path: Path) -> None:
    circuit = random_circuit(1)
    write("c", circuit, tmp_path)
    visit = visit_of(tmp_path, circuit, 9)
    assert (row_calls(visit).ok, row_calls(visit).detail) == (False, "the circuit has no classes")


@needs("cc")
@pytest.mark.parametrize("profile", ["host", "mcu"])
def test_compiles_without_a_warning(profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, out = compiled(tmp_path, target_profile=profile)
    for compiler in ("gcc", "clang"):
        monkeypatch.setenv("CC", compiler)
        if (path := find_tool("cc")) is not None:
            run([path, *STRICT, "-fsyntax-only", out / "net_row.c"])


def test_a_network_without_a_table_has_names_and_margins_and_no_row() -> None:
    files = emitted("c", random_circuit(2, classes=3)).files
    assert b"struct net_row" not in files["net_row.h"]
    assert b"net_class_CLASS_2 = 2" in files["net_row.h"]
    assert not [path for path in emitted("c", random_circuit(1)).files if "_row" in path]


def test_names_of_the_user_stay_as_they_are_in_the_header(tmp_path: Path) -> None:
    circuit = random_circuit(2, classes=3)
    named = circuit.with_(encoder=replace(circuit.encoder, names=("NAME_x", "NAME.h", *circuit.encoder.names[2:])))
    write("c", named, tmp_path)
    text = (tmp_path / "net.h").read_text()
    assert "feature 0: NAME_x\n" in text
    assert "feature 1: NAME.h\n" in text


def snippet(page: str, word: str) -> str:
    """The C block of a page that has a word in it."""
    text = (Path(__file__).parents[2] / "docs" / page).read_text()
    (found,) = [block for block in re.findall(r"```c\n(.*?)```", text, re.DOTALL) if word in block]
    return str(found)


@needs("cc")
def test_what_the_pages_show_compiles(tmp_path: Path) -> None:
    """Rows and blobs of the C target's page, and the stream of the page on features."""
    rng = np.random.default_rng(0)
    pages = {
        "net": [
            "age,colour,income,kind",
            *(f"{k % 90},{'red' if k % 3 else 'blue'},{k * 7 % 500},{k % 2}" for k in range(99)),
        ],
        "shake": [",".join(["mean", "deviation", "crossings", *(f"bin {k}" for k in range(16)), "state"])]
        + [",".join([*map(str, rng.integers(0, 9000, 19)), "calm" if k % 2 else "shaking"]) for k in range(99)],
    }
    for name, lines in pages.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "t.csv").write_text("\n".join(lines) + "\n")
        compiled_from(tmp_path / name / "t.csv", name, target_profile="mcu", blob=True)
    (tmp_path / "lgnc_features.h").write_text(header())
    blob = snippet("targets-c.md", "net_open")
    source = f"""
#include "lgnc_features.h"
#include "net/out/net_blob.h"
#include "net/out/net_row.h"
#include "shake/out/shake_row.h"
#include <stdio.h>
void tell(const char *words);
void rows(void);
void rows(void) {{ {snippet("targets-c.md", "struct net_row row")} (void)sure; }}
void blobs(const uint8_t *blob, size_t size, const {element(tmp_path / "net" / "out")} *features);
void blobs(const uint8_t *blob, size_t size, const {element(tmp_path / "net" / "out")} *features)
{{ {blob.replace("features);", "features); (void)found;")} }}
void each_sample(int16_t sample);
{snippet("features.md", "each_sample")}
"""
    (tmp_path / "pages.c").write_text(source)
    run([require_tool("cc"), "-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", tmp_path / "pages.c"])


def element(out: Path) -> str:
    facts = load_manifest(out).c
    assert facts is not None
    return facts.element


def test_identifiers() -> None:
    assert [constant_word(each) for each in ("<=50K", ">50K", "-1", "1", "größe", "", "ж")] == [
        "LT_EQ_50K",
        "GT_50K",
        "MINUS_1",
        "1",
        "GROE",
        "EMPTY",
        "EMPTY",
    ]
    assert [as_field(field_word(each, "column_3")) for each in ("Age (y)", "float", "7up", "ж", "errno", "string")] == [
        "age_y",
        "float_",
        "x7up",
        "column_3",
        "errno_",
        "string_",
    ]
    once = Identifiers("a")
    assert [once.of(each) for each in ("a", "a", "b", "a_2", "a")] == ["a_2", "a_3", "b", "a_2_2", "a_4"]
    assert c_string('a"\\?1\u00e91') == '"a\\042\\134\\0771\\303\\2511"'


def test_no_two_constants_are_the_same() -> None:
    row = [RowColumn("a", 0, ("1_2", "x")), RowColumn("a_1", 0, ("2", "X", "x")), RowColumn("class", 0, ("class 1",))]
    head = Head(("class 1", "Class 1"), np.array([0, 1, 2], np.int32), np.zeros(2, np.int32))
    names = row_names(head, row, "net", "double")
    constants = [*names.classes, *(each for member in names.members for each in member.constants)]
    assert len(set(constants)) == len(constants)
    assert [member.field for member in names.members] == ["a", "a_1", "class_"]
