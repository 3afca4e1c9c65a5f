"""Proofs of answers: certificates, what nothing decides, folders that are read back, and planted faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lgnc
from lgnc.diagnostics import BadInput, Failed
from lgnc.flows.questions import proofs as proofs_module
from lgnc.formats.lgn import Model
from lgnc.verify.question import Classes
from lgnc.verify.verdict import Verdict
from tests.flows.test_ask import small, told
from tests.flows.test_compare import resign
from tests.support import needs, random_model

pytestmark = pytest.mark.filterwarnings("ignore::lgnc.LgncWarning")


def test_what_nothing_decides_is_undecided() -> None:
    model = random_model(0, features=40, thresholds=4, layers=4, width=600, classes=4)
    rows = np.zeros((2, 40), np.uint8)
    for limit in (0.0, 1e-9):
        done = lgnc.ask(model, robust=rows, radius=0, time_limit=limit)
        assert told(done) == {"row 0": "undecided", "row 1": "undecided"}
        assert (done.good, done.facts["decided"], done.facts["safe"]) == (False, 0.0, 0.0)
    assert told(lgnc.ask(model, reachable="class 1", time_limit=0)) == {"class class 1": "undecided"}
    assert not lgnc.ask(model, unused=True, time_limit=0).good


def safe_rows(model: Model) -> NDArray[Any]:
    rows = np.random.default_rng(0).integers(0, 255, (30, 2), np.uint8, endpoint=True)
    words = [each.word for each in lgnc.ask(model, robust=rows, radius=20).answers]
    assert {"safe", "flipped"} == set(words)
    return rows


def test_certificates_are_replayed_and_fit_no_other_question(tmp_path: Path) -> None:
    model, path = small(2), tmp_path / "answers"
    rows = safe_rows(model)
    written = lgnc.ask(model, robust=rows, radius=20, certificate=path)
    again = lgnc.ask(model, robust=rows, radius=20, check=path)
    words = {"safe": "safe", "flipped": "undecided"}
    assert [each.word for each in again.answers] == [words[each.word] for each in written.answers]
    assert "lemmas follow" in next(each for each in again.answers if each.word == "safe").detail
    assert "has no proof of it" in next(each for each in again.answers if each.word == "undecided").detail
    for radius, steps in ((90, False), (2, True)):
        with pytest.raises(BadInput, match="is not a certificate for these circuits"):
            lgnc.ask(model, robust=rows, check=path, radius=radius, steps=steps)
    text = path.read_text()
    for wrong in (text[: len(text) // 2], text.replace("lgnc answers 1", "lgnc answers 2"), "", text + "more"):
        path.write_text(wrong)
        with pytest.raises(BadInput, match="is no file of answers, or is cut"):
            lgnc.ask(model, robust=rows, radius=20, check=path)
    path.write_text(text.replace('question "row', "question row", 1))
    with pytest.raises(BadInput, match="is there twice, or is none"):
        lgnc.ask(model, robust=rows, radius=20, check=path)


def test_a_proof_that_does_not_follow_is_refused(tmp_path: Path) -> None:
    model, path = small(5, features=4), tmp_path / "answers"
    other = lgnc.optimise(model, level=2)
    assert lgnc.ask(model, equal_up_to="class 0", other=other, certificate=path).answers[0].word == "equal"
    lines = path.read_text().split("\n")
    lemmas = [k for k, line in enumerate(lines) if line.startswith("m ")]
    assert lemmas
    _, node, literal = lines[lemmas[0]].split()
    lines[lemmas[0]] = f"m {node} {int(literal) ^ 1}"
    path.write_text("\n".join(lines))
    with pytest.raises(Failed, match="does not follow"):
        lgnc.ask(model, equal_up_to="class 0", other=other, check=path)
    path.write_text("\n".join(line for line in lines if line[:2] not in ("m ", "w ", "c ")))
    with pytest.raises(Failed, match="does not prove output"):
        lgnc.ask(model, equal_up_to="class 0", other=other, check=path)


def test_a_fault_in_the_question_meets_rows_that_were_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """What calls all things proven meets random rows that say otherwise, what refutes all a replay."""
    model = small(2)
    rows = safe_rows(model)
    right = [each.word for each in lgnc.ask(model, robust=rows, radius=20).answers]
    always = Verdict(True, "proven", 0, None, 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(proofs_module, "prove", lambda *_, **__: always)
        assert [each.word for each in lgnc.ask(model, robust=rows, radius=20).answers] == right
    beats = Classes.beats
    with monkeypatch.context() as patch:
        patch.setattr(Classes, "beats", lambda self, one, other: beats(self, other, one))
        with pytest.raises(Failed, match="does not replay"):
            lgnc.ask(model, robust=rows, radius=20)


FOLDERS: list[tuple[str, dict[str, Any], str]] = [
    ("numpy", {}, "which net.py, read back from its text, is proven to be"),
    ("c", {"target_profile": "portable"}, "which net.c, read back from its text, is proven to be"),
    ("verilog", {}, "which net.v, read back from its text, is proven to be"),
    (
        "verilog",
        {"popcount": "serial", "interface": "stream"},
        "its text is not proven to be it: its popcount is serial",
    ),
]


@needs("iverilog")
@pytest.mark.parametrize(("target", "settings", "said"), FOLDERS)
def test_folders_are_read_back(target: str, settings: dict[str, Any], said: str, tmp_path: Path) -> None:
    model = small(4)
    out = lgnc.compile(model, target, tmp_path / "out", name="net", **settings).path
    found = lgnc.ask(out, reachable="class 1")
    assert said in found.asked_of
    assert told(found) == told(lgnc.ask(model, reachable="class 1"))


def test_a_folder_whose_text_is_another_network_is_refused(tmp_path: Path) -> None:
    out = lgnc.compile(small(4), "c", tmp_path / "out", name="net", target_profile="portable").path
    text = (out / "net.c").read_text()
    (out / "net.c").write_text(text.replace(" ^ ", " | "))
    assert " ^ " in text
    resign(out, "net.c")
    with pytest.raises(Failed, match="its text is not the circuit recorded in it"):
        lgnc.ask(out, reachable="class 1")
