"""C by hand: what is read means what C says, and what the reader cannot follow is refused, with its line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from lgnc.diagnostics import BadInput
from lgnc.ir import Circuit, Encoder
from lgnc.readback import c_statements
from lgnc.readback.c import read_back
from lgnc.verify.prove import prove

TYPES = {"uint8": "uint8_t", "int8": "int8_t", "int32": "int32_t", "float32": "float"}


LANES = "uint32_t f = (uint32_t)x[0] | (uint32_t)x[1] << 8, l = f & 0x7f7f7f7fu, c; (void)l;"
SUMS = "uint32_t a = x[0] > 5, b = x[1] > 7, both = a & b, s;"
BOTH = "o[0] = c >> 7 & 1; o[1] = c >> 15 & 1;"


def above(dtype: str, x: float, y: float) -> Circuit:
    """Two outputs: whether feature x is above one threshold, and feature y above another."""
    encoder = Encoder(("x", "y"), dtype, np.array([0, 1], np.int32), np.array([x, y]).astype(np.dtype(dtype)))
    none = np.zeros(0, np.int32)
    return Circuit(encoder, none.astype(np.uint8), none, none, np.array([0, 2], np.int32), None, ("a", "b"))


def read(folder: Path, circuit: Circuit, body: str, before: str = "") -> Circuit:
    """What `body` writes to o[0] and o[1], of x[0] and x[1]."""
    header = "#include <stddef.h>\n#include <stdint.h>\n#define NET_WORKSPACE 8u\n"
    signature = f"void net_outputs_in(void *w, const {TYPES[circuit.encoder.dtype]} *x, size_t n, uint8_t *o)"
    text = f'#include "net.h"\n#include <string.h>\n{before}\n{signature}\n{{\n(void)w, (void)n;\n{body}\n}}\n'
    (folder / "net.h").write_text(header)
    (folder / "net.c").write_text(text)
    return read_back(folder, "net", circuit)


@pytest.mark.parametrize(
    ("dtype", "body"),
    [
        ("uint8", "o[0] = x[0] > 5; o[1] = x[1] > 7;"),
        ("uint8", "int a, b; for (a = 0, b = 0; a < 2; a++, b++) o[a] = x[a] > 5 + 2 * b;"),
        ("uint8", "int a = 1; { int a = 2; (void)a; } o[0] = x[0] > 05 * a; o[1] = (uint32_t)(0x7 - x[1]) >> 31;"),
        ("uint8", "uint8_t k = x[0] > 5 ? 200 : 1; o[0] = k > 100; o[1] = !(x[1] <= 7);"),
        (
            "uint8",
            "uint8_t t[2] = {0, 0}; memset(t, 5, 2); memcpy(t + 1, x + 1, 1); o[0] = x[0] > t[0]; o[1] = t[1] > 7;",
        ),
        ("uint8", f"{LANES} c = (l + 0x787au) | f; {BOTH}"),
        ("uint8", f"{LANES} c = (l + 0x787au) | f; o[0] = c << 24 >> 31; o[1] = (c << 16) >> 31;"),
        # Sums side by side: one that borrows from the next, and one whose number carries into it.
        ("uint8", f"{SUMS} s = 8 + a - b; o[0] = (s & 7) == 1 | both; o[1] = (s & 7) == 7 | both;"),
        ("uint8", f"{SUMS} s = 7 + a; o[0] = (s & 7) == 0; s = 7 + b; o[1] = s >> 3; (void)both;"),
        ("uint8", f"{SUMS} s = 2 * a + 8 * b; o[0] = ((s ^ 1) & 1) & a; o[1] = (s ^ 1) >> 3; (void)both;"),
        ("int8", "int32_t v = x[0]; o[0] = v >= 6; o[1] = (-16 >> 1) + 8 + (x[1] > 7);"),
        ("float32", "o[0] = x[0] > 5.0f; o[1] = 7.0 < x[1];"),
        (
            "float32",
            "uint32_t k; memcpy(&k, &x[0], sizeof k); o[0] = ((0x40a00000u - k) & ~k) >> 31; o[1] = x[1] > 7.0f;",
        ),
    ],
)
def test_what_is_read(dtype: str, body: str, tmp_path: Path) -> None:
    circuit = above(dtype, 5, 7)
    assert prove(circuit, read(tmp_path, circuit, body)).equal is True


REFUSED = [
    # Features of a byte side by side: what is known of them is bit 7 of each alone.
    ("uint8", f"{LANES} c = (l + 0x78fau) | f; {BOTH}", "may carry into the next one"),
    ("uint8", f"{LANES} c = (l + 0x787au) ^ f; {BOTH}", "computed with, not compared"),
    ("uint8", f"{LANES} c = (l + 0x787au) | l; {BOTH}", "computed with, not compared"),
    ("uint8", f"{LANES} c = (f + 0x787au) | f; {BOTH}", "added to in a way"),
    ("uint8", f"{LANES} c = ((l + 0x787au) + 1u) | f; {BOTH}", "added to in a way"),
    ("uint8", f"{LANES} c = (l + 0x787au) | (f << 8); {BOTH}", "computed with, not compared"),
    ("uint8", f"{LANES} c = ((f >> 1 & 0x7f7f7f7fu) + 0x787au) | f; {BOTH}", "computed with, not compared"),
    ("uint8", f"{LANES} c = ((f >> 1 & 0x7f7f7f7fu) + 0x787au) & f; {BOTH}", "computed with, not compared"),
    ("uint8", f"{LANES} c = f & 0x3f7f7f7fu; {BOTH}", "computed with, not compared"),
    ("uint8", f"{LANES} c = f << 24; {BOTH}", "nothing is lost"),
    ("uint8", f"{LANES} c = l << 8; {BOTH}", "computed with, not compared"),
    ("uint8", f"{LANES} c = (l + 0x787au) | f; o[0] = (c >> 6 & 1) != 0; o[1] = 0;", "bits are read that"),
    ("uint8", "uint32_t f = (uint32_t)x[0] | (uint32_t)x[1] << 8 | (uint32_t)x[0]; o[0] = !f;", "laid over"),
    # Memory read as another type than the features have.
    ("uint8", "const int8_t *p = (const int8_t *)x; o[0] = p[0] > 5; o[1] = x[1] > 7;", "does not hold all its values"),
    ("int32", "const float *p = (const float *)x; o[0] = p[0] > 5; o[1] = x[1] > 7;", "does not hold all its values"),
    ("int32", "float k; memcpy(&k, &x[0], 4); o[0] = k > 5.0f; o[1] = x[1] > 7;", "does not hold all its values"),
    ("float32", "uint32_t k; memcpy(&k, &x[0], 4); o[0] = k > 5u; o[1] = x[1] > 7;", "bits are read that"),
    ("float32", "int32_t k; memcpy(&k, &x[0], 4); o[0] = k > 5; o[1] = x[1] > 7;", "does not hold all its values"),
    ("float32", "uint32_t k; memcpy(&k, &x[0], 4); uint64_t l = k; o[0] = l > 5; o[1] = 0;", "does not hold"),
    ("uint8", "uint8_t k = x[0] > 5 ? 200 : 1; const int8_t *p = (const int8_t *)&k; o[0] = p[0] > 5; o[1] = 0;",
     "one of several numbers is read as a type"),
    ("uint8", "uint32_t k = 0; uint8_t *p = (uint8_t *)&k; p[0] = 1; o[0] = k == 1; o[1] = 0;", "as another type"),
    ("float32", "o[0] = x[0] << 1; o[1] = 0;", "a shift of such values"),
    ("uint8", "o[0] = x[0] << 1.0f; o[1] = 0;", "a shift of such values"),
    ("int8", "o[0] = x[0] > -5u; o[1] = x[1] > 7;", "converted to a type that does not hold"),
    # What only some inputs do.
    ("uint8", "int k = 0, l = x[0] > 5 ? (k = 1) : 2; o[0] = k; o[1] = x[1] > 7; (void)l;", "only some inputs"),
    ("uint8", "int k = 0, l = x[0] > 5 ? k++ : 0; o[0] = k; o[1] = x[1] > 7; (void)l;", "only some inputs"),
    ("uint8", "o[0] = 0; o[1] = 0; if (x[0] > 5) return; o[1] = 1;", "leaves its statement"),
    ("uint8", "int k = 0; if (x[0] > 5) set(&k); o[0] = k; o[1] = 1;", "only some inputs"),
    ("uint8", "int k; for (k = 0; k < x[0]; k++) { } o[0] = k; o[1] = 1;", "how often a loop runs"),
    # What C leaves open.
    ("uint8", "int k = 0; uint8_t t[2]; t[k] = k++; o[0] = x[0] > 5; o[1] = 0;", "'k' is changed and used"),
    ("uint8", "int k = 1; o[0] = (k = 2) + k; o[1] = 0;", "'k' is changed and used"),
    ("uint8", "int k; o[0] = k > 5; o[1] = 0;", "read before it is set"),
    ("uint8", "o[0] = x[2] > 5; o[1] = 0;", "beyond its end"),
    ("uint8", "uint8_t t[2] = {0, 0}; memset(t, 0, 3); o[0] = t[0]; o[1] = 0;", "'t' is filled beyond its end"),
    ("uint8", "uint8_t t[3]; memcpy(t, x, 3); o[0] = t[0] > 5; o[1] = 0;", "'features' is copied beyond its end"),
    ("uint8", "uint8_t t[2]; memcpy(t + 1, x, 2); o[0] = t[0]; o[1] = 0;", "'t' is copied beyond its end"),
    ("uint8", "memset((uint8_t *)x, 0, 2); o[0] = x[0]; o[1] = 0;", "'features', a constant, is written"),
    ("uint8", "uint32_t t[2]; memset(t, 0, 3); o[0] = t[0] > 5; o[1] = 0;", "filled in a way"),
    ("uint8", "int k = 2147483647; o[0] = k + 1 > 5; o[1] = 0;", "overflow"),
    ("uint8", "char k = 1; o[0] = k; o[1] = 0;", "type 'char' is not known"),
    ("uint8", "uint8_t k; for (k = 0; k < 300; k++) { } o[0] = 0; o[1] = 0;", "runs more than"),
]  # fmt: skip


@pytest.mark.parametrize(("dtype", "body", "message"), REFUSED)
def test_what_is_refused(dtype: str, body: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c_statements, "MOST_STEPS", 10_000)
    with pytest.raises(BadInput, match=message) as refused:
        read(tmp_path, above(dtype, 5, 7), body, "static void set(int *p) { *p = 1; }")
    assert refused.value.where.startswith(str(tmp_path / "net.c:"))


def test_a_result_that_may_be_anything_is_refused_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="bits are read that hold anything") as refused:
        read(tmp_path, above("uint8", 5, 7), f"{LANES} c = (l + 0x787au) | f; o[0] = c >> 6 & 1; o[1] = 0;")
    assert refused.value.where == str(tmp_path / "net.c")


CONDITIONS = {
    "2 + 1": 3, "7 - 9 + 1": -1, "2 + 3 * 4": 14, "(2 + 3) * 4": 20, "17 / 5": 3, "-7 / 2": -3, "17 % 5": 2,
    "-7 % 2": -1,
    "3 << 4": 48, "17 >> 2": 4, "-1 >> 1": -1, "6 & 3": 2, "6 | 3": 7, "6 ^ 3": 5, "2 | 4 & 1": 2, "1 + 1 << 1": 4,
    "2 < 2": 0, "2 <= 2": 1, "3 > 3": 0, "3 >= 3": 1, "2 == 2": 1, "2 != 2": 0, "1 < 2 == 1": 1, "!5": 0, "!0": 1,
    "5 || 0": 1, "0 || 0": 0, "5 && 2": 1, "5 && 0": 0, "NO_MACRO": 0, "0x1F": 31, "010": 8, "10u": 10, "-(3)": -3,
    "defined(NET_WORKSPACE)": 1, "defined NO_MACRO": 0, "NET_WORKSPACE": 8,
}  # fmt: skip
"""What follows an #if, and what it is in C."""


def chosen(folder: Path, condition: str) -> bool:
    """Whether the branch of an #if is read; the other one is no C."""
    circuit = above("uint8", 5, 7)
    good = "o[0] = x[0] > 5; o[1] = x[1] > 7;"
    try:
        read(folder, circuit, f"\n#if {condition}\n{good}\n#else\nthis is no C\n#endif")
    except BadInput as error:
        if "#if" in error.what:
            raise
        return False
    return True


@pytest.mark.parametrize(("expression", "value"), CONDITIONS.items())
def test_the_value_of_a_condition(expression: str, value: int, tmp_path: Path) -> None:
    assert chosen(tmp_path, f"({expression}) == {value}")
    assert not chosen(tmp_path, f"({expression}) != {value}")


@pytest.mark.parametrize(
    "condition",
    [
        "1 << 64",
        "1 << -1",
        "-1 > 0u",
        "0u - 1",
        "1 / 0",
        "08",
        "0x8000000000000000",
        "1 +",
        "(1",
        "1 1",
        "1 ? 2 : 3",
        "~0",
    ],
)
def test_a_condition_that_is_refused(condition: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="#if"):
        chosen(tmp_path, condition)


NUMBERS = {
    "a + b": 17, "a - b": 7, "b - a": -7, "a * b": 60, "a & b": 4, "a | b": 13, "a ^ b": 9, "a / b": 2, "a % b": 2,
    "-a / b": -2, "-a % b": -2, "a / -b": -2, "a % -b": 2, "-a / -b": 2, "a << 2": 48, "a >> 2": 3, "-a >> 2": -3,
    "~a": -13,
    "a < b": 0, "a > b": 1, "a <= 12": 1, "a >= 13": 0, "a == 12": 1, "a != 12": 0, "!a": 0, "a && 0": 0, "a || 0": 1,
    "(uint8_t)-a": 244, "(int8_t)(a + 188)": -56, "(uint32_t)-a >> 31": 1, "010 + 0x10": 24,
    "(uint32_t)0 - 1u == 0xffffffffu": 1,
}  # fmt: skip
"""Expressions of a = 12 and b = 5, and their values in C."""


@pytest.mark.parametrize(("expression", "value"), NUMBERS.items())
def test_arithmetic_of_known_numbers(expression: str, value: int, tmp_path: Path) -> None:
    constant = re.sub(r"\ba\b", "12", re.sub(r"\bb\b", "5", expression))
    wrong = f"int a = 12, b = 5, wrong = ({expression}) != {value}, also = ({constant}) != {value}; (void)a; (void)b;"
    circuit = above("uint8", 5, 7)
    found = read(tmp_path, circuit, f"{wrong} o[0] = x[0] > 5 + wrong; o[1] = x[1] > 7 + also;")
    assert prove(circuit, found).equal is True


OUTER = [
    ("static const uint8_t t[2];", "'Decl' is not read back"),
    ("static uint8_t t[2] = {1, 2};", "is a global that can change"),
    ("static const uint8_t t[2] = {1, 2}; static const uint8_t t[2] = {1, 2};", "'Decl' is not read back"),
    ("static const uint8_t t[-2] = {1, 2};", "an array of such a length"),
    ("typedef struct s t;", "'Struct' is not read back"),
    ("typedef enum { A } t;", "'Enum' is not read back"),
    ("typedef struct { float x; } s;", "a struct of such members"),
]


@pytest.mark.parametrize(("before", "message"), OUTER)
def test_what_is_refused_outside_of_functions(before: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=message):
        read(tmp_path, above("uint8", 5, 7), "o[0] = x[0] > 5; o[1] = x[1] > 7;", before)
