"""Flash, RAM, stack, instructions and accuracy on a Cortex-M3 beside other ways to put a classifier on a chip.

    pip install --target build/firmware_peers --no-deps emlearn m2cgen
    python benchmarks/firmware_peers.py [--peers build/firmware_peers] [--data digits phoneme ...] [--widths 100 400]
        [--out FILE.json]

All are trained on the same rows, as int16: each column is stretched to -32,000..32,000 by its training rows (emlearn
cuts thresholds to integers, which small numbers do not bear). The peers: emlearn's trees and forests, inline and
loadable; m2cgen's; a linear model of int8 weights. One program for each on QEMU's mps2-an385 (-O2): 100 test rows,
whose classes are compared with those of the same C on the host, where all test rows are counted for the accuracy. Flash
and RAM are the linked program's less those of a program whose model is `return 0`, instructions too; stack is what a
call overwrites of a painted one.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lgnc
from lgnc.backends.c.boards import machine_files
from lgnc.data import load_dataset
from lgnc.diagnostics import Failed
from lgnc.toolchain import require_tool, run

ROWS, STACK = 100, 20_000
GCC = "-std=gnu99 -O2 -mcpu=cortex-m3 -mthumb -ffunction-sections -fdata-sections"
LINK = "--specs=nano.specs -nostartfiles -T board.ld -Wl,--gc-sections"
QEMU = """-M mps2-an385 -cpu cortex-m3 -icount shift=6,align=off,sleep=off -display none -serial none -monitor none
    -chardev stdio,id=host -semihosting-config enable=on,target=native,chardev=host -kernel"""
_ERRORS = np.geterr()
TREES = {"tree": {}, "tree of depth 6": {"max_depth": 6}}
FORESTS = {"10 trees": {"n_estimators": 10}, "10 trees of depth 6": {"n_estimators": 10, "max_depth": 6}}

MAIN = """
#include "board.h"
#include <stdint.h>
int32_t peer_class(const @ELEMENT@ *row);
static const @ELEMENT@ rows[@ROWS@][@FEATURES@] = {@VALUES@};
static int32_t found[@ROWS@];
static void number(int32_t value)
{
    char digits[11];
    unsigned count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    board_put(' ');
    while (count != 0u) {
        board_put(digits[--count]);
    }
}
static __attribute__((noinline)) int32_t stack(void)
{
    volatile uint8_t *const top = (volatile uint8_t *)__builtin_frame_address(0) - 64;
    volatile uint8_t *at;
    for (at = top - @STACK@; at != top; at++) {
        *at = 0xa5u;
    }
    found[0] = peer_class(rows[0]);
    for (at = top - @STACK@; at != top && *at == 0xa5u; at++) {
    }
    return (int32_t)(top - at) + 64;
}
int main(void)
{
    uint32_t ticks;
    int k;
    board_start();
    ticks = board_ticks();
    for (k = 0; k != @ROWS@; k++) {
        found[k] = peer_class(rows[k]);
    }
    ticks = board_ticks() - ticks;
    for (k = 0; k != @ROWS@; k++) {
        number(found[k]);
    }
    number((int32_t)ticks);
    number(stack());
    board_put('\\n');
    board_stop(0);
    return 0;
}
"""


@dataclass(frozen=True)
class Rows:
    """int16 rows and int64 labels of one data set; columns that never change are left out."""

    name: str
    x: NDArray[np.int16]
    y: NDArray[np.int64]
    x_test: NDArray[np.int16]
    y_test: NDArray[np.int64]
    classes: int


@dataclass(frozen=True)
class Peer:
    """A way to do it. files: C by name, one of which defines `peer_class`. include: folders of headers."""

    name: str
    files: dict[str, str]
    include: tuple[str, ...] = ()


def read_rows(name: str) -> Rows:
    """A data set as int16."""
    data = load_dataset(name)
    train, test = data.x_train.astype(np.float64), data.x_test.astype(np.float64)
    low, high = train.min(axis=0), train.max(axis=0)
    scale, shift = 64_000 / np.where(high > low, high - low, 1.0), (low + high) / 2
    made = [np.clip(np.rint((x - shift) * scale), -32_768, 32_767).astype(np.int16) for x in (train, test)]
    made = [np.ascontiguousarray(each[:, high > low]) for each in made]
    return Rows(name, made[0], data.y_train, made[1], data.y_test, len(data.class_names))


def peers_of(rows: Rows, widths: list[int]) -> Iterator[Peer]:
    """Every way, trained."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier

    for width in widths:
        yield from _networks(rows, width)
    for kind, cases in ((DecisionTreeClassifier, TREES), (RandomForestClassifier, FORESTS)):
        for name, settings in cases.items():
            made = kind(random_state=0, **settings).fit(rows.x, rows.y)
            yield from _emlearn(name, made, rows)
            yield _m2cgen(name, made, rows)
    yield _linear(rows)


def _networks(rows: Rows, width: int) -> Iterator[Peer]:
    settings: dict[str, Any] = {"layers": 1, "width": width, "wiring": "learned", "candidates": 16, "epochs": 60}
    if len(rows.x) > 10_000:
        settings["epochs"] = 6
    names = [f"f{k}" for k in range(rows.x.shape[1])]
    table = {name: rows.x[:, k] for k, name in enumerate(names)}
    held = {name: rows.x_test[:, k] for k, name in enumerate(names)}
    model = lgnc.train(table, rows.y, x_test=held, y_test=rows.y_test, threads=1, **settings)
    for style in ("table", "straight"):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(lgnc.compile(model, "c", Path(place) / "o", name="net", target_profile="mcu", style=style))
            gates = lgnc.read(folder / "net.lgir").gates
            files = {f"net.{end}": (folder / f"net.{end}").read_text() for end in "hc"}
        files["peer.c"] = _NETWORK.replace("ELEMENT", _element(files["net.h"]))
        yield Peer(f"lgnc, {gates} gates, {style}", files)


_NETWORK = """
#include "net.h"
int32_t peer_class(const int16_t *row)
{
    static uint8_t workspace[NET_WORKSPACE];
    int32_t found;
    if (sizeof(ELEMENT) == sizeof(int16_t)) {
        net_predict_in(workspace, (const ELEMENT *)(const void *)row, 1, &found);
    } else {
        ELEMENT narrow[NET_FEATURES];
        unsigned k;
        for (k = 0; k != NET_FEATURES; k++) {
            narrow[k] = (ELEMENT)row[k];
        }
        net_predict_in(workspace, narrow, 1, &found);
    }
    return found;
}
"""


def _element(header: str) -> str:
    """The C type of a feature."""
    found = re.search(r"const (\w+) \*features", header)
    assert found is not None
    return found[1]


def _emlearn(name: str, made: Any, rows: Rows) -> Iterator[Peer]:
    import emlearn  # type: ignore[import-not-found]

    np.seterr(**_ERRORS)  # emlearn makes numpy raise.
    call = f"return net_predict(row, {rows.x.shape[1]});"
    call = f'#include "net.h"\nint32_t peer_class(const int16_t *row)\n{{\n    {call}\n}}\n'
    for method in ("inline", "loadable"):
        text = emlearn.convert(made, method=method, dtype="int16_t").save(name="net", format="c", include_proba=False)
        yield Peer(f"emlearn, {name}, {method}", {"net.h": text, "peer.c": call}, (str(emlearn.includedir),))


def _m2cgen(name: str, made: Any, rows: Rows) -> Peer:
    import m2cgen  # type: ignore[import-not-found]

    features, classes = rows.x.shape[1], rows.classes
    text = f"""
#include <stdint.h>
{m2cgen.export_to_c(made)}
int32_t peer_class(const int16_t *row)
{{
    double x[{features}], share[{classes}];
    int32_t best = 0;
    int k;
    for (k = 0; k != {features}; k++) {{
        x[k] = row[k];
    }}
    score(x, share);
    for (k = 1; k != {classes}; k++) {{
        best = share[k] > share[best] ? k : best;
    }}
    return best;
}}
"""
    return Peer(f"m2cgen, {name}", {"peer.c": text})


def _linear(rows: Rows) -> Peer:
    """Logistic regression with int8 weights: a class's score is bias + sum of weight * feature, in 32 bits."""
    from sklearn.linear_model import LogisticRegression

    span = np.maximum(abs(rows.x.astype(np.float64)).max(axis=0), 1)
    fitted = LogisticRegression(max_iter=2000).fit(rows.x / span, rows.y)
    coefficients, bias = fitted.coef_ / span, fitted.intercept_
    if rows.classes == 2:
        coefficients, bias = np.concatenate([0 * coefficients, coefficients]), np.concatenate([0 * bias, bias])
    shift = np.clip(np.floor(np.log2(span / 128)).astype(int) + 1, 0, 8)
    scaled = coefficients * 2.0**shift
    unit = abs(scaled).max() / 127
    weights, offset = np.rint(scaled / unit).astype(int), np.rint(bias / unit).astype(int)
    listed = ", ".join("{" + ", ".join(map(str, row)) + "}" for row in weights.tolist())
    text = f"""
#include <stdint.h>
static const int8_t weight[{rows.classes}][{rows.x.shape[1]}] = {{{listed}}};
static const int32_t bias[{rows.classes}] = {{{", ".join(map(str, offset.tolist()))}}};
static const uint8_t shift[{rows.x.shape[1]}] = {{{", ".join(map(str, shift.tolist()))}}};
int32_t peer_class(const int16_t *row)
{{
    int32_t best = 0, top = INT32_MIN, sum;
    int c, k;
    for (c = 0; c != {rows.classes}; c++) {{
        sum = bias[c];
        for (k = 0; k != {rows.x.shape[1]}; k++) {{
            sum += weight[c][k] * (row[k] >> shift[k]);
        }}
        if (sum > top) {{
            top = sum;
            best = c;
        }}
    }}
    return best;
}}
"""
    return Peer("linear, int8", {"peer.c": text})


STUB = Peer("stub", {"peer.c": "int peer_class(const short *row)\n{\n    (void)row;\n    return 0;\n}\n"})


def on_host(peer: Peer, rows: NDArray[np.int16], at: Path) -> NDArray[np.int64]:
    """The classes that the same C gives."""
    sources = [at / name for name in peer.files if name.endswith(".c")]
    include = [f"-I{folder}" for folder in (at, *peer.include)]
    run([require_tool("cc"), "-std=gnu99", "-O1", "-shared", "-fPIC", *include, "-o", at / "host.so", *sources, "-lm"])
    call = ctypes.CDLL(str(at / "host.so")).peer_class
    return np.array([call(row.ctypes.data_as(ctypes.c_void_p)) for row in np.ascontiguousarray(rows)])


def on_chip(peer: Peer, rows: NDArray[Any], at: Path) -> tuple[list[int], dict[str, int]]:
    """The classes of the rows, integers, on QEMU, and bytes, instructions and stack of the whole program."""
    values = ", ".join("{" + ", ".join(map(str, row)) + "}" for row in rows.tolist())
    numbers = {"ROWS": len(rows), "FEATURES": rows.shape[1], "STACK": STACK}
    words = {**numbers, "VALUES": values, "ELEMENT": f"{rows.dtype}_t"}
    main = re.sub(r"@([A-Z]+)@", lambda match: str(words[match[1]]), MAIN)
    (at / "main.c").write_text(main)
    for name, text in machine_files("mps2-an385").items():
        (at / name).write_text(text)
    sources = ["main.c", "board.c", *(name for name in peer.files if name.endswith(".c"))]
    compiler = require_tool("arm-none-eabi-gcc")
    include = [f"-I{folder}" for folder in peer.include]
    run([compiler, *GCC.split(), *include, *LINK.split(), "-o", "chip.elf", *sources, "-lm"], cwd=at)
    size = run([compiler.removesuffix("gcc") + "size", "chip.elf"], cwd=at).split(b"\n")[1].split()
    code, data, bss = map(int, size[:3])
    printed = run([require_tool("qemu-system-arm"), *QEMU.split(), at / "chip.elf"], timeout=600).split()
    *classes, ticks, stack = map(int, printed)
    return classes, {"flash": code + data, "ram": data + bss, "instructions": ticks // len(rows), "stack": stack}


def measure(peer: Peer, rows: Rows, stub: dict[str, int] | None) -> dict[str, Any]:
    """One row of the table. Raises Failed where chip and host differ."""
    with tempfile.TemporaryDirectory() as place:
        at = Path(place)
        for name, text in peer.files.items():
            (at / name).write_text(text)
        host = on_host(peer, rows.x_test, at)
        classes, found = on_chip(peer, rows.x_test[:ROWS], at)
    if classes != host[:ROWS].tolist():
        raise Failed("the chip's classes are not the host's", where=f"{rows.name}, {peer.name}")
    less = {key: value - (stub[key] if stub is not None and key != "stack" else 0) for key, value in found.items()}
    return {"data": rows.name, "way": peer.name, "accuracy": round(float((host == rows.y_test).mean()), 4), **less}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, default=Path("build/firmware_peers"))
    parser.add_argument("--data", nargs="+", default=["digits", "breast-cancer", "wine", "phoneme", "adult"])
    parser.add_argument("--widths", nargs="+", type=int, default=[100, 400])
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    sys.path.append(str(args.peers))
    found = []
    for name in args.data:
        rows = read_rows(name)
        stub = measure(STUB, rows, None)
        for peer in peers_of(rows, args.widths):
            found.append(measure(peer, rows, stub))
            print("  ".join(f"{key} {value}" for key, value in found[-1].items()), flush=True)
            if args.out:
                args.out.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
