"""The folder of a search: front.json, which says what search it is of, and a file for each network of the front."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lgnc.diagnostics import BadInput
from lgnc.files import cannot_write, make_folder, read_file, write_file

FORMAT = "lgnc search 1"
MARK = "front.json"


def open_folder(folder: Path, study: str) -> None:
    """Make the folder, or see that it is this search's. Raises BadInput for that of another one, or other files."""
    there = _mark_in(folder)
    if there is None and folder.is_dir() and any(folder.iterdir()):
        fix = "give a new folder, or that of an earlier search"
        raise BadInput("has files, and is no folder of a search", where=str(folder), fix=fix)
    if there is not None and there.get("study") != study and any(_networks(folder)):
        what = "has the networks of a search with other data, settings or limits"
        raise BadInput(what, where=str(folder), fix="give another folder")
    make_folder(folder)
    if there is None or there.get("study") != study:
        mark(folder, study, {})


def mark(folder: Path, study: str, found: Mapping[str, Any]) -> None:
    """Write front.json. study: the name of the study that the folder is of."""
    write_file(folder / MARK, (json.dumps({"format": FORMAT, "study": study, **found}, indent=2) + "\n").encode())


def _mark_in(folder: Path) -> dict[str, Any] | None:
    """What front.json says, None where it is not one of a search."""
    try:
        found = json.loads(read_file(folder / MARK))
        return found if found.get("format") == FORMAT else None
    except (BadInput, ValueError, AttributeError, RecursionError):
        return None


def _networks(folder: Path) -> Iterator[Path]:
    """The files that a search wrote for networks."""
    return (path for path in folder.glob("net-*.lgn") if path.stem[4:].isdecimal())


def keep(folder: Path, study: str, front: Sequence[Any], made: Mapping[int, bytes]) -> None:
    """The networks of the front alone in the folder, as far as they are here; front.json names none that is gone."""
    wanted = {file_of(trial): trial.number for trial in front}
    gone = [path for path in _networks(folder) if path.name not in wanted]
    if gone:
        mark(folder, study, {})
    for path in gone:
        try:
            path.unlink(missing_ok=True)  # Another machine may have been quicker.
        except OSError as error:
            raise cannot_write(path, error) from None
    for name, number in wanted.items():
        if number in made:
            write_file(folder / name, made[number])


def file_of(trial: Any) -> str:
    """The name of a network's file: no two of a front have as many tables."""
    return f"net-{int(trial.values[1])}.lgn"
