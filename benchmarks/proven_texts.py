"""Which emitted texts are proven: networks of many tables, compiled for every target, profile and style, read back.

    python benchmarks/proven_texts.py [--tables iris,wine,FOLDER/x.csv,random:6x8000] [--seconds 60]
        [--only "c mcu"] [--whole] [--list] [-- FLAGS OF lgnc train, such as --epochs 1 --width 300]

A row for each artefact: how its function is known against the model, and the CPU seconds to read it back and prove it.
--whole: run `lgnc verify MODEL FOLDER` instead, all stations, and take the function's word from it (many times slower).
--list: print every row, not only the sums and what is not proven. Exit code 1 when something is not proven. A file of
tables may be given by its path; those that are not here are named. random:6x8000 is a network of 6 layers of 8,000
random gates on 784 features, not trained, and compiled at -O0.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import lgnc
from lgnc.diagnostics import BadInput, Failed
from lgnc.flows.stations.function import read_and_prove
from lgnc.flows.subject import load_subject
from lgnc.formats.lgn import save_model
from tests.support import random_model

TABLES = "iris,wine,breast-cancer,digits,adult,phoneme"
KNOWN = ("proven", "exhaustive")

FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"c {p}": ("c", {"target_profile": p}) for p in ("host", "portable", "mcu")},
    **{f"c {p} {s}": ("c", {"target_profile": p, "style": s}) for p in ("host", "mcu") for s in ("straight", "table")},
    "c host unrolled": ("c", {"style": "unrolled"}),
    "c words": ("c", {"style": "words"}),
    "c mcu words": ("c", {"target_profile": "mcu", "style": "words"}),
    "numpy": ("numpy", {}),
    "onnx": ("onnx", {}),
    "verilog": ("verilog", {}),
}


class Row(NamedTuple):
    """One artefact. how: `proven`, `exhaustive`, or what is known instead. seconds: of CPU, children's too."""

    table: str
    form: str
    gates: int
    how: str
    detail: str
    seconds: float


def cpu() -> float:
    """CPU seconds of this process and of those that it ran."""
    who = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return sum(part for each in map(resource.getrusage, who) for part in (each.ru_utime, each.ru_stime))


def text_proof(model: Path, folder: Path, seconds: float) -> tuple[str, str]:
    """(how the function is known, more) from the folder's text alone."""
    verdict = read_and_prove(load_subject(model), load_subject(folder), "scores", seconds, yosys="needed")
    if verdict is None:
        return "not read back", ""
    return {True: verdict.how, False: "NO", None: "undecided"}[verdict.equal], verdict.detail


def verified(model: Path, folder: Path, seconds: float) -> tuple[str, str]:
    """The same of `lgnc verify`."""
    words = ["-m", "lgnc", "verify", str(model), str(folder), "--json", "--time-limit", str(seconds), "--workers", "1"]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    if "stations" not in told:
        return "error", str(told.get("error"))
    bad = [each["station"] for each in told["stations"] if each["ok"] is False]
    (function,) = (each for each in told["stations"] if each["station"] == "function")
    return f"NO: {', '.join(bad)}" if bad else str(function["how"]), str(function["detail"])


def measure(table: str, options: argparse.Namespace, folder: Path) -> Iterator[Row]:
    """Train on a table, or draw a network, then compile and prove every form."""
    model, level = folder / "model.lgn", 2
    if drawn := re.fullmatch(r"random:(\d+)x(\d+)", table):
        layers, width = map(int, drawn.groups())
        save_model(random_model(0, features=784, thresholds=3, layers=layers, width=width, classes=10), model)
        level = 0
    else:
        words = ["train", table, "-o", str(model), "--threads", "1", "--json", *options.flags]
        subprocess.run([sys.executable, "-m", "lgnc", *words], check=True, capture_output=True)
    for number, (form, (target, settings)) in enumerate(FORMS.items()):
        if options.only and not re.fullmatch(options.only, form):
            continue
        at = folder / str(number)
        try:
            lgnc.compile(model, target, at, prove=False, level=level, **settings)
        except (BadInput, Failed) as error:
            if "style" not in str(error):
                raise
            continue
        before = cpu()
        how, detail = (verified if options.whole else text_proof)(model, at, options.seconds)
        yield Row(Path(table).stem, form, load_subject(at).circuit.gates, how, detail, cpu() - before)


def main() -> int:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", default=TABLES)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", help="a regular expression for the names of forms")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("flags", nargs="*", help="of lgnc train")
    options = parser.parse_args()
    rows: list[Row] = []
    for table in options.tables.split(","):
        with tempfile.TemporaryDirectory() as temporary:
            try:
                for row in measure(table, options, Path(temporary)):
                    rows.append(row)
                    if options.list or row.how not in KNOWN:
                        told = f"{row.table:16} {row.form:18} {row.gates:6,} gates {row.seconds:7.1f} s  {row.how}"
                        sys.stdout.write(f"{told} {'' if row.how in KNOWN else row.detail}\n")
                        sys.stdout.flush()
            except subprocess.CalledProcessError as error:
                sys.stdout.write(f"{table}: not trained: {error.stdout.decode()[:200]}\n")
    return summary(rows)


def summary(rows: list[Row]) -> int:
    """Print a line for each form; 1 when something is not proven, or nothing was measured."""
    for form in FORMS:
        own = [row for row in rows if row.form == form]
        if own:
            good, spent = sum(row.how in KNOWN for row in own), sorted(row.seconds for row in own)
            middle, most = spent[len(spent) // 2], spent[-1]
            sys.stdout.write(f"{form:18} {good} of {len(own)} proven; CPU s {middle:.1f} median, {most:.1f} most\n")
    good, tables = sum(row.how in KNOWN for row in rows), len({row.table for row in rows})
    sys.stdout.write(f"{good} of {len(rows)} artefacts of {tables} tables proven\n")
    return int(good < len(rows) or not rows)


if __name__ == "__main__":
    sys.exit(main())
