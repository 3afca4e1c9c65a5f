"""Board projects of the C target, built and run on their emulators; the foretold flash and RAM; the budgets."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.backends.c.boards import BOARDS, check_fits, chip_of, state_room
from lgnc.backends.c.mcu import straight_body
from lgnc.backends.c.mcu_budget import CHIPS
from lgnc.backends.c.text import header, named
from lgnc.backends.normal import normal_form
from lgnc.diagnostics import BadInput, Failed
from lgnc.formats.lift import lift
from lgnc.ir import Circuit
from lgnc.ir.gates import AND
from lgnc.passes.manager import run_pipeline
from lgnc.sim.board import run_board
from lgnc.sim.folder import run_folder
from lgnc.sim.manifest import Manifest
from lgnc.toolchain import find_tool
from lgnc.toolchain import run as run_tool
from tests.backends.support import edge_features, emitted, mismatches, sealed, write
from tests.support import needs, random_circuit, random_model

AVR = ("-std=gnu99", "-Os", "-mmcu=atmega328p", "-ffunction-sections")
ARM = ("-std=c99", "-O2", "-mcpu=cortex-m3", "-mthumb", "-ffunction-sections")
M0 = ("-std=c99", "-O2", "-mcpu=cortex-m0", "-mthumb", "-ffunction-sections")
RV32 = ("-std=c99", "-O2", "-march=rv32imac", "-mabi=ilp32", "--specs=picolibc.specs", "-ffunction-sections")
STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")

CASES: dict[str, Circuit] = {
    "uint8": lift(random_model(1, width=200)),
    "int16": lift(random_model(2, dtype="int16", width=80)),
    "float32": lift(random_model(3, dtype="float32", width=80)),
    "int64": lift(random_model(5, dtype="int64", width=60, features=6)),
    "no head": random_circuit(4, gates=100),
    "inverted literals, offsets": random_circuit(2, classes=3, outputs=13),
}


def _tool(name: str) -> str:
    path = find_tool(name)
    assert path is not None
    return path


def _mps2(test: Any) -> Any:
    return needs("make")(needs("arm-none-eabi-gcc")(needs("qemu-system-arm")(test)))


def _avr(test: Any) -> Any:
    return needs("make")(needs("avr-gcc")(needs("simavr")(test)))


def _riscv(test: Any) -> Any:
    return needs("make")(needs("riscv64-unknown-elf-gcc")(needs("qemu-system-riscv32")(test)))


def _agrees(circuit: Circuit, board: str, folder: Path, rows: int = 40, style: str = "table") -> None:
    manifest = write("c", circuit, folder, board=board, style=style)
    assert manifest.facts["board"] == board
    features = edge_features(circuit, rows)
    result = run_folder(folder, features)
    assert result.engine == BOARDS[board].engine
    assert mismatches(circuit, features, result) == 0
    assert run_board(folder, manifest, features[:3]).ticks > min(20, circuit.gates)


@_mps2
@pytest.mark.parametrize("case", CASES)
def test_a_cortex_m3_gives_the_circuits_answers(case: str, tmp_path: Path) -> None:
    _agrees(CASES[case], "mps2-an385", tmp_path)


@_mps2
@pytest.mark.parametrize(("case", "style"), [("float32", "table"), ("uint8", "straight"), ("no head", "table")])
def test_a_cortex_m4f_gives_the_circuits_answers(case: str, style: str, tmp_path: Path) -> None:
    _agrees(CASES[case], "mps2-an386", tmp_path, style=style)
    makefile = (tmp_path / "board" / "Makefile").read_text()
    assert "-mfpu=fpv4-sp-d16" in makefile
    assert "-M mps2-an386 " in makefile


MIXED = [("uint8", "table"), ("float32", "straight"), ("int64", "table"), ("no head", "straight")]


@_mps2
@pytest.mark.parametrize(("case", "style"), MIXED)
def test_a_cortex_m0_gives_the_circuits_answers(case: str, style: str, tmp_path: Path) -> None:
    _agrees(CASES[case], "microbit", tmp_path, style=style)
    makefile = (tmp_path / "board" / "Makefile").read_text()
    assert "-mcpu=cortex-m0 " in makefile
    assert "-M microbit " in makefile


@_mps2
def test_the_count_of_a_cortex_m0_is_that_of_another_machine(tmp_path: Path) -> None:
    """The same code on the Cortex-M3's machine, whose counter is another: the same instructions but for reading it."""
    ticks = []
    for board in ("microbit", "mps2-an385"):
        folder = tmp_path / board
        folder.mkdir()
        manifest = write("c", CASES["int16"], folder, board=board, style="table")
        makefile = folder / "board" / "Makefile"
        makefile.write_text(makefile.read_text().replace("cortex-m3", "cortex-m0"))
        manifest = sealed(folder)
        ticks.append(run_board(folder, manifest, edge_features(CASES["int16"], 3)).ticks)
    assert abs(ticks[0] - ticks[1]) <= 8


@_riscv
@pytest.mark.parametrize(("case", "style"), MIXED)
def test_a_rv32_gives_the_circuits_answers(case: str, style: str, tmp_path: Path) -> None:
    _agrees(CASES[case], "riscv32-virt", tmp_path, style=style)
    assert "-march=rv32imac " in (tmp_path / "board" / "Makefile").read_text()


@_riscv
def test_a_rv32_counts_instructions(tmp_path: Path) -> None:
    """Not nanoseconds, which some versions of QEMU give: straight code has some two instructions a statement."""
    circuit = CASES["uint8"]
    manifest = write("c", circuit, tmp_path, board="riscv32-virt", style="straight")
    assert circuit.gates < run_board(tmp_path, manifest, edge_features(circuit, 3)).ticks < 6 * circuit.gates


@_avr
@pytest.mark.parametrize("case", ["uint8", "int16", "float32", "int64", "no head"])
def test_an_atmega328p_gives_the_circuits_answers(case: str, tmp_path: Path) -> None:
    _agrees(CASES[case], "atmega328p", tmp_path)


@_mps2
@pytest.mark.parametrize("case", CASES)
def test_straight_code_on_a_cortex_m3(case: str, tmp_path: Path) -> None:
    _agrees(CASES[case], "mps2-an385", tmp_path, style="straight")


@_avr
@pytest.mark.parametrize("case", ["uint8", "int16", "float32", "int64", "no head"])
def test_straight_code_on_an_atmega328p(case: str, tmp_path: Path) -> None:
    _agrees(CASES[case], "atmega328p", tmp_path, style="straight")


@_mps2
def test_straight_code_takes_a_quarter_of_the_tables_instructions(tmp_path: Path) -> None:
    circuit, ticks = CASES["uint8"], dict[str, int]()
    for style in ("table", "straight"):
        manifest = write("c", circuit, tmp_path / style, board="mps2-an385", style=style)
        ticks[style] = run_board(tmp_path / style, manifest, edge_features(circuit, 3)).ticks
    assert 4 * ticks["straight"] < ticks["table"]


@_avr
def test_rows_beyond_one_image_are_run_in_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgnc.sim.board._ROOM", 12 * 7)
    _agrees(CASES["uint8"], "atmega328p", tmp_path, rows=16)


@pytest.mark.parametrize(
    "board",
    [
        pytest.param("mps2-an385", marks=[needs(tool) for tool in ("make", "arm-none-eabi-gcc", "qemu-system-arm")]),
        pytest.param("microbit", marks=[needs(tool) for tool in ("make", "arm-none-eabi-gcc", "qemu-system-arm")]),
        pytest.param("atmega328p", marks=[needs(tool) for tool in ("make", "avr-gcc", "simavr")]),
        pytest.param(
            "riscv32-virt", marks=[needs(tool) for tool in ("make", "riscv64-unknown-elf-gcc", "qemu-system-riscv32")]
        ),
    ],
)
def test_the_project_checks_its_own_rows(board: str, tmp_path: Path) -> None:
    write("c", CASES["uint8"], tmp_path, board=board)
    printed = run_tool([_tool("make"), "-s", "run"], cwd=tmp_path / "board").decode(errors="replace")
    rows = 1024 // (12 + 5 * 4)
    assert f"rows {rows} wrong 0" in printed
    assert sum(map(int, re.findall(r"class \d rows (\d+)", printed))) == rows


@_mps2
def test_a_project_without_a_head_checks_its_own_rows(tmp_path: Path) -> None:
    write("c", CASES["no head"], tmp_path, board="mps2-an385")
    board, make = tmp_path / "board", [_tool("make"), "-s", "run"]
    assert " wrong 0 " in run_tool(make, cwd=board).decode(errors="replace")
    rows = board / "net_rows.h"
    changed = re.sub(r"(net_expected\[\] = \{\s*)(\d)", lambda m: f"{m[1]}{1 - int(m[2])}", rows.read_text())
    assert changed != rows.read_text()
    rows.write_text(changed)
    with pytest.raises(Failed):
        run_tool(make, cwd=board)


@_mps2
def test_a_cortex_m3_takes_at_most_twelve_instructions_a_gate(tmp_path: Path) -> None:
    circuit = lift(random_model(1, width=900, layers=2, features=40, classes=10))
    manifest = write("c", circuit, tmp_path, board="mps2-an385", style="table")
    assert circuit.gates < run_board(tmp_path, manifest, edge_features(circuit, 3)).ticks <= 12 * circuit.gates
    assert manifest.facts["flash_bytes"] <= 6 * circuit.gates + 3072
    assert manifest.facts["ram_bytes"] <= 1024


def test_a_wide_network_trades_ram_for_flash_within_its_budget() -> None:
    wide = lift(random_model(1, width=2000, layers=2, features=64, classes=10))
    free = emitted("c", wide, target_profile="mcu").details
    held = emitted("c", wide, target_profile="mcu", max_ram=free["ram_bytes"] - 300).details
    assert held["ram_bytes"] <= free["ram_bytes"] - 300
    assert held["flash_bytes"] > free["flash_bytes"]
    with pytest.raises(Failed, match="bytes of RAM"):
        emitted("c", wide, target_profile="mcu", max_ram=500)


@_mps2
def test_a_changed_table_is_seen(tmp_path: Path) -> None:
    circuit = CASES["uint8"]
    write("c", circuit, tmp_path, board="mps2-an385", style="table")
    source = tmp_path / "net.c"
    source.write_text(
        re.sub(r"(net_offset\[\] = \{\s*)(-?\d+)", lambda m: f"{m[1]}{int(m[2]) + 1}", source.read_text())
    )
    features = edge_features(circuit, 10)
    sealed(tmp_path)
    assert mismatches(circuit, features, run_folder(tmp_path, features)) == 10
    with pytest.raises(Failed):
        run_tool([_tool("make"), "-s", "run"], cwd=tmp_path / "board")


@_mps2
def test_a_program_that_stops_early_is_a_failure(tmp_path: Path) -> None:
    write("c", CASES["uint8"], tmp_path, board="mps2-an385")
    main = tmp_path / "board" / "main.c"
    main.write_text(main.read_text().replace("    summary();", "    board_stop(0);"))
    with pytest.raises(Failed, match="answered 5 of 5 rows; the last line was: row 4"):
        run_board(tmp_path, sealed(tmp_path), edge_features(CASES["uint8"], 5))


def _foretold(seed: int) -> Circuit:
    """A network of the seed's feature type, of another shape for each."""
    dtype = ["uint8", "int16", "float32", "uint16", "bool", "int32", "int64", "float64"][seed]
    return lift(random_model(seed, dtype=dtype, width=150 * (seed % 3 + 1), features=40, classes=10, layers=2))


@needs("arm-none-eabi-gcc")
@needs("arm-none-eabi-size")
@pytest.mark.parametrize("seed", range(8))
def test_flash_and_ram_are_foretold_within_five_percent(seed: int, tmp_path: Path) -> None:
    manifest = write("c", _foretold(seed), tmp_path, target_profile="mcu")
    run_tool([_tool("arm-none-eabi-gcc"), *ARM, *STRICT, "-fstack-usage", "-c", "net.c"], cwd=tmp_path)
    _as_foretold(manifest, _tool("arm-none-eabi-size"), tmp_path, 0.05)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    ("board", "tools"),
    [
        pytest.param("microbit", "arm-none-eabi", marks=needs("arm-none-eabi-gcc")),
        pytest.param("riscv32-virt", "riscv64-unknown-elf", marks=needs("riscv64-unknown-elf-gcc")),
    ],
)
def test_other_boards_are_foretold_their_own_flash_and_ram(board: str, tools: str, seed: int, tmp_path: Path) -> None:
    circuit, compiler = _foretold(seed), _tool(f"{tools}-gcc")
    manifest = write("c", circuit, tmp_path, board=board, style="table")
    words = BOARDS[board].words
    assert manifest.facts["flash_and_ram_of"] == f"{tools}-gcc 12.2 -O2 {words['CPU']}"
    flags = [*words["CPU"].split(), f"--specs={words['SPECS']}", "-std=c99", "-O2", "-ffunction-sections", *STRICT]
    run_tool([compiler, *flags, "-fstack-usage", "-c", "net.c"], cwd=tmp_path)
    _as_foretold(manifest, compiler.removesuffix("gcc") + "size", tmp_path, 0.1)
    need = manifest.facts["flash_bytes"]
    emitted("c", circuit, board=board, style="table", max_flash=need)
    with pytest.raises(Failed, match=r"needs [\d,]+ bytes of flash"):
        emitted("c", circuit, board=board, style="table", max_flash=need * 2 // 3)


@needs("avr-gcc")
@pytest.mark.parametrize("seed", range(7))
def test_an_avr_is_foretold_its_own_flash_and_ram(seed: int, tmp_path: Path) -> None:
    circuit = _foretold(seed)
    manifest = write("c", circuit, tmp_path, board="atmega328p")
    assert manifest.facts["flash_and_ram_of"].startswith("avr-gcc")
    run_tool([_tool("avr-gcc"), *AVR, "-fstack-usage", "-c", "net.c"], cwd=tmp_path)
    _as_foretold(manifest, _tool("avr-gcc").replace("avr-gcc", "avr-size"), tmp_path, 0.07)
    need = manifest.facts["flash_bytes"]
    emitted("c", circuit, board="atmega328p", max_flash=need)
    with pytest.raises(Failed, match=r"needs [\d,]+ bytes of flash"):
        emitted("c", circuit, board="atmega328p", max_flash=need * 2 // 3)


@pytest.mark.parametrize("seed", range(7))
@pytest.mark.parametrize(
    ("family", "compiler", "flags"),
    [
        pytest.param("cortex-m3", "arm-none-eabi-gcc", ARM, marks=needs("arm-none-eabi-gcc")),
        pytest.param("avr", "avr-gcc", AVR, marks=needs("avr-gcc")),
        pytest.param("cortex-m0", "arm-none-eabi-gcc", M0, marks=needs("arm-none-eabi-gcc")),
        pytest.param("rv32imac", "riscv64-unknown-elf-gcc", RV32, marks=needs("riscv64-unknown-elf-gcc")),
    ],
)
def test_straight_code_keeps_its_ram(
    family: str, compiler: str, flags: tuple[str, ...], seed: int, tmp_path: Path
) -> None:
    """What a compiler keeps on the stack is bounded, not known: the manifest's RAM is not exceeded."""
    _keeps_its_ram(run_pipeline(_foretold(seed), 2)[0], family, [_tool(compiler), *flags], tmp_path)


@needs("riscv64-unknown-elf-gcc")
def test_doubles_on_a_rv32_keep_their_ram(tmp_path: Path) -> None:
    """Few of them are alive at a time, and yet each takes more of the stack than on an Arm."""
    made = lift(random_model(35, dtype="float64", width=60, features=40, classes=1, layers=2))
    _keeps_its_ram(run_pipeline(made, 2)[0], "rv32imac", [_tool("riscv64-unknown-elf-gcc"), *RV32], tmp_path)


def _keeps_its_ram(circuit: Circuit, family: str, compiler: list[str], tmp_path: Path) -> None:
    body = straight_body(normal_form(circuit), CHIPS[family])
    (tmp_path / "net.h").write_text(named(header(circuit, body), "net"))
    (tmp_path / "net.c").write_text(named(f'#include "NAME.h"\n#include <string.h>\n{body.text}', "net"))
    run_tool([*compiler, "-fstack-usage", "-c", "net.c"], cwd=tmp_path)
    frames = _frames(tmp_path)
    parts = max((size for name, size in frames.items() if name.startswith("net_part")), default=0)
    deepest = parts + sum(frames.get(f"net_{name}", 0) for name in CHAIN)
    assert circuit.head is not None
    foretold = CHIPS[family].footprint(circuit, code=0, tables=0, workspace=0, stack=body.stack).ram
    assert deepest <= foretold <= 4 * deepest


def _frames(folder: Path) -> dict[str, int]:
    """Function -> bytes of its stack frame, as the compiler wrote them to net.su."""
    lines = (folder / "net.su").read_text().splitlines()
    return {line.split("\t")[0].split(":")[-1].split(".")[0]: int(line.split("\t")[1]) for line in lines}


CHAIN = ("evaluate", "row", "row_class", "row_classes", "predict_in")
"""What `predict_in` calls, one in the other."""


def _as_foretold(manifest: Manifest, size: str, folder: Path, share: float) -> None:
    """Fails unless net.o takes the manifest's flash and RAM, but for a share of them."""
    text, data, bss = run_tool([size, "net.o"], cwd=folder).split(b"\n")[1].split()[:3]
    assert (data, bss) == (b"0", b"0")
    assert manifest.facts["flash_bytes"] == pytest.approx(int(text), rel=share)
    frames = _frames(folder)
    deepest = sum(frames.get(f"net_{function}", 0) for function in CHAIN)
    assert manifest.facts["ram_bytes"] == pytest.approx(manifest.facts["workspace_bytes"] + deepest, rel=share)


@pytest.mark.parametrize("family", CHIPS)
def test_each_kind_of_step_has_its_own_size(family: str) -> None:
    chip, circuit = CHIPS[family], CASES["uint8"]
    own = {k: chip.code(circuit, [k], False) - chip.code(circuit, [], False) for k in (AND, 16 + AND, 32, 33)}
    assert own == {AND: chip.loop[AND], 16 + AND: chip.sums[AND], 32: chip.compare["uint8"], 33: chip.count}
    assert (
        chip.code(circuit, [AND, 16 + AND, 32, 33], True)
        == chip.code(circuit, [], False) + sum(own.values()) + chip.wide * 2
    )


def test_what_an_avr_cannot_hold_is_refused() -> None:
    circuit = lift(random_model(1, dtype="float64", features=4))
    with pytest.raises(BadInput, match=r"--board: the features are float64, .* 24 bits \(train on integers"):
        emitted("c", circuit, board="atmega328p")
    assert "board/main.c" in emitted("c", circuit, board="mps2-an385").files


@needs("avr-gcc")
@pytest.mark.parametrize("profile", ["mcu", "portable"])
def test_a_narrow_double_does_not_compile(profile: str, tmp_path: Path) -> None:
    write("c", lift(random_model(1, dtype="float64", features=4)), tmp_path, target_profile=profile)
    with pytest.raises(Failed, match="double has fewer bits than the features"):
        run_tool([_tool("avr-gcc"), *AVR, "-w", "-Wfatal-errors", "-c", "net.c"], cwd=tmp_path)


@needs("avr-gcc")
def test_avr_code_has_no_data_and_no_warning(tmp_path: Path) -> None:
    write("c", CASES["uint8"], tmp_path, board="atmega328p")
    flags = ("-std=gnu99", "-Os", "-mmcu=atmega328p", "-Wall", "-Wextra", "-Werror")
    run_tool([_tool("avr-gcc"), *flags, "-c", "net.c"], cwd=tmp_path)
    size = run_tool([_tool("avr-gcc").replace("avr-gcc", "avr-size"), "net.o"], cwd=tmp_path)
    assert size.split(b"\n")[1].split()[1:3] == [b"0", b"0"]


def test_a_budget_that_holds_changes_nothing() -> None:
    plain = emitted("c", CASES["uint8"], target_profile="mcu")
    held = emitted("c", CASES["uint8"], target_profile="mcu", max_flash=16384, max_ram=1024)
    assert dict(plain.files) == dict(held.files)
    assert 0 < plain.details["flash_bytes"] < 16384
    assert 0 < plain.details["ram_bytes"] < 1024


@pytest.mark.parametrize(
    ("setting", "limit", "says"),
    [
        ("max_flash", 3000, r"needs [\d,]+ bytes of flash, [\d,]+ more than 3,000 \(code .* about \d+ gates fit"),
        ("max_flash", 100, "the code alone is too much"),
        ("max_ram", 64, "bytes of RAM, .* narrower layers"),
    ],
)
def test_a_budget_that_is_too_small_is_refused(setting: str, limit: int, says: str) -> None:
    settings: dict[str, Any] = {setting: limit}
    with pytest.raises(Failed, match=says):
        emitted("c", CASES["uint8"], target_profile="mcu", **settings)


@pytest.mark.parametrize("limit", [0, -1, "16K", 1.5, True])
def test_a_budget_that_is_no_number_is_refused(limit: object) -> None:
    with pytest.raises(BadInput, match="max-flash"):
        emitted("c", CASES["uint8"], target_profile="mcu", max_flash=limit)


def test_the_host_form_has_no_budget() -> None:
    with pytest.raises(BadInput, match="--target-profile mcu"):
        emitted("c", CASES["uint8"], max_ram=1024)


def test_boards_are_known_by_name_and_run_the_mcu_form() -> None:
    with pytest.raises(BadInput, match="valid: atmega328p, microbit, mps2-an385, mps2-an386, riscv32-virt"):
        emitted("c", CASES["uint8"], board="uno")
    with pytest.raises(BadInput, match="target-profile mcu"):
        emitted("c", CASES["uint8"], board="mps2-an385", target_profile="host")


def test_a_network_that_a_board_cannot_hold_is_refused() -> None:
    big = lift(random_model(1, width=3000, layers=5))
    with pytest.raises(Failed, match="atmega328p has 32,768"):
        emitted("c", big, board="atmega328p")
    assert "board/board.ld" in emitted("c", big, board="mps2-an385").files


@pytest.mark.parametrize("board", ["atmega328p", "microbit"])
def test_the_room_for_a_state_is_what_a_board_holds_beside_it(board: str) -> None:
    circuit = CASES["uint8"]
    room = state_room(circuit, board, None)
    assert room is not None
    less = state_room(circuit, board, 100)
    assert less is not None
    assert less < room
    for workspace, fits in ((room, True), (room + 1, False)):
        needs = chip_of(board).footprint(circuit, code=0, tables=0, workspace=workspace)
        if fits:
            check_fits(circuit, needs, board)
        else:
            with pytest.raises(Failed, match="of RAM"):
                check_fits(circuit, needs, board)


def test_rows_hold_every_feature_type() -> None:
    for dtype in ("bool", "int64", "float64"):
        circuit = lift(random_model(2, dtype=dtype, features=300, thresholds=1))
        header = emitted("c", circuit, board="mps2-an385").files["board/net_rows.h"].decode()
        rows = re.search(r"net_rows\[\] = \{([^}]*)\}", header)
        assert rows is not None
        assert len(rows[1].split(",")) - 1 == 300 * max(1, 1024 // (300 * (1 if dtype == "bool" else 8) + 5 * 4))
        assert np.array_equal(re.findall(r"ROW_COUNT (\d+)", header), [str(3 if dtype == "bool" else 1)])


ARDUINO = """
#include <stddef.h>
#include <stdint.h>
enum { A0 = 14 };
int analogRead(int pin);
unsigned long micros(void);
void delay(unsigned long ms);
struct Port {
    void begin(unsigned long baud);
    void print(const char *text);
    void print(unsigned long number);
    void println(const char *text);
};
extern Port Serial;
"""


@needs("torch")
@_mps2
@_avr
def test_the_example_does_what_its_page_says(tmp_path: Path) -> None:
    example = Path(__file__).resolve().parents[2] / "examples" / "firmware"
    work = tmp_path / "firmware"
    shutil.copytree(example, work)
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    blocks = re.findall(r"^```sh\n(.*?)^```$", (work / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    printed = "".join(
        run_tool(["bash", "-euc", block], cwd=work, env=path).decode(errors="replace") for block in blocks
    )
    assert re.findall(r"mismatches +(\d+)", printed) == ["0", "0"]
    assert re.findall(r"wrong (\d+)", printed) == ["0", "0"]
    assert min(float(found) for found in re.findall(r"^accuracy +([\d.]+)", printed, re.MULTILINE)) > 94
    (work / "Arduino.h").write_text(ARDUINO)
    compiler = _tool("avr-gcc").replace("avr-gcc", "avr-g++")
    flags = ["-mmcu=atmega328p", "-Os", "-Wall", "-Wextra", "-Werror", f"-I{work}", f"-I{work}/adc/lib/wave"]
    run_tool([compiler, *flags, "-c", work / "adc" / "src" / "main.cpp", "-o", work / "main.o"])
