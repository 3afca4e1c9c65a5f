"""The station of NAME_row.c: rows as the trained table had them, class names, margins and probabilities. What is called
runs in a process of its own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.c.row import Member, row_names
from lgnc.backends.c.text import macro_prefix
from lgnc.backends.row import features_of
from lgnc.diagnostics import BadInput
from lgnc.flows.row_columns import row_columns
from lgnc.flows.stations.batches import Answers, answers, rows_of
from lgnc.flows.stations.c_shim import shim_library
from lgnc.flows.stations.cells import most_rows, row_cells
from lgnc.flows.stations.visit import Visit
from lgnc.ir.circuit import Head
from lgnc.native import Argument, Call, call_apart
from lgnc.verify.verdict import Station

_NAME = 512
"""Bytes for a class's name in the program that asks for it."""

_PAIRS = 10_000
"""Of classes, at most, whose order is tried."""


class _Blocks:
    """The memory that calls are given: by the order in which it is added."""

    def __init__(self) -> None:
        self.all: list[bytes | bytearray] = []

    def given(self, values: NDArray[Any]) -> Argument:
        self.all.append(values.tobytes())
        return len(self.all) - 1, 0

    def made(self, size: int) -> Argument:
        self.all.append(bytearray(size))
        return len(self.all) - 1, 0


def row_calls(visit: Visit) -> Station:
    """The station 'rows': NAME_row.c gives the class names, margins and, where there was a table, the answers to rows
    with missing cells and categories.
    """
    head, facts = visit.circuit.head, visit.manifest.c
    assert facts is not None
    if head is None:
        return Station("rows", False, "read", "the circuit has no classes")
    try:
        row = row_columns(visit.circuit, visit.manifest.columns, "manifest.json")
    except BadInput as error:
        return Station("rows", False, "read", str(error)[:300])
    members = row_names(head, row or (), visit.name, facts.element).members
    features, cells = _rows(visit, members)
    count = len(features)
    right = answers(visit, features)
    blocks, wide = _Blocks(), len(head.names)
    given = [blocks.given(each) for each in (features, *cells)]
    kinds = [(np.int32, wide), (np.int32, 1), (np.uint8, features[0].nbytes)]
    made = [blocks.made(count * width * np.dtype(kind).itemsize) for kind, width in kinds]
    names = blocks.made(wide * _NAME)
    scores = np.concatenate([right["scores"].astype(np.int32), _orders(wide)])
    asked = [blocks.given(scores), blocks.made(4 * len(scores)), blocks.made(8 * scores.size)]
    with tempfile.TemporaryDirectory(prefix="lgnc-rows-") as place:
        library = _library(Path(place), visit, members, facts.profile != "mcu")
        calls = [
            Call(library, "lgnc_rows", (count, *given, *made)),
            Call(library, "lgnc_names", (names,)),
            Call(library, "lgnc_margins", (len(scores), *asked)),
        ]
        *done, named, margins, shares = call_apart(blocks.all, calls, where=str(visit.path)).made
    found = [np.frombuffer(block, kind).reshape(count, width) for (kind, width), block in zip(kinds, done, strict=True)]
    wrong = (
        _wrong_names(bytes(named), head)
        or _wrong(found, features, right)
        or _wrong_margins(scores, np.frombuffer(margins, np.uint32))
        or (_wrong_shares(scores, np.frombuffer(shares), head.tau) if facts.profile != "mcu" else None)
    )
    told = f"{count} rows of {len(members)} columns with missing cells" if members else f"{count} rows of features"
    return Station("rows", wrong is None, "tested", wrong or f"class names, margins, {told}")


def _rows(visit: Visit, members: Sequence[Member]) -> tuple[NDArray[Any], list[NDArray[Any]]]:
    """Features, and the cells that they come from: numbers, codes and what is missing, [n, columns]."""
    if not members:
        return rows_of(visit, most_rows(visit)), [np.zeros(0, np.uint8)] * 3
    row = [member.column for member in members]
    numbers, codes, missing = row_cells(visit, row)
    made = features_of(row, visit.circuit.encoder.dtype, numbers, codes, missing)
    told = missing.astype(np.uint8)
    if visit.circuit.encoder.is_float:  # A number that is NaN is missing without its bit.
        rng = np.random.default_rng(len(members))
        nan = missing & (rng.random(missing.shape) < 0.5) & np.array([column.values is None for column in row])
        numbers, told = np.where(nan, np.array(np.nan, numbers.dtype), numbers), told & ~nan
    return made, [numbers, codes.astype(np.uint16), told]


def _wrong(found: list[NDArray[Any]], features: NDArray[Any], right: Answers) -> str | None:
    """A line where an answer is not what it should be."""
    scores, classes, made = found
    checks = [
        ("features", made, features.view(np.uint8).reshape(made.shape)),
        ("scores", scores, right["scores"]),
        ("the class", classes[:, 0], right["predict"]),
    ]
    for what, given, should in checks:
        if (bad := (given != should).reshape(len(given), -1).any(axis=1)).any():
            at = int(np.argmax(bad))
            return f"{what} of row {at}: {given[at].tolist()!s:.80}, not {should[at].tolist()!s:.80}"
    return None


def _orders(classes: int) -> NDArray[np.int32]:
    """[n, classes] scores: each class ahead of each other one that is second, or level with it; ties; the type's ends.

    Of more than 100 classes some of these pairs. A network need not give scores in every order.
    """
    rng, ends = np.random.default_rng(classes), np.iinfo(np.int32)
    best, second = np.nonzero(~np.eye(classes, dtype=bool))
    if len(best) > _PAIRS:
        some = rng.choice(len(best), _PAIRS, replace=False)
        best, second = best[some], second[some]
    at, made = np.arange(len(best)), [rng.integers(-1, 2, (64, classes))]
    for first, other in ((3000, 2000), (2000, 2000), (ends.max, ends.min)):
        rows = np.minimum(rng.integers(-1000, 1000, (len(best), classes)), other)
        rows[at, second], rows[at, best] = other, first
        made.append(rows)
    return np.concatenate(made).astype(np.int32)


def _wrong_margins(scores: NDArray[np.int32], margins: NDArray[np.uint32]) -> str | None:
    """A line where a margin is not the lead of the best score."""
    ordered = np.sort(scores.astype(np.int64), axis=1)
    wanted = ordered[:, -1] - ordered[:, -2] if ordered.shape[1] > 1 else np.zeros(len(ordered), np.int64)
    bad = margins != wanted
    at = int(np.argmax(bad))
    return f"the margin of scores {scores[at].tolist()!s:.80}: {margins[at]}, not {wanted[at]}" if bad.any() else None


def _wrong_shares(scores: NDArray[np.int32], shares: NDArray[np.float64], tau: float) -> str | None:
    """A line where probabilities are not the shares of exp(score / tau), or where more than these were written."""
    if (shares < 0).any():
        return "probabilities are written beyond the classes"
    share = np.exp((scores - scores.max(axis=1, keepdims=True).astype(np.int64)) / tau)
    share /= share.sum(axis=1, keepdims=True)
    right = np.allclose(shares.reshape(share.shape), share, rtol=1e-9, atol=1e-300)
    return None if right else "probabilities are not the shares of exp(score / tau)"


def _wrong_names(found: bytes, head: Head) -> str | None:
    """A line where a class is called otherwise."""
    for k, name in enumerate(head.names):
        said, wanted = found[k * _NAME : (k + 1) * _NAME].split(b"\0")[0], name.encode()[: _NAME - 1].split(b"\0")[0]
        if said != wanted:
            return f"class {k} is called {said.decode(errors='replace')[:40]!r}, not {name[:40]!r}"
    return None


_SHIM = """
#include "NAME_row.h"
#include <string.h>
#define PROBABILITIES @HOST@
#define COLUMNS @COLUMNS@
#define FILL @FILL@
void lgnc_rows(size_t n, const T *x, const T *numbers, const uint16_t *codes, const uint8_t *missing, int32_t *scores,
    int32_t *classes, T *made);
void lgnc_rows(size_t n, const T *x, const T *numbers, const uint16_t *codes, const uint8_t *missing, int32_t *scores,
    int32_t *classes, T *made)
{
    static unsigned char workspace[NAME_WORKSPACE];
    size_t i;
    for (i = 0; i < n; i++) {
#if COLUMNS
        struct NAME_row row = {0};
        @SET@
        NAME_features(&row, made);
        classes[i] = NAME_predict_row_in(workspace, &row);
        NAME_scores_row_in(workspace, &row, scores);
        numbers += COLUMNS;
        codes += COLUMNS;
        missing += COLUMNS;
#else
        memcpy(made, x, NAME_FEATURES * sizeof *x);
        NAME_predict_in(workspace, x, 1, &classes[i]);
        NAME_scores_in(workspace, x, 1, scores);
#endif
        x += NAME_FEATURES;
        made += NAME_FEATURES;
        scores += NAME_CLASSES;
    }
    (void)numbers;
    (void)codes;
    (void)missing;
}
void lgnc_margins(size_t n, const int32_t *scores, uint32_t *margins, double *shares);
void lgnc_margins(size_t n, const int32_t *scores, uint32_t *margins, double *shares)
{
    double held[NAME_CLASSES + 2u] = {0}; /* the first and last of it stay as they are */
    size_t i;
    for (i = 0; i < n; i++, scores += NAME_CLASSES, shares += NAME_CLASSES) {
        margins[i] = NAME_margin(scores);
        held[0] = held[NAME_CLASSES + 1u] = 3.0;
#if PROBABILITIES
        NAME_probabilities(scores, held + 1);
#endif
        memcpy(shares, held + 1, NAME_CLASSES * sizeof *shares);
        if (held[0] != 3.0 || held[NAME_CLASSES + 1u] != 3.0) shares[0] = -1.0;
    }
}
void lgnc_names(char *out);
void lgnc_names(char *out)
{
    size_t c;
    for (c = 0; c < NAME_CLASSES; c++) {
        strncpy(out + c * FILL, NAME_class_names[c], FILL - 1);
    }
}
"""


def _library(at: Path, visit: Visit, members: Sequence[Member], host: bool) -> Path:
    """The folder's two files, and a function that fills in rows by the names of their members."""
    words = {"HOST": int(host), "COLUMNS": len(members), "FILL": _NAME, "SET": "\n        ".join(_settings(members))}
    flags = f"-D{macro_prefix(visit.name)}WIDEST=8", "-lm"
    return shim_library(visit, at, _SHIM, (".c", ".h", "_row.c", "_row.h"), words, flags)


def _settings(members: Sequence[Member]) -> list[str]:
    """Statements that set every member of a row: categories by their constants."""
    lines = []
    for at, member in enumerate(members):
        if member.column.values is None:
            lines.append(f"row.{member.field} = numbers[{at}];")
        else:
            listed = ", ".join(member.constants)
            lines.append(f"{{ static const uint16_t each[] = {{{listed}}};")
            lines.append(f"row.{member.field} = ({member.type})each[codes[{at}]]; }}")
        lines.append(f"row.missing.{member.field} = missing[{at}] & 1u;")
    return lines
