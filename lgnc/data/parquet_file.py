"""Reading Parquet with pyarrow: numbers, booleans and text; null is missing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from lgnc.data.table import MAX_BYTES, Column, Table, quoted
from lgnc.diagnostics import BadInput
from lgnc.toolchain import require_package

_PANDAS_INDEX = re.compile(r"__index_level_\d+__")


def read_parquet(path: Path) -> Table:
    """The table in a Parquet file. Raises BadInput when it is not one, is too large, or has nested or other types."""
    require_package("pyarrow")
    import pyarrow as pa
    import pyarrow.parquet as pq

    where = str(path)
    try:
        with pq.ParquetFile(path) as file:
            _check_size(file.metadata, where)
            arrow = file.read()
        arrow.validate(full=True)
        return _table_of(arrow, where)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)[:120]
        fix = "take a whole copy of the file, or give CSV"
        raise BadInput(f"is not a Parquet file, or a damaged one: {reason}", where=where, fix=fix) from None


def _check_size(meta: Any, where: str) -> None:
    """Raise BadInput when the table is larger than MAX_BYTES by the file's own account."""
    stored = sum(meta.row_group(index).total_byte_size for index in range(meta.num_row_groups))
    size = max(stored, meta.num_rows * meta.num_columns * 8)
    if size > MAX_BYTES:
        what = f"takes {size >> 30} GiB of memory, more than {MAX_BYTES >> 30}"
        raise BadInput(what, where=where, fix="give fewer rows or columns")


def _table_of(arrow: Any, where: str) -> Table:
    names = [name for name in arrow.column_names if not _PANDAS_INDEX.fullmatch(name)]
    if len(names) < 2:
        raise BadInput(f"has {len(names)} columns", where=where, fix="give at least one feature and a label")
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput(f"two columns are called {quoted(repeated[0])}", where=where, fix="rename one of them")
    if not arrow.num_rows:
        raise BadInput("has no rows", where=where, fix="give a file with at least two rows")
    columns = [_column(name, arrow.column(name), where) for name in names]
    return Table(where, tuple(columns), True, lambda row: f"{where}: row {row}")


def _column(name: str, cells: Any, where: str) -> Column:
    """One column of an arrow table, its chunks joined."""
    import pyarrow as pa

    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    kind = cells.type
    null = cells.is_null().to_numpy()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
        coded = cells.cast(pa.string()).fill_null("").combine_chunks().dictionary_encode()
        coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
        return Column.from_text(name, coded.indices.to_numpy().astype(np.int32), coded.dictionary.to_pylist())
    if pa.types.is_decimal(kind):
        cells, kind = cells.cast(pa.float64()), pa.float64()
    if not (pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        fix = "store it as numbers or text, or remove it"
        raise BadInput(f"column {quoted(name)} is of type {str(kind)[:60]}", where=where, fix=fix)
    filled = cells.fill_null(False if pa.types.is_boolean(kind) else pa.scalar(0, kind))
    return Column.from_array(name, filled.to_numpy(), null)
