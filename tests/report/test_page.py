"""The report: what is in it, that it is escaped and needs nothing else, and that a browser draws it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lgnc
from lgnc.cli.main import run
from lgnc.data.held import hold
from lgnc.diagnostics import BadInput, ToolMissing
from lgnc.flows.report_rows import rows_for
from lgnc.flows.report_subject import subject_of
from lgnc.formats.lgn import Model
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.simulate import simulate
from lgnc.report.training import epochs_of
from tests.support import needs, random_circuit, random_conv_model, random_features, random_model

pytestmark = [needs("jinja2"), needs("matplotlib")]

HOSTILE = "<script>alert(1)</script>"
EPOCHS = [
    {"epoch": e, "loss": 1 / e, "accuracy": 0.5 + e / 50, "train_mode_accuracy": 0.5 + e / 40, "selection_gap": 0.01,
     "computation_gap": 0.0, "c_ema": 0.1 * e, "tau_b": 3 - 0.1 * e}
    for e in range(1, 9)
]  # fmt: skip


class Reader(HTMLParser):
    """The tags, attributes and texts of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.source = page.read_text()
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())

    @property
    def sections(self) -> list[str]:
        return [attributes["id"] or "" for tag, attributes in self.tags if tag == "section"]


def check_safe(page: Reader) -> None:
    """No script, nothing that runs, nothing that is fetched; every id once."""
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for tag, attributes in page.tags:
        assert tag not in ("script", "iframe", "object", "embed", "link", "base", "form"), tag
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "xlink:href"):
                assert (value or "").startswith(("#", "data:image/png;base64,")), (tag, name, value)
    assert re.search(r"@import|url\((?!#)", page.source) is None


def trained(seed: int = 0, **options: Any) -> Model:
    """A model with hostile names and a record of its training."""
    bare = random_model(seed, features=6, width=60, classes=4, **options)
    names = (HOSTILE, "b&\"'>", "$x_1$ {{7*7}} {% if %}", "plain")
    features = ("<img src=x onerror=alert(2)>", "</style>", "]]>", "{{ page }}", "a\u202eb", "f")
    record = {"data": HOSTILE, "test_accuracy": 0.75, "history": EPOCHS, "config": {"width": 60, HOSTILE: [HOSTILE]}}
    record["baselines"] = [{"name": HOSTILE, "accuracy": 0.5, "standard_error": 0.1, "balanced_accuracy": 0.5}]
    return replace(bare, class_names=names, encoder=replace(bare.encoder, names=features), meta={"training": record})


def rows(circuit: Circuit, count: int = 300) -> tuple[Any, list[str]]:
    """Features, and labels that are the circuit's own answers but for every third."""
    assert circuit.head is not None
    x = random_features(circuit, count)
    classes = simulate(circuit, x)[1]
    classes[::3] = (classes[::3] + 1) % circuit.head.classes
    return x, [circuit.head.names[each] for each in classes]


def test_a_page_says_all_that_is_known(tmp_path: Path) -> None:
    model = trained()
    path = lgnc.save(model, tmp_path / "net.lgn")
    folder = lgnc.compile(path, "c", tmp_path / "net-c", name="net")
    x, y = rows(lgnc.read(path))
    out = lgnc.report([path, folder], tmp_path / "r.html", data=x, y=y)
    page = Reader(out)
    check_safe(page)
    assert page.sections == [
        "accuracy", "misclassified-rows", "training", "gates", "what-the-passes-removed", "features-read",
        "compiled-folders", "how-it-is-known-to-be-right", "left-out",
    ]  # fmt: skip
    for text in (HOSTILE, model.class_names[1], model.class_names[2], model.encoder.names[0], "66.67 %"):
        assert text in page.texts, text
    assert f"{folder.manifest['costs']['gates']:,}" in page.texts
    assert any("proven by SAT" in text for text in page.texts)
    assert sum(tag == "svg" for tag, _ in page.tags) >= 8
    again = lgnc.report([path, folder], tmp_path / "again.html", data=x, y=y)
    assert out.read_bytes() == again.read_bytes()


def test_the_figures_are_right(tmp_path: Path) -> None:
    model = trained(3)
    x, y = rows(lgnc.read(lgnc.save(model, tmp_path / "m.lgn")), 90)
    found = rows_for(subject_of([model]), hold(x, y), None, None)
    assert (found.side, len(found.y)) == ("given", 90)
    assert found.accuracy == pytest.approx(2 / 3)
    matrix = np.zeros((4, 4), int)
    np.add.at(matrix, (found.y, found.found), 1)
    assert (found.confusion == matrix).all()
    np.fill_diagonal(matrix, 0)
    pairs = found.confused(3)
    assert [count for *_, count in pairs] == sorted(matrix.ravel().tolist(), reverse=True)[:3]
    assert all(matrix[one, other] == count for one, other, count in pairs)
    missed = [int(found.scores[k, found.found[k]] - found.scores[k, found.y[k]]) for k in found.worst(100)]
    assert len(missed) == 30
    assert missed == sorted(missed, reverse=True)
    subject = subject_of([model])
    assert subject.passes[-1][1] == subject.circuit.gates < subject.before == 180


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    path = lgnc.save(random_circuit(1), tmp_path / "c.lgir")
    page = Reader(lgnc.report(path, tmp_path / "r.html"))
    said = " ".join(page.texts)
    for words in ("No rows were given", "no curves", "No compiled folder"):
        assert words in said, words
    assert {"accuracy", "training", "data"}.isdisjoint(page.sections)


def _wide() -> Model:
    """Five hundred classes."""
    bare = random_model(2, width=1000, layers=1)
    starts = np.arange(0, 1001, 2, dtype=np.int32)
    return replace(bare, class_names=tuple(f"class {k}" for k in range(500)), head_starts=starts)


def _empty() -> Circuit:
    nothing = np.zeros(0, np.int32)
    return Circuit(Encoder.binary(()), nothing.astype(np.uint8), nothing, nothing, nothing)


KINDS: dict[str, Any] = {
    "convolutions": random_conv_model,
    "no head": lambda: random_circuit(0),
    "100,000 gates": lambda: random_circuit(0, inputs=300, gates=100_000, outputs=3000, classes=10, reach=3000),
    "500 classes": _wide,
    "nothing": _empty,
    "float32": lambda: random_model(1, dtype="float32"),
    "deep": lambda: random_circuit(0, gates=3000, reach=2, classes=2),
}


@pytest.mark.parametrize("kind", KINDS)
def test_any_circuit_has_a_page(kind: str, tmp_path: Path) -> None:
    thing = KINDS[kind]()
    circuit = thing if isinstance(thing, Circuit) else lgnc.read(lgnc.save(thing, tmp_path / "m.lgn"))
    given = rows(circuit, 200) if circuit.head is not None else (None, None)
    out = lgnc.report(thing, tmp_path / "r.html", data=given[0], y=given[1])
    check_safe(Reader(out))
    assert out.stat().st_size < 1_000_000


def test_images_are_drawn(tmp_path: Path) -> None:
    bare = random_model(0, features=48, classes=3)
    names = tuple(f"p{y}_{x}_{c}" for y in range(4) for x in range(4) for c in range(3))
    model = replace(bare, encoder=replace(bare.encoder, names=names), meta={"shape": [4, 4, 3]})
    x, y = rows(lgnc.read(lgnc.save(model, tmp_path / "m.lgn")))
    page = Reader(lgnc.report(model, tmp_path / "r.html", data=x, y=y))
    pictures = [attributes["alt"] for tag, attributes in page.tags if tag == "img"]
    assert len(pictures) == 49  # 48 misclassified rows, and the features that are read.
    assert all(re.match(r"row \d+, is class \d \(\d+\), taken for class \d", text or "") for text in pictures[:48])


def test_a_record_of_another_kind_is_left_out(tmp_path: Path) -> None:
    for history in (None, 7, {"epoch": 1}, [1, 2], [{"loss": 1}] * 3, [{"epoch": "1"}, {"epoch": True}]):
        assert epochs_of(history) == []
    assert len(epochs_of([{"epoch": k, "loss": float("nan")} for k in range(5000)])) == 1000
    record = {"history": [{"epoch": 1, "loss": "x"}, {"epoch": 2}], "config": [1], "baselines": [3, {"name": 1}]}
    model = replace(random_model(0), meta={"training": record})
    assert "training" not in Reader(lgnc.report(model, tmp_path / "r.html")).sections


def test_a_log_gives_the_curves(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(epoch) + "\n" for epoch in EPOCHS))
    page = Reader(lgnc.report(random_model(0), tmp_path / "r.html", log=log))
    assert "training" in page.sections
    log.write_text('{"epoch": 1}\n[1]\n')
    with pytest.raises(BadInput, match="line 2: is no epoch"):
        lgnc.report(random_model(0), tmp_path / "r.html", log=log)


def test_things_that_do_not_belong_together(tmp_path: Path) -> None:
    one, other = (lgnc.save(random_model(k), tmp_path / f"{k}.lgn") for k in (0, 1))
    folder = lgnc.compile(one, "numpy", tmp_path / "n")
    (tmp_path / "void").mkdir()
    for things, says in (
        ([other, folder], "not compiled from the same model"),
        ([one, other], "2 models"),
        ([tmp_path / "void"], "neither a model nor a compiled folder"),
        ([tmp_path / "none.lgn"], "no such file"),
        ([7], "int is neither"),
    ):
        with pytest.raises(BadInput, match=says):
            lgnc.report(things, tmp_path / "r.html")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="no rows to run folders on"):
        lgnc.report([one, folder], tmp_path / "r.html", run=True)
    assert not (tmp_path / "r.html").exists()
    other.unlink()
    assert "compiled-folders" in Reader(lgnc.report(tmp_path, tmp_path / "r.html")).sections


def test_folders_are_run_when_asked(tmp_path: Path) -> None:
    path = lgnc.save(random_model(0), tmp_path / "m.lgn")
    folder = lgnc.compile(path, "numpy", tmp_path / "n")
    x, y = rows(lgnc.read(path))
    page = Reader(lgnc.report([path, folder], tmp_path / "r.html", data=x, y=y, run=True))
    assert any("300 rows: 0 answers differ" in text for text in page.texts)
    assert "not run" not in page.texts


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    path = lgnc.save(random_model(0), tmp_path / "m.lgn")
    monkeypatch.setattr("lgnc.toolchain.package_version", lambda _: None)
    for words in (["report", path, "-o", tmp_path / "r.html"], ["show", path, "--output", "class 1", "-o", "c.svg"]):
        assert run([str(word) for word in words]) == 3
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert "pip install 'lgnc[report]'" in err
    with pytest.raises(ToolMissing):
        lgnc.report(path, tmp_path / "r.html")


def browser(page: Path, picture: Path, dark: bool) -> tuple[float, str]:
    """(mean brightness, what its console said) of a page in headless Chromium."""
    from matplotlib.image import imread

    from lgnc.processes import run_group
    from lgnc.toolchain import require_tool

    words = [
        require_tool("chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}", "--window-size=1000,1400",
        f"--user-data-dir={picture.parent / 'profile'}", f"--screenshot={picture}", page.as_uri(),
    ]  # fmt: skip
    done = run_group(words, timeout=120)
    said = [line for line in done.stderr.decode(errors="replace").splitlines() if "CONSOLE" in line]
    return float(imread(picture)[:, :, :3].mean()), "\n".join(said)


@needs("chromium")
def test_a_browser_draws_both_schemes(tmp_path: Path) -> None:
    model = trained()
    x, y = rows(lgnc.read(lgnc.save(model, tmp_path / "m.lgn")))
    page = lgnc.report(model, tmp_path / "r.html", data=x, y=y)
    light, said = browser(page, tmp_path / "light.png", dark=False)
    assert (light > 0.85, said) == (True, "")
    dark, said = browser(page, tmp_path / "dark.png", dark=True)
    assert (dark < 0.25, said) == (True, "")
    page.write_text(page.read_text().replace("</body>", "<script>document.body.remove()</script></body>"))
    kept, said = browser(page, tmp_path / "kept.png", dark=False)
    assert "Content Security Policy" in said
    assert abs(kept - light) < 0.01
