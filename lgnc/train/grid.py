"""The cells of a sweep: a TOML file of data, settings and axes becomes one training for each combination."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lgnc.diagnostics import BadInput, unknown
from lgnc.train.config import FIELDS, TrainConfig, toml_settings

MOST_CELLS = 100_000
DATA, SEED = "data", "seed"
PARTS = (DATA, "settings", "grid")
OPTIONS: dict[str, type] = {
    "label": str, "test": str, "keep": list, "drop": list, "na": list, "bins": int, "min_class_rows": int,
    "match_case": bool, "group": str, "split": str, SEED: int,
}  # fmt: skip
"""What [data] may say beside `source`: the options of `lgnc train`, and the seed of the split."""

_WANT = {str: "a text", int: "a whole number", bool: "true or false", list: "a list of texts"}


@dataclass(frozen=True)
class Cell:
    """One training. values: what each axis gave it, a setting's value or a table of settings; source: its data."""

    values: Mapping[str, Any]
    source: str
    config: TrainConfig


@dataclass(frozen=True)
class Grid:
    """A sweep as asked for. axes: their names, the last one varies fastest. options: of the data (`OPTIONS`)."""

    axes: tuple[str, ...]
    cells: tuple[Cell, ...]
    options: Mapping[str, Any]


def product(axes: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """A value of every axis, in all combinations, the last axis fastest."""
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


def shown(value: Any) -> str:
    """A value of an axis as tables have it: 'temperature=0.1 cage=false' for a table, as a cell's values are."""
    if isinstance(value, Mapping):
        return " ".join(f"{name}={shown(each)}" for name, each in value.items())
    return value if isinstance(value, str) else json.dumps(value)


def read_grid(path: Path) -> Grid:
    """The sweep that a TOML file asks for: `data`, [settings] and [grid], whose lists are the axes.

    A list of settings of one name is an axis; so is, under any other name, a list of tables of settings. `data` is a
    source, a list of them (an axis), or a table with `source` and options. Raises BadInput, which names the place, for
    anything else, for more than MOST_CELLS cells, and for a cell that `TrainConfig` refuses.
    """
    where = str(path)
    asked = toml_settings(path)
    for name in asked:
        if name not in PARTS:
            raise unknown("part of a sweep", name, PARTS, where=where)
    sources, options = _data(asked.get(DATA), where)
    settings = _plain(_table(asked, "settings", where))
    axes = {DATA: sources} if len(sources) > 1 else {}
    axes |= {name.replace("-", "_"): values for name, values in _table(asked, "grid", where).items()}
    for name, values in axes.items():
        _check_axis(name, values, settings, where)
    if (count := math.prod(len(values) for values in axes.values())) > MOST_CELLS:
        what = f"has {count:,} cells"
        raise BadInput(what, where=where, fix=f"give at most {MOST_CELLS:,}: shorter lists in [grid]")
    found = (_cell(values, sources[0], settings, where) for values in product(axes))
    cells = {json.dumps(dict(cell.values), sort_keys=True): cell for cell in found}
    return Grid(tuple(axes), tuple(cells.values()), options)


def _cell(values: dict[str, Any], source: str, settings: dict[str, Any], where: str) -> Cell:
    """The cell at a place of the grid. Raises BadInput where two axes set the same thing."""
    own: dict[str, Any] = {}
    for name, value in values.items():
        given = _plain(value) if isinstance(value, dict) else {name: value}
        if twice := own.keys() & given.keys():
            what = f"two axes give '{min(twice)}'"
            raise BadInput(what, where=f"{where}, [grid]", fix="give it in one of them")
        own |= given
    config = {**settings, **{name: value for name, value in own.items() if name != DATA}}
    return Cell(values, own.get(DATA, source), TrainConfig.from_dict(config, f"{where}, {shown(values) or 'settings'}"))


def _check_axis(name: str, values: Any, settings: dict[str, Any], where: str) -> None:
    place = f"{where}, [grid]"
    if not isinstance(values, list) or not values:
        raise BadInput(f"'{name}' is no list of values", where=place, fix=f"write {name} = [...]")
    tables = [isinstance(value, dict) for value in values]
    if any(tables) and (not all(tables) or name in FIELDS):
        what = f"the values of '{name}' are tables of settings" + (" and others" if not all(tables) else "")
        raise BadInput(what, where=place, fix="give tables alone, under a name that is no setting's")
    if not any(tables) and name not in FIELDS and name != DATA:
        raise unknown("setting", name, FIELDS, where=place)
    if name in settings:
        raise BadInput(f"'{name}' is in [settings] too", where=place, fix="give it in one of them")


def _data(asked: Any, where: str) -> tuple[list[str], dict[str, Any]]:
    """(sources, options) of the part `data`."""
    fix = 'write data = "digits", or [data] with source = "table.csv" and options'
    options = dict(_plain(asked)) if isinstance(asked, dict) else {"source": asked}
    source = options.pop("source", None)
    sources = source if isinstance(source, list) else [source]
    if not sources or not all(isinstance(one, str) and one for one in sources):
        raise BadInput("names no data", where=where, fix=fix)
    for name, value in options.items():
        if name not in OPTIONS:
            raise unknown("option of the data", name, (*OPTIONS, "source"), where=f"{where}, [data]")
        kind = OPTIONS[name]
        texts = isinstance(value, list) and all(isinstance(each, str) for each in value)
        if type(value) is not kind or (kind is list and not texts):
            raise BadInput(f"'{name}' is {value!r:.60}", where=f"{where}, [data]", fix=f"give {_WANT[kind]}")
    return list(dict.fromkeys(sources)), options


def _table(asked: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    value = asked.get(name, {})
    if not isinstance(value, dict):
        raise BadInput(f"'{name}' is no table", where=where, fix=f"write [{name}] and its lines below")
    return value


def _plain(table: dict[str, Any]) -> dict[str, Any]:
    """A table with dashes in its names as underscores."""
    return {name.replace("-", "_"): value for name, value in table.items()}
