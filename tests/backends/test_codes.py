"""Codes of measured values in C: bit for bit those of Python, on three compilers' terms, and planted faults."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lgnc.flows.stations.c_codes import codes, telling_values
from lgnc.formats.lift import lift
from lgnc.ir.circuit import Circuit
from lgnc.ir.quantiser import Quantiser
from lgnc.toolchain import find_tool, require_tool, run
from tests.backends.support import emitted, plant, visit_of, write
from tests.backends.test_c_processors import require
from tests.backends.test_row import snippet
from tests.support import needs, random_model

STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")


def coded(dtype: str, scale: list[int], offset: list[int]) -> Circuit:
    """A network of codes. scale: powers of two."""
    model = random_model(2, dtype=dtype, features=len(scale), classes=3)
    quantiser = Quantiser(np.ldexp(1.0, np.array(scale)), np.array(offset))
    return lift(replace(model, encoder=replace(model.encoder, quantiser=quantiser)))


SMALL = coded("int16", [-9, 0, 3, -149, 127], [-900, 0, 2**29 - 1, 0, 1 - 2**29])
CIRCUITS = {
    "offsets of 32 bits": SMALL,
    "int8": coded("int8", [-3, 0, 40], [-128, 7, 0]),
    "offsets of 64 bits": coded("int16", [-200, 200, 0, -20, 30], [2**51, -(2**51), 2**40, 0, 2**29]),
}


@needs("cc")
@pytest.mark.parametrize("case", CIRCUITS)
def test_codes_in_c_are_those_of_python(case: str, tmp_path: Path) -> None:
    circuit = CIRCUITS[case]
    write("c", circuit, tmp_path)
    found = codes(visit_of(tmp_path, circuit))
    assert (found.ok, found.how) == (True, "tested"), found.detail
    run([require_tool("cc"), "-std=c99", *STRICT, "-fsyntax-only", "net_codes.c"], cwd=tmp_path)


MAIN = """
#include "net_codes.h"
#include <stdio.h>
#include <string.h>
static const uint32_t bits[] = {%s};
static float values[sizeof bits / sizeof *bits];
static int16_t codes[sizeof bits / sizeof *bits];
int main(void)
{
    size_t i;
    memcpy(values, bits, sizeof values);
    net_quantise(values, sizeof bits / sizeof *bits / NET_FEATURES, codes);
    for (i = 0; i < sizeof bits / sizeof *bits; i++) {
        printf("%%d ", codes[i]);
    }
    return 0;
}
"""


@needs("cc")
@pytest.mark.parametrize("processor", ["this one", "s390x"])
def test_neither_fast_math_nor_the_order_of_bytes_has_a_say(processor: str, folder: Path, tmp_path: Path) -> None:
    compiler, *runner = [require_tool("cc")] if processor == "this one" else require(processor)
    quantiser = SMALL.encoder.quantiser
    assert quantiser is not None
    with np.errstate(over="ignore"):
        values = telling_values(quantiser, np.dtype("int16")).astype(np.float32)
    listed = ", ".join(f"0x{bits:x}u" for bits in values.view(np.uint32).ravel().tolist())
    (tmp_path / "main.c").write_text(MAIN % listed)
    flags: list[str | Path] = ["-O3", "-ffast-math", "-static", "-I", folder, "-o", tmp_path / "main"]
    run([compiler, *flags, tmp_path / "main.c", folder / "net_codes.c"])
    found = run([*runner, tmp_path / "main"]).decode().split()
    assert list(map(int, found)) == quantiser.codes(values, "int16").ravel().tolist()


def test_the_values_that_are_tried_show_every_place_where_a_code_changes() -> None:
    """Ties go to even codes, so of two neighbouring ties one goes up and one down."""
    quantiser = SMALL.encoder.quantiser
    assert quantiser is not None
    values = telling_values(quantiser, np.dtype("int16"))
    found = quantiser.codes(values, "int16")
    assert found.min() == -32768
    assert found.max() == 32767
    assert (found[np.isnan(values)] == -32768).all()
    steps = {float(each) for each in values[:, 1] if abs(each) < 9}
    assert steps >= {-1.5, -0.5, 0.5, 1.5}
    half = np.float32(0.5)
    assert {float(np.nextafter(half, np.float32(to))) for to in (0, 1)} <= steps


EACH = "i++) {\n        for (feature = 0; feature < NET_FEATURES; feature++) {\n            "
FAULTS = [
    ("net_codes.c", "rest > half ||", "rest >= half ||", "the float"),
    ("net_codes.c", "(whole & 1u) != 0u", "(whole & 1u) == 0u", "the float"),
    ("net_codes.c", "steps > high ?", "steps >= high - 1 ?", "has code"),
    ("net_codes.c", "exponent = 1; /* subnormal */", "exponent = 0;", "the float"),
    ("net_codes.c", "1075", "1076", "the double"),
    ("net_codes.c", "minus || m != 0u ? NET", "minus ? NET", "the float nan"),
    ("net_codes.c", "exponent - net", "exponent + 1 - net", "the reading"),
    ("net_codes.c", "(uint32_t)(infinity << 1)", "(uint32_t)(infinity << 1) - 2u", "the number of NaN"),
    ("net_codes.c", f"< n; {EACH}uint32_t", f"<= n; {EACH}uint32_t", "beyond the rows"),
    ("net_codes.c", f"< n; {EACH}uint64_t", f"<= n; {EACH}uint64_t", "beyond the rows"),
    ("net_codes.h", "{ -9, 0,", "{ -9, 1,", "the header has 2^1"),
    ("net_codes.h", "{ -900,", "{ -901,", "the header has 2^-9 and -901"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    at = tmp_path_factory.mktemp("codes")
    write("c", SMALL, at)
    return at


@needs("cc")
@pytest.mark.parametrize(("file", "old", "new", "told"), FAULTS)
def test_a_planted_fault_is_no(file: str, old: str, new: str, told: str, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    plant(tmp_path / file, old, new)
    found = codes(visit_of(tmp_path, SMALL))
    assert found.ok is False
    assert told in found.detail


@needs("cc")
def test_what_the_page_shows_compiles(folder: Path, tmp_path: Path) -> None:
    body = snippet("targets-c.md", "net_quantise").replace("NET_CODE codes", "int16_t codes")
    told = "(void)missing; (void)steps; (void)offsets; (void)codes;"
    source = f'#include "net_codes.h"\nvoid page(void);\nvoid page(void)\n{{\n{body}\n{told}\n}}\n'
    (tmp_path / "page.c").write_text(source)
    run([require_tool("cc"), "-std=c99", *STRICT, "-I", folder, "-fsyntax-only", tmp_path / "page.c"])


@pytest.mark.parametrize(
    ("compiler", "flags"),
    [
        pytest.param("avr-gcc", ("-std=gnu99", "-Os", "-mmcu=atmega328p"), marks=needs("avr-gcc")),
        pytest.param(
            "arm-none-eabi-gcc", ("-std=c99", "-O2", "-mcpu=cortex-m3", "-mthumb"), marks=needs("arm-none-eabi-gcc")
        ),
    ],
)
def test_chips_without_floats_compile_it(compiler: str, flags: tuple[str, ...], tmp_path: Path) -> None:
    """With no call of a soft-float routine (nor of any other but memcpy), and on an AVR without data in RAM; there no
    function takes a double.
    """
    write("c", SMALL, tmp_path, target_profile="mcu")
    tool = find_tool(compiler)
    assert tool is not None
    run([tool, *flags, *STRICT, "-c", "net_codes.c"], cwd=tmp_path)
    listed = run([tool.replace("gcc", "nm"), "net_codes.o"], cwd=tmp_path).decode()
    assert "net_quantise" in listed
    assert ("net_quantise_double" in listed) == (compiler != "avr-gcc")
    assert {line.split()[-1] for line in listed.splitlines() if " U " in line} <= {"memcpy"}
    if compiler == "avr-gcc":
        assert not [line for line in listed.splitlines() if line.split()[-2] in "dDbB"]


PLAIN = SMALL.with_(encoder=replace(SMALL.encoder, quantiser=None))


def test_other_networks_have_no_codes() -> None:
    assert not [path for path in emitted("c", PLAIN).files if "codes" in path]


def test_codes_of_a_network_without_them_are_no(folder: Path) -> None:
    found = codes(visit_of(folder, PLAIN))
    assert found.ok is False
    assert "no codes" in found.detail
