"""A table from a file, whatever its kind: by its first bytes and its suffix."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from lgnc.data.arff_file import is_arff, parse_arff
from lgnc.data.budget import Budget
from lgnc.data.csv_file import parse_csv
from lgnc.data.held import Held
from lgnc.data.json_file import parse_json
from lgnc.data.known import Known
from lgnc.data.named import NAMES
from lgnc.data.npz_file import read_npz
from lgnc.data.parquet_file import read_parquet
from lgnc.data.table import Table
from lgnc.data.text_file import read_text
from lgnc.diagnostics import BadInput, unknown
from lgnc.files import no_such_file

FORMATS = "CSV, JSON lines, ARFF, NPZ or Parquet"
_ENDINGS = (".csv", ".tsv", ".txt", ".jsonl", ".json", ".arff", ".npz", ".parquet")
"""What a name of a file may lack."""


def read_table(
    source: str | Held,
    label: str | None = None,
    known: Known | None = None,
    *,
    na: Collection[str] = (),
    budget: Budget | None = None,
) -> Table:
    """The table in a file, or of rows in memory.

    label: the label column's name. known: what a model remembers of its training file. na: texts that stand for a
    missing cell beside the usual ones. Raises BadInput for what cannot be read.
    """
    budget = budget or Budget.of(None)
    if isinstance(source, Held):
        return source.table(label, known, na=na, budget=budget)
    path = Path(source)
    head = _head(source)
    suffix = path.suffix.lower()
    if suffix == ".npz" or head.startswith(b"PK\x03\x04"):
        if label not in (None, "label"):
            raise BadInput(
                "an NPZ file has no column names; its labels are 'y'", where=source, fix="leave out the label"
            )
        return read_npz(path, budget)
    if suffix in (".parquet", ".pq") or head.startswith(b"PAR1"):
        return read_parquet(path, label, known, na=na, budget=budget)
    data, notes = read_text(path, budget)
    if re.match(rb"\s*(\{\s*\"|\{\s*\}|\[\s*[\[{])", data[:4096]):
        return parse_json(data, source, label, known, na=na, budget=budget, notes=notes)
    if is_arff(data):
        return parse_arff(data, source, label, known, na=na, budget=budget, notes=notes)
    return parse_csv(data, source, label, known, na=na, budget=budget, notes=notes)


def _head(source: str) -> bytes:
    """The first bytes of a file. Raises BadInput when there is none that can be read."""
    path = Path(source)
    try:
        if not path.exists():
            if "/" in source or "\\" in source or path.suffix:
                raise no_such_file(path)
            beside = [f"{source}{ending}" for ending in _ENDINGS if Path(f"{source}{ending}").is_file()]
            raise unknown("data set", source, [*NAMES, *beside])
        if not path.is_file():
            what = f"is a {'folder' if path.is_dir() else 'device'}, not a data file"
            raise BadInput(what, where=source, fix=f"give a {FORMATS} file")
        with path.open("rb") as file:
            return file.read(16)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"cannot read: {reason}", where=source[:200], fix="check the path") from None
