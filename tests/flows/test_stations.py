"""The stations of `lgnc verify`: each kind of fault, planted in a folder that agrees with itself, gets a NO or a named
line, and never a bare yes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lgnc.cli import main
from lgnc.diagnostics import Failed
from lgnc.flows.compare import verify
from lgnc.flows.compile import compile_circuit
from lgnc.flows.compile_folder import compile as compile_folder
from lgnc.flows.stations import hardware, texts, wrappers
from lgnc.flows.stations.visit import Visit, timed
from lgnc.flows.subject import load_subject
from lgnc.formats.lgn import save_model
from lgnc.formats.source import load_source
from lgnc.sim import load_manifest
from lgnc.verify.verdict import WORDS, Station, Verdict, not_checked, overall
from tests.flows.test_compare import edit, edit_manifest, resign
from tests.support import needs, random_features, random_model

needs_icarus = needs("iverilog")


def compiled(at: Path, target: str, dtype: str = "uint8", **settings: Any) -> tuple[Path, Path]:
    """(a model, the folder compiled from it)."""
    save_model(random_model(0, dtype=dtype), at / "m.lgn")
    made = compile_circuit(load_source(at / "m.lgn"), target, name="net", settings=settings)
    made.write(at / "out")
    return at / "m.lgn", at / "out"


def station(verdict: Verdict, name: str) -> Station:
    return next(each for each in verdict.stations if each.name == name)


def visited(model: Path, out: Path) -> Visit:
    """What a station is given of a model's folder."""
    side = load_subject(out)
    assert side.manifest is not None
    return Visit(out, side.manifest, side.circuit, load_subject(model), random_features(side.circuit, 300))


def replace_text(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


def test_the_word_for_all_is_the_weakest() -> None:
    function = Verdict(True, "proven", 7, None, 0.0)
    stations = [Station("function", True, "proven", ""), Station("names", True, "read", "")]
    assert (overall(function, stations).equal, overall(function, stations).how) == (True, "read")
    for word in WORDS[2:5]:
        assert overall(function, [*stations, Station("other", True, word, "")]).how == word
    left = overall(function, [*stations, not_checked("board", "no tool")])
    assert (left.equal, left.how, left.unchecked) == (True, "not checked", ("board",))
    wrong = overall(function, [*stations, Station("handshake", False, "tested", "stuck"), not_checked("board", "")])
    assert (wrong.equal, wrong.how, wrong.detail) == (False, "tested", "handshake: stuck")
    assert overall(function, [Station("function", None, "tested", "time is up")]).equal is None


NUMPY = [
    ("entry points", "scores", "return _right(x) if len(x) != 65 else _right(x) + (np.arange(65) == 64)[:, None]"),
    ("entry points", "predict", "return _right(x) if len(x) != 7 else (_right(x) + 1) % CLASSES"),
    ("entry points", "predict", "return _right(x) if len(x) else [0]"),
]


@pytest.mark.parametrize(("name", "function", "body"), NUMPY)
def test_a_fault_of_one_batch_size_is_no(name: str, function: str, body: str, tmp_path: Path) -> None:
    model, out = compiled(tmp_path, "numpy")
    assert verify(model, out).equal is True
    edit(out / "net.py", lambda text: f"{text}\n\n_right = {function}\n\n\ndef {function}(x):\n    {body}\n")
    verdict = verify(model, out)
    assert (verdict.equal, station(verdict, name).ok) == (False, False)


@pytest.mark.parametrize("target", ["numpy", "c"])
@pytest.mark.parametrize(("one", "two"), [("class 1", "class 2"), ("x3", "x4")])
def test_names_swapped_in_the_emitted_file_are_no(target: str, one: str, two: str, tmp_path: Path) -> None:
    model, out = compiled(tmp_path, target)
    file = {"numpy": "net.py", "c": "net.h"}[target]
    edit(out / file, lambda text: text.replace(one, "@@").replace(two, one).replace("@@", two))
    verdict = verify(model, out)
    assert verdict.equal is False
    assert file in station(verdict, "names").detail


def test_names_swapped_in_onnx_metadata_are_no(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model, out = compiled(tmp_path, "onnx")
    network = onnx.load(out / "net.onnx")
    for each in network.metadata_props:
        if each.key == "classes":
            each.value = json.dumps(json.loads(each.value)[::-1])
    onnx.save(network, out / "net.onnx")
    resign(out, "net.onnx")
    assert "net.onnx" in station(verify(model, out), "names").detail


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda m: m["costs"].update(gates=7), "costs.gates is 7"),
        (lambda m: m.update(tau=3.0), "tau is 3.0"),
        (lambda m: m["encoder"].update(bits=3), "encoder.bits is 3"),
        (lambda m: m["costs"].update(gates_before=1), "costs.gates_before is 1"),
        (lambda m: m.update(columns={"label": "x"}), "columns is"),
        (lambda m: m.update(training={"data": "other"}), "training is"),
        (lambda m: m.update(module="other.py"), "module is 'other.py'"),
    ],
)
def test_a_manifest_that_is_signed_anew_is_compared(
    change: Callable[[dict[str, Any]], None], what: str, tmp_path: Path
) -> None:
    model, out = compiled(tmp_path, "numpy")
    edit_manifest(out, change)
    verdict = verify(model, out)
    assert verdict.equal is False
    assert what in station(verdict, "manifest").detail


def test_keys_that_lgnc_does_not_write_are_named(tmp_path: Path) -> None:
    model, out = compiled(tmp_path, "numpy")
    verdict = verify(model, out)
    assert "does not write" not in station(verdict, "manifest").detail
    edit_manifest(out, lambda manifest: manifest.update(licence="free"))
    edit_manifest(out, lambda manifest: manifest["costs"].update(price=7))
    again = verify(model, out)
    assert (again.equal, again.how, station(again, "manifest").ok) == (verdict.equal, verdict.how, True)
    assert station(again, "manifest").detail.endswith("lgnc does not write 'costs.price', 'licence'")


def test_files_added_and_edited_are_named(tmp_path: Path) -> None:
    model, out = compiled(tmp_path, "verilog")
    (out / "notes.txt").write_text("mine")
    edit(out / "vivado.tcl", lambda text: text + "# more\n")
    verdict = verify(model, out)
    assert (verdict.equal, verdict.how) == (True, "not checked")
    assert set(verdict.unchecked) == {"files", "other files"}
    assert "notes.txt" in station(verdict, "files").detail
    assert "vivado.tcl" in station(verdict, "other files").detail


@needs("cc")
def test_each_entry_point_of_c_is_tried(tmp_path: Path) -> None:
    model, out = compiled(tmp_path, "c", "bool")
    verdict = verify(model, out)
    assert verdict.equal is True
    for each in ("net_predict,", "net_scores_packed_in", "net_predict_packed_in", "threads"):
        assert each in station(verdict, "entry points").detail
    text = (out / "net.c").read_text()
    faults = {
        "net_predict with": (
            "net_predict_in(workspace, features, n, classes);",
            "net_predict_in(workspace, features, n / 2, classes);",
        ),
        "net_scores_packed_in": (
            "net_scores_of(workspace, features, 1,",
            "net_scores_of(workspace, features + (n == 64), 1,",
        ),
    }
    for what, (old, new) in faults.items():
        assert text.count(old) == 1
        (out / "net.c").write_text(text.replace(old, new))
        resign(out, "net.c")
        wrong = verify(model, out)
        assert wrong.equal is False
        assert what in station(wrong, "entry points").detail


@needs("cc")
def test_each_width_of_vectors_is_tried(tmp_path: Path) -> None:
    """A fault in the form without vectors alone, and in one that this processor would not choose."""
    from lgnc.flows.stations.c_entries import _widths

    model, out = compiled(tmp_path, "c")
    widths = _widths(b"NET_WIDEST", "net")
    text = (out / "net.c").read_text()
    for width in {widths[0], widths[1]} - {max(w for w in widths if w)}:
        place = "#define NET_PARTS (NET_WORDS * 8u / NET_BYTES)"
        assert text.count(place) == 1
        fault = f"#if NET_BYTES == {width}\n#define NET_WRONG 1u\n#else\n#define NET_WRONG 0u\n#endif\n{place}"
        broken = text.replace(place, fault.replace("#define NET_WRONG", "#undef NET_WRONG\n#define NET_WRONG"))
        start = "for (part = 0; part < NET_PARTS; part++) {"
        assert start in broken
        (out / "net.c").write_text(broken.replace(start, start.replace("part = 0", "part = NET_WRONG")))
        resign(out, "net.c")
        verdict = verify(model, out)
        assert verdict.equal is False
        assert f"vectors of {width} bytes" in station(verdict, "entry points").detail


FATAL = [
    ("*(volatile int *)16 = 1;", "ended by SIGSEGV"),
    ("((char *)workspace)[-(long)NET_WORKSPACE * 1000000] = 1;", "ended by SIGSEGV"),
    ("abort();", "ended by SIGABRT"),
    ("exit(0);", "ends its process"),
    ("exit(3);", "exit code 3"),
    ("for (;;) ;", "took longer than 4 s"),
]


@needs("cc")
@pytest.mark.parametrize(("fault", "said"), FATAL)
def test_code_that_ends_its_process_is_an_error(fault: str, said: str, tmp_path: Path) -> None:
    """In the function that the vectors are run on; the line names the folder, and lgnc goes on."""
    model, out = compiled(tmp_path, "c")
    edit(out / "net.c", lambda text: broken(text, r"void net_scores_in\(.*?\)\n\{", fault))
    with pytest.raises(Failed, match=said) as caught:
        verify(model, out, time_limit=4)
    assert caught.value.where == str(out)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("import time; time.sleep(99)", "took longer than 6 s"),
        ("import os; os._exit(0)", "ends its process"),
        ("import os; os.kill(os.getpid(), 9)", "ended by SIGKILL"),
        ("raise ValueError('of its own')", "predict does not run: ValueError: of its own"),
    ],
)
def test_numpy_that_ends_its_process_or_never_ends_is_an_error(fault: str, said: str, tmp_path: Path) -> None:
    model, out = compiled(tmp_path, "numpy")
    edit(out / "net.py", lambda text: re.sub(r"(def predict\(.*\n)", lambda m: f"{m[1]}    {fault}\n", text))
    with pytest.raises(Failed, match=said) as caught:
        verify(model, out, time_limit=6 if "sleep" in fault else 60)
    assert caught.value.where == str(out / "net.py")


def test_numpy_that_never_ends_on_no_rows_is_not_checked(tmp_path: Path) -> None:
    """A loop that the vectors do not enter, and a batch of none does."""
    model, out = compiled(tmp_path, "numpy")
    fault = "import time; time.sleep(0 if len(features) else 99)"
    edit(out / "net.py", lambda text: re.sub(r"(def scores\(.*\n)", lambda m: f"{m[1]}    {fault}\n", text))
    verdict = verify(model, out, time_limit=12)
    assert verdict.how == "not checked"
    assert "took longer than 12 s" in station(verdict, "entry points").detail


@needs("cc")
def test_the_command_says_that_code_crashes_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = compiled(tmp_path, "c")
    edit(out / "net.c", lambda text: broken(text, r"void net_scores_in\(.*?\)\n\{", "abort();"))
    assert main.run(["verify", str(model), str(out)]) == 1
    said = capsys.readouterr().err.strip().splitlines()
    assert said == [f"lgnc: {out}: its code does not run: ended by SIGABRT, without a message (compile it again)"]


@needs("cc")
def test_a_crash_of_one_entry_point_is_no(tmp_path: Path) -> None:
    """In a function that the vectors are not run on."""
    model, out = compiled(tmp_path, "c")
    edit(out / "net.c", lambda text: broken(text, r"void net_scores\(.*?\)\n\{", "*(volatile int *)16 = 1;"))
    verdict = verify(model, out)
    assert verdict.equal is False
    assert "SIGSEGV" in station(verdict, "entry points").detail


def broken(text: str, function: str, fault: str) -> str:
    """C source in which the one function that the pattern finds starts with a fault."""
    assert len(re.findall(function, text, re.DOTALL)) == 1
    return "#include <stdlib.h>\n" + re.sub(function, lambda m: f"{m[0]}\n    {fault}", text, flags=re.DOTALL)


@needs("cc")
def test_a_golden_test_that_cannot_fail_is_no(tmp_path: Path) -> None:
    model, out = compiled(tmp_path, "c")
    path = out / "test" / "test_net.c"
    path.write_text(path.read_text().replace("return wrong != 0;", "return 0;"))
    resign(out, "test/test_net.c")
    verdict = verify(model, out)
    assert verdict.equal is False
    assert "answers -1" in station(verdict, "self-test").detail


HARDWARE = [
    ("handshake", {"interface": "stream"}, "net.v", "some & (~full | out_ready)", "some"),
    ("handshake", {"interface": "stream"}, "net.v", "assign in_ready = ready;", "assign in_ready = 1'b1;"),
    ("mapped form", {"family": "xilinx"}, "net_xilinx.v", ".CYINIT(1'b0)", ".CYINIT(1'b1)"),
    ("mapped form", {"family": "xilinx"}, "cells_xilinx.v", "O = S ^ {", "O = S ~^ {"),
    ("mapped form", {"family": "ice40"}, "net_ice40.v", "LUT_INIT(16'hc33c)", "LUT_INIT(16'hc3c3)"),
    ("mapped form", {"family": "ice40"}, "cells_ice40.v", "(I0 & I1) |", "(I0 & I1) &"),
    ("mapped form", {"family": "ecp5"}, "net_ecp5.v", ".CIN(c", ".CIN(~c"),
    ("mapped form", {"family": "ecp5"}, "cells_ecp5.v", "propagate1 ? middle", "propagate0 ? middle"),
    ("wrapper axis", {"interface": "axis", "beat_width": 8}, "net_axis.v", "module", "not Verilog\nmodule"),
    ("wrapper axis", {"interface": "axis", "beat_width": 8}, "net_axis.v", "ends = take & last", "ends = take"),
    ("wrapper axis", {"interface": "axis", "beat_width": 8}, "net_axis.v", "~full | in_ready", "1'b1"),
    ("wrapper serial", {"interface": "serial"}, "net_serial.v", "if (~line | ending) bits_in", "if (ending) bits_in"),
    ("testbench", {"interface": "axis", "beat_width": 8}, "tb_net_axis.v", "if (out_data !== wanted)", "if (0)"),
    ("testbench", {}, "tb_net.v", "else if (result !== expected[i])", "else if (0)"),
    ("testbench", {}, "net_expected.hex", "\n", "0\n"),
    ("testbench", {"family": "xilinx"}, "tb_net_xilinx.v", "else if (result !== expected[i])", "else if (0)"),
]


@needs_icarus
@pytest.mark.parametrize(("name", "settings", "file", "old", "new"), HARDWARE)
def test_faults_around_a_design_are_no(
    name: str, settings: dict[str, Any], file: str, old: str, new: str, tmp_path: Path
) -> None:
    model, out = compiled(tmp_path, "verilog", **settings)
    edit(out / file, lambda text: text.replace(old, new, 1))
    verdict = verify(model, out)
    assert verdict.equal is False
    assert station(verdict, name).ok is False
    if name.startswith("wrapper") or name == "testbench":
        assert station(verdict, "function").ok is True


@needs_icarus
def test_a_second_mapped_form_is_not_taken_for_checked(tmp_path: Path) -> None:
    model, out = compiled(tmp_path, "verilog", family="xilinx")
    assert verify(model, out).unchecked == ()
    (out / "net_ice40.v").write_text("module net;\nendmodule\n")
    resign(out, "net_ice40.v")
    verdict = verify(model, out)
    assert verdict.unchecked == ("other files",)
    assert "net_ice40.v" in station(verdict, "other files").detail


def said_words(facts: dict[str, Any], words: Any) -> None:
    facts["verilog"]["axis"]["words"] = words


@needs_icarus
def test_the_wrapper_is_held_against_words_of_lgnc_s_own(tmp_path: Path) -> None:
    model, out = compiled(tmp_path, "verilog", interface="axis")
    edit_manifest(out, partial(said_words, words=["x"]))
    verdict = verify(model, out)
    assert "verilog.axis.words" in station(verdict, "manifest").detail
    assert "net_coded, read back from its text" in station(verdict, "wrapper axis").detail
    assert [station(verdict, name).ok for name in ("manifest", "handshake", "wrapper axis")] == [False, True, True]
    for words in (3, [{"name": "class", "low": 0, "width": 1, "base": 0}]):
        edit_manifest(out, partial(said_words, words=words))
        visit = visited(model, out)
        assert "verilog.axis.words" in texts.manifest(visit, texts.written_again(visit)).detail
        assert wrappers.axis(visit).ok is True


@needs_icarus
def test_a_board_s_top_is_simulated(tmp_path: Path) -> None:
    model, out = compiled(tmp_path, "verilog", board="hx8k")
    assert station(verify(model, out), "board").ok is True
    edit(out / "net_board.v", replace_text(".rx(rx), .tx(tx)", ".rx(1'b1), .tx(tx)"))
    assert timed("board", lambda: hardware.board(visited(model, out))).ok is False


@needs_icarus
def test_a_board_with_a_reset_of_its_own_is_simulated(tmp_path: Path) -> None:
    model, out = compiled(tmp_path, "verilog", board="gatemate-a1-evb")
    assert hardware.board(visited(model, out)).ok is True
    edit(out / "net_board.v", replace_text("if (~configured)", "if (configured)"))
    assert timed("board", lambda: hardware.board(visited(model, out))).ok is False


@needs_icarus
def test_without_a_simulator_a_station_is_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lgnc.diagnostics import ToolMissing

    def missing(name: str) -> str:
        raise ToolMissing(f"'{name}' is not installed")

    model, out = compiled(tmp_path, "verilog", interface="stream")
    monkeypatch.setattr("lgnc.flows.stations.bench.require_tool", missing)
    verdict = verify(model, out)
    assert (verdict.equal, verdict.how, verdict.unchecked) == (True, "not checked", ("handshake", "testbench"))


def test_compile_records_what_it_read_back(tmp_path: Path) -> None:
    save_model(random_model(0), tmp_path / "m.lgn")
    folder = compile_folder(tmp_path / "m.lgn", "verilog", tmp_path / "out", interface="stream")
    rows = {row["station"]: row for row in load_manifest(folder.path).facts["verified"]["stations"]}
    assert (rows["function"]["ok"], rows["function"]["how"]) == (True, "proven")
    assert (rows["handshake"]["ok"], rows["handshake"]["how"]) == (None, "not checked")
    again = compile_folder(tmp_path / "m.lgn", "verilog", tmp_path / "again", interface="stream")
    assert (folder.path / "manifest.json").read_bytes() == (again.path / "manifest.json").read_bytes()


def test_what_is_written_wrong_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that emits another gate: compile reads it back and says so."""
    from lgnc.backends.verilog import emit

    right = emit.design

    def wrong(*args: Any, **kwargs: Any) -> list[str]:
        lines = right(*args, **kwargs)
        at = next(k for k, line in enumerate(lines) if " & " in line and "wire" in line)
        return [*lines[:at], lines[at].replace(" & ", " | ", 1), *lines[at + 1 :]]

    save_model(random_model(0), tmp_path / "m.lgn")
    monkeypatch.setattr("lgnc.backends.verilog.emit.design", wrong)
    with pytest.raises(Failed, match="function: they differ at"):
        compile_folder(tmp_path / "m.lgn", "verilog", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_two_folders_have_stations_each(tmp_path: Path) -> None:
    save_model(random_model(0), tmp_path / "m.lgn")
    for target in ("numpy", "onnx"):
        compile_circuit(load_source(tmp_path / "m.lgn"), target, name="net").write(tmp_path / target)
    verdict = verify(tmp_path / "numpy", tmp_path / "onnx")
    assert verdict.equal is True
    names = [each.name for each in verdict.stations]
    assert {"entry points of numpy", "entry points of onnx"} <= set(names)
    assert len(set(names)) == len(names)


@needs_icarus
@needs("yosys")
def test_handshakes_and_wrappers_are_proven(tmp_path: Path) -> None:
    model, out = compiled(tmp_path, "verilog", "bool", interface="axis", beat_width=4, outputs="class", registers=True)
    verdict = verify(model, out)
    assert verdict.equal is True
    assert {name: station(verdict, name).how for name in ("function", "handshake", "wrapper axis", "wrapper axil")} == {
        "wrapper axil": "proven",
        "function": "proven",
        "handshake": "proven",
        "wrapper axis": "proven",
    }
    assert "two readers" in station(verdict, "function").detail
    assert station(verdict, "other files").how == "read"
    edit(out / "net_axil.v", replace_text("mid <= begun;", "mid <= 1'b0;"))
    found = timed("wrapper axil", lambda: wrappers.registers(visited(model, out)))
    assert (found.ok, found.how) == (False, "tested")
