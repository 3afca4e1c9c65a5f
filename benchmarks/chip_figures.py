"""What a chip's compiler makes of the MCU form of the C target: the figures of `lgnc/backends/c/mcu_budget.py`, fitted.

    python benchmarks/chip_figures.py [--nets 200] [--no-words]
        "riscv64-unknown-elf-gcc -O2 -march=rv32imac -mabi=ilp32 --specs=picolibc.specs"

Random networks of every feature type, with one class, several and no head, are compiled: as tables with few and many
gate functions, as straight code after -O2, and as words. Least squares of the relative error give the bytes of each
part; tables that compare no feature are left out, for compilers leave little of a constant. Stacks are from
-fstack-usage: `stack` is the middle one of tables, `live` what no network exceeded.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import lsq_linear

from lgnc.backends.c.mcu import mcu_body, mcu_plan, straight_body, words_body
from lgnc.backends.c.mcu_budget import CHIPS
from lgnc.backends.c.mcu_schedule import NEGATE
from lgnc.backends.c.straight import straight
from lgnc.backends.c.text import Body, header, named
from lgnc.backends.c.word_plan import find_words
from lgnc.backends.c.words import words
from lgnc.backends.normal import normal_form
from lgnc.formats.lift import lift
from lgnc.ir import Circuit, in_order
from lgnc.ir.circuit import FEATURE_DTYPES
from lgnc.ir.gates import GATES
from lgnc.passes.manager import run_pipeline
from lgnc.toolchain import run
from tests.backends.test_firmware import CHAIN
from tests.backends.test_words import a_model, placed
from tests.support import random_model

CHIP = CHIPS["cortex-m3"]
Amounts = Mapping[str, float]
"""Part of a network -> how many it has of it."""


@dataclass(frozen=True)
class Compiled:
    """Bytes of machine code without tables, and of the deepest chain of calls; `parts`: of one function of gates."""

    code: int
    chain: int
    parts: int


def compiled(command: list[str], circuit: Circuit, text: str, body: Body) -> Compiled:
    """One network by the chip's compiler."""
    with tempfile.TemporaryDirectory() as place:
        at = Path(place)
        (at / "net.h").write_text(named(header(circuit, body), "net"))
        (at / "net.c").write_text(named(f'#include "NAME.h"\n#include <string.h>\n{text}', "net"))
        run([*command, "-std=c99", "-ffunction-sections", "-fstack-usage", "-c", "net.c"], cwd=at)
        size = run([command[0].removesuffix("gcc") + "size", "net.o"], cwd=at).split(b"\n")[1].split()
        frames = dict[str, int]()
        for line in (at / "net.su").read_text().splitlines():
            function, used = line.split("\t")[:2]
            frames[function.split(":")[-1].split(".")[0]] = int(used)
    parts = max((used for name, used in frames.items() if name.startswith("net_part")), default=0)
    return Compiled(int(size[0]) - body.tables, sum(frames.get(f"net_{name}", 0) for name in CHAIN), parts)


def network(seed: int) -> Circuit:
    """A random network of the seed's feature type and number of classes."""
    rng = np.random.default_rng(seed)
    dtype, classes = FEATURE_DTYPES[seed % len(FEATURE_DTYPES)], int(rng.choice([1, 2, 3, 10]))
    width, features, layers = int(rng.choice([20, 60, 150, 400])), int(rng.choice([8, 40])), int(rng.integers(1, 4))
    return lift(random_model(seed, dtype=dtype, width=width, features=features, classes=classes, layers=layers))


def of_some_functions(seed: int) -> Circuit:
    """The same with a few of the gate functions, and sometimes without a head, in normal form."""
    made, rng = network(seed), np.random.default_rng(seed)
    kinds = rng.choice(len(GATES), int(rng.choice([1, 2, 3, 16])), replace=False)
    op = rng.choice(kinds, made.gates).astype(np.uint8)
    head = made.head if seed % 7 else None
    names = () if head else tuple(f"o{k}" for k in range(len(made.outputs)))
    outputs = made.outputs if seed % 4 else rng.integers(0, 2 * made.nodes, len(made.outputs)).astype(np.int32)
    return normal_form(in_order(made.encoder, op, made.a, made.b, outputs, head, names))


def as_tables(circuit: Circuit, command: list[str]) -> tuple[Amounts, Compiled]:
    """What tables' code has of each part."""
    plan = mcu_plan(circuit, CHIP)
    kinds = {int(kind) & ~NEGATE for kind in plan.steps[:, 0]}
    has = defaultdict[str, float](float, {"base": 1, "wide": 0})
    if circuit.head is not None:
        has |= {"head": 1, "one_class": float(circuit.head.classes == 1)}
    for kind in kinds:
        if kind < 32:
            has[f"{'loop' if kind < 16 else 'sums'} {GATES[kind % 16].name}"] = 1
            has["wide"] += plan.rows > 255 and kind % 16 in (1, 2, 6, 7)
        else:
            has[f"compare {circuit.encoder.dtype}" if kind == 32 else "count"] = 1
    has["scores"] = 0 if circuit.head is None else 4 * circuit.head.classes
    body = mcu_body(circuit, plan, CHIP)
    return has, compiled(command, circuit, body.text, body)


def as_straight(circuit: Circuit, command: list[str]) -> tuple[Amounts, Compiled]:
    """What straight code has of each part."""
    plan, body, counts = straight(circuit), straight_body(circuit, CHIP), len(circuit.outputs)
    has = {"base": 1, "gate": plan.statements - counts, "count": counts, "kept": plan.kept, "part": plan.parts - 1}
    has |= {f"compare {circuit.encoder.dtype}": plan.bits, "live": plan.live}
    has["one_class"] = 0 if circuit.head is None else circuit.head.classes
    has["scores"] = 4 * has["one_class"]
    return has, compiled(command, circuit, body.text, body)


def as_words(seed: int, command: list[str], compare: Amounts) -> tuple[Amounts, Compiled]:
    """What code of words has of each part, and its bytes less those of its comparisons. compare: of straight code."""
    rng = np.random.default_rng(seed)
    dtype, layers = FEATURE_DTYPES[seed % len(FEATURE_DTYPES)], int(rng.integers(1, 4))
    circuit = placed(a_model(dtype, 32, layers=layers, words=int(rng.integers(3, 20)), seed=seed))
    found = find_words(circuit)
    assert found is not None
    assert circuit.head is not None
    plan = words(circuit, found)
    body = words_body(circuit, found, CHIP)
    made = compiled(command, circuit, body.text, body)
    alone = round(0.7 * compare.get(f"compare {dtype}", 0) * plan.bits)
    has = {"base": 1, "lanes": plan.lanes, "bit": plan.bits, "step": plan.steps, "mask": plan.masks}
    has |= {"counted": plan.counted, "one_class": circuit.head.classes, "part": plan.parts - 1}
    return has, Compiled(made.code - alone, made.chain, made.parts)


def fitted(found: list[tuple[Amounts, Compiled]], title: str, least: float) -> dict[str, float]:
    """Bytes of each part, none below `least`, of least relative error; prints how far off they are."""
    parts = sorted({part for has, _ in found for part in has} - {"live", "scores"})
    amounts = np.array([[has.get(part, 0) for part in parts] for has, _ in found], float)
    code = np.array([made.code for _, made in found], float)
    bytes_each = lsq_linear(amounts / code[:, None], np.ones(len(code)), (least, 4000)).x
    off = np.abs(amounts @ bytes_each / code - 1)
    print(f"{title}: off by {100 * off.mean():.1f} % on average, {100 * off.max():.1f} % at most")
    each = {part: round(float(value), 1) for part, value in zip(parts, bytes_each, strict=True)}
    print(f"  {each}")
    return each


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("compiler", help="the program and its flags")
    parser.add_argument("--nets", type=int, default=200)
    parser.add_argument("--no-words", action="store_true")
    args = parser.parse_args()
    command = args.compiler.split()
    seeds = range(args.nets)
    tables = [as_tables(of_some_functions(seed), command) for seed in seeds]
    tables = [(has, made) for has, made in tables if any(part.startswith("compare") for part in has)]
    fitted(tables, "tables", -1000)
    stack = np.median([made.chain - has["scores"] for has, made in tables])
    print(f"  stack {stack:.0f}")
    straights = [as_straight(normal_form(run_pipeline(network(seed), 2)[0]), command) for seed in seeds]
    each = fitted(straights, "straight", 0)
    for wide in (False, True):
        types = {f"compare {dtype}" for dtype in FEATURE_DTYPES if (dtype in ("int64", "float64")) == wide}
        of_type = [(has, made) for has, made in straights if types & set(has) and has["live"]]
        each_live = [(made.parts + made.chain - has["scores"] - stack) / has["live"] for has, made in of_type]
        print(f"  live{' of 64 bits' if wide else ''} at most {max(each_live):.1f}")
    if not args.no_words:
        fitted([as_words(seed, command, each) for seed in range(args.nets // 3)], "words", 0)


if __name__ == "__main__":
    main()
