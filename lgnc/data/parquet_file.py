"""Reading Parquet with pyarrow: numbers, booleans and text; null and NaN are missing."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from lgnc.data.budget import COLUMN_BYTES, ROW_BYTES, Budget
from lgnc.data.cells import RawColumn, read_columns
from lgnc.data.header import check_titles
from lgnc.data.known import Known
from lgnc.data.notes import Remark, notes_of
from lgnc.data.table import MISSING, Column, Table, quoted, reason_of
from lgnc.diagnostics import BadInput
from lgnc.toolchain import require_package

_PANDAS_INDEX = re.compile(r"__index_level_[0-9]++__")
_BATCH = 65_536


def read_parquet(
    path: Path,
    label: str | None = None,
    known: Known | None = None,
    *,
    na: Collection[str] = (),
    budget: Budget | None = None,
) -> Table:
    """The table in a Parquet file; the index of a pandas DataFrame is left out, unless it is the label or in `known`.

    Raises BadInput when it is not one, has nested or other types, or would take more than the budget.
    """
    require_package("pyarrow")
    import pyarrow as pa
    import pyarrow.parquet as pq

    where, budget = str(path), budget or Budget.of(None)
    try:
        with pq.ParquetFile(path) as file:
            _check_size(file.metadata, where, budget)
            names, index = _names(file.schema_arrow, label, known, where)
            texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        try:
            with pq.ParquetFile(path, read_dictionary=texts) as file:
                arrow = _read(file, names, _BATCH, where, budget)
        except (pa.ArrowException, OSError) as error:
            # Of some codings arrow says that it reads them as plain texts alone.
            if "not yet implemented" not in str(error).lower():
                raise
            with pq.ParquetFile(path) as file:
                arrow = _read(file, names, _few_rows(file.metadata, budget), where, budget)
        return _table_of(arrow, names, index, where, label, known, MISSING | set(na))
    except (pa.ArrowException, OSError, ValueError, OverflowError, KeyError, TypeError) as error:
        fix = "take a whole copy of the file, or give CSV"
        raise BadInput(f"is not a Parquet file, or a damaged one: {reason_of(error)}", where=where, fix=fix) from None


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _check_size(meta: Any, where: str, budget: Budget) -> None:
    """Raise BadInput when the table is larger than the budget by the file's own account."""
    groups = [meta.row_group(index) for index in range(meta.num_row_groups)]
    rows = max(meta.num_rows, sum(group.num_rows for group in groups))
    stored = sum(group.total_byte_size for group in groups)
    size = max(stored, rows * meta.num_columns * 12) + rows * ROW_BYTES + meta.num_columns * COLUMN_BYTES
    budget.check(size, where, f"its {rows:,} rows of {meta.num_columns:,} columns")


def _names(schema: Any, label: str | None, known: Known | None, where: str) -> tuple[list[str], list[str]]:
    """The columns to read, and the names of the pandas index, which are not."""
    index = set(_pandas_index(schema.metadata or {}))
    kept = {label, *(known.names if known else ())}
    dropped = {name for name in schema.names if name not in kept and (name in index or _PANDAS_INDEX.fullmatch(name))}
    names = [name for name in schema.names if name not in dropped]
    if len(names) < 2:
        raise BadInput(f"has {len(names)} columns", where=where, fix="give at least one feature and a label")
    check_titles(names, where)
    for name in names:
        _check_type(name, schema.field(name).type, where)
    return names, [name for name in schema.names if name in dropped and not _PANDAS_INDEX.fullmatch(name)]


def _pandas_index(metadata: dict[bytes, bytes]) -> list[str]:
    """The index columns that pandas noted in a file."""
    try:
        noted = json.loads(metadata.get(b"pandas", b"{}"))["index_columns"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    return [name for name in noted if isinstance(name, str)] if isinstance(noted, list) else []


def _check_type(name: str, kind: Any, where: str) -> None:
    import pyarrow as pa

    number = pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if not (number or _is_text(kind) or pa.types.is_null(kind) or pa.types.is_decimal(kind)):
        fix = "store it as numbers or text, or remove it"
        raise BadInput(f"column {quoted(name)} is of type {str(kind)[:60]}", where=where, fix=fix)


def _read(file: Any, names: list[str], rows: int, where: str, budget: Budget) -> Any:
    """The columns as an arrow table, `rows` read at once; no more than the budget allows."""
    import pyarrow as pa

    batches, taken = [], 0
    for batch in file.iter_batches(batch_size=rows, columns=names):
        batch.validate(full=True)
        taken += batch.nbytes
        budget.check(2 * taken, where, "the table, or more of it,")
        batches.append(batch)
    if not batches or not sum(batch.num_rows for batch in batches):
        raise BadInput("has no rows", where=where, fix="give a file with at least two rows")
    return pa.Table.from_batches(batches).select(names)


def _few_rows(meta: Any, budget: Budget) -> int:
    """Rows to read at once of texts that arrow cannot read as dictionaries (DELTA_BYTE_ARRAY).

    Such a page leaves out what a text shares with the one before, so that each row may be as long as the whole page.
    """
    largest = max((int(meta.row_group(index).total_byte_size) for index in range(meta.num_row_groups)), default=0)
    return max(1, min(_BATCH, budget.limit // (64 * max(largest, 1))))


def _table_of(
    arrow: Any,
    names: list[str],
    index: list[str],
    where: str,
    label: str | None,
    known: Known | None,
    missing: Collection[str],
) -> Table:
    found: dict[str, Column] = {}
    raw: list[RawColumn] = []
    remarks: list[Remark] = []
    for name in names:
        column = _column(name, arrow.column(name))
        if isinstance(column, RawColumn):
            raw.append(column)
        else:
            found[name] = column
            remarks += _remarks(column, arrow.column(name))
    texts, told = read_columns(
        raw,
        missing={*missing, *(known.na if known else ())},
        known=known.values_for(names, label) if known else None,
        stored=known.notations_for(names, label) if known else None,
    )
    found |= {column.name: column for column in texts}
    target = label if label is not None else (known.label if known and known.label in names else names[-1])
    notes = list(notes_of(remark for remark in [*told, *remarks] if remark.column != target))
    if index:
        listed = ", ".join(map(quoted, index[:5]))
        notes.append(f"the index of the pandas DataFrame ({listed}) left out; reset_index() makes it columns")
    return Table(
        where, tuple(found[name] for name in names), True, lambda row: f"{where}: row {row}", notes=tuple(notes)
    )


def _remarks(column: Column, cells: Any) -> list[Remark]:
    """NaN is told, for it is not null; so are whole numbers that float64 does not hold."""
    import pyarrow as pa

    remarks = []
    lost = int(column.counts()[column.missing].sum()) - cells.null_count
    if lost > 0:
        remarks.append(Remark(column.name, "NaN read as missing", lost))
    if pa.types.is_uint64(cells.type) and column.number.dtype.kind == "f":
        remarks.append(Remark(column.name, "rounded to float64 (whole numbers beyond 2^63)", None))
    return remarks


def _column(name: str, cells: Any) -> Column | RawColumn:
    """One column of an arrow table, its chunks joined: texts are decided later, all together."""
    import pyarrow as pa

    kind = cells.type
    if _is_text(kind):
        codes, texts = _codes(cells)
        return RawColumn(name, codes, texts)
    if pa.types.is_null(kind):
        return RawColumn(name, np.zeros(len(cells), np.int32), [""])
    null = cells.is_null().to_numpy()
    if pa.types.is_decimal(kind):
        cells, kind = cells.cast(pa.float64()), pa.float64()
    filled = cells.fill_null(False if pa.types.is_boolean(kind) else pa.scalar(0, kind))
    return Column.from_array(name, filled.to_numpy(), null)


def _codes(cells: Any) -> tuple[np.ndarray[Any, np.dtype[np.int32]], list[str]]:
    """Texts as codes and the distinct ones, from dictionaries that may differ from chunk to chunk; null is ''."""
    seen: dict[str, int] = {}
    parts = []
    for chunk in cells.chunks:
        coded = chunk if hasattr(chunk, "dictionary") else chunk.dictionary_encode()
        own = [seen.setdefault(text or "", len(seen)) for text in coded.dictionary.to_pylist()]
        own.append(seen.setdefault("", len(seen)))
        indices = coded.indices.fill_null(len(own) - 1).to_numpy(zero_copy_only=False)
        parts.append(np.array(own, np.int32)[indices])
    return np.concatenate(parts), list(seen)
