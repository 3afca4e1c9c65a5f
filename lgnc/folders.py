"""Folders that lgnc writes: how one set of files takes the place of another.

Which files are whose is `lgnc.ownership`'s: a file of lgnc's that the user edited is kept aside as `NAME.edited` when a
new one takes its name; else it stays. A file of lgnc's that the new set does not have is removed.

**How the files are switched.** Nothing but names inside the folder is ever renamed:

1. `.lgnc-plan` is written: the names and hashes, before and after.
2. Each new file is written and flushed beside the name that it will take (`lgnc.files.staged_path`).
3. `.lgnc-plan` is renamed `.lgnc-journal`. *From here on the new set is the folder's.*
4. The files are renamed to their places, the manifest last; those that went are removed.
5. `.lgnc-journal` is removed.

`_settle` ends what a killed writer left: with a journal it does steps 4 and 5, which may be done any number of times;
with only a plan it removes the new files. Every writer and reader calls it first. So they see the old set up to step 3
and the new one after it. Steps are flushed to the disk in this order.

Writers lock the folder against each other and against readers (`flock`, where the system has it).
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lgnc.diagnostics import BadInput
from lgnc.files import cannot_write, clean, read_file, sha256, stage, staged_path, sync_folder, try_lock, write_file
from lgnc.ownership import (
    JOURNAL,
    MANIFEST,
    PLAN,
    check_file_name,
    check_file_names,
    file_hash,
    locate,
    owned_files,
)

_WAIT = 10.0
"""Seconds to wait for another process that writes the folder."""


@dataclass(frozen=True)
class _Plan:
    """What a writer is to do. place: name -> (hash that may be replaced, hash of the new). remove: name -> hash."""

    place: Mapping[str, tuple[str | None, str]]
    remove: Mapping[str, str | None]

    def as_bytes(self) -> bytes:
        return json.dumps({"lgnc_plan": 1, "place": dict(self.place), "remove": dict(self.remove)}).encode()


def _read_plan(path: Path) -> _Plan:
    """Raises BadInput when it is not one that `write_folder` wrote."""
    try:
        found = json.loads(read_file(path))
        place = {check_file_name(name, path): (old, new) for name, (old, new) in found["place"].items()}
        remove = {check_file_name(name, path): old for name, old in found["remove"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        fix = "remove it, and compile again"
        raise BadInput("is not what lgnc leaves when it is interrupted", where=str(path), fix=fix) from None
    return _Plan(place, remove)


@contextlib.contextmanager
def _locked(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """Raises BadInput when another process keeps the folder locked."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows, and a folder that may not be listed
        handle = None
    try:
        until = time.monotonic() + _WAIT
        while handle is not None and try_lock(handle, shared=shared) is False:
            if time.monotonic() > until:
                what = "another lgnc is writing this folder"
                raise BadInput(what, where=str(folder), fix="wait for it, or give another folder")
            time.sleep(0.02)
        yield
    finally:
        if handle is not None:
            os.close(handle)


@contextlib.contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Holds writers off while the folder is read, after the switch of one that was killed is done.

    Raises BadInput when that needs to write and may not, or another process does not finish.
    """
    if _is_regular(folder / JOURNAL):
        try:
            with _locked(folder):
                _settle(folder)
        except OSError as error:
            what = f"an interrupted 'lgnc compile' cannot be finished here: {error.strerror or error}"
            raise BadInput(what, where=str(folder), fix="make the folder writable, or compile it again") from None
    with _locked(folder, shared=True):
        yield


def check_output_folder(folder: Path) -> None:
    """Raise BadInput unless `folder` is new, empty, or one that lgnc wrote; end what a killed writer left in it."""
    if folder.is_symlink() and not folder.exists():
        what = "is a symbolic link to what is not there"
        raise BadInput(what, where=str(folder), fix="make the folder that it points to, or give another output folder")
    if folder.exists() and not folder.is_dir():
        raise BadInput("is a file, not a folder", where=str(folder), fix="give another output folder")
    if folder.is_dir():
        try:
            with _locked(folder):
                _settle(folder)
                owned_files(folder)
        except OSError as error:
            raise cannot_write(folder, error) from None


def write_folder(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Make `files` (relative path -> bytes, `manifest.json` among them) the lgnc files of `folder`, all or none.

    Gives the files of an earlier set that the user may have edited, by the names that they have now. Raises BadInput
    when the folder is not ours, a user's file or a link is in the way, or it cannot be written.
    """
    check_file_names(list(files), folder)
    check_output_folder(folder)
    try:
        made = _make_folders(folder)
        try:
            with _locked(folder):
                _settle(folder)
                plan = _plan(folder, files)
                _stage(folder, plan, files)
                return _finish(folder, plan)
        except BaseException:
            _remove_empty(made)
            raise
    except OSError as error:
        raise cannot_write(folder, error) from None


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; gives the new ones, the lowest first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for path in missing:
            sync_folder(path.parent)
    except BaseException:
        _remove_empty(missing)
        raise
    return missing


def _remove_empty(folders: list[Path]) -> None:
    for path in folders:
        with contextlib.suppress(OSError):
            path.rmdir()


def _plan(folder: Path, files: Mapping[str, bytes]) -> _Plan:
    """What is to be done for `files` to be the folder's. Raises BadInput when a user's file is in the way."""
    owned, place = owned_files(folder), {}
    for name in sorted(files, key=lambda name: (name == MANIFEST, name)):
        new, now = sha256(files[name]), file_hash(folder, name)
        if name not in owned and now not in (None, new):
            what = f"'{name}' would be overwritten, and lgnc did not write it"
            raise BadInput(what, where=str(folder), fix="move it away, or give another folder or --name")
        place[name] = (owned.get(name), new)
    remove = {name: old for name, old in owned.items() if name not in files}
    return _Plan(place, remove)


def _stage(folder: Path, plan: _Plan, files: Mapping[str, bytes]) -> None:
    """Steps 1 to 3. What fails before the third is taken back."""
    write_file(folder / PLAN, plan.as_bytes())
    try:
        for name in plan.place:
            path = locate(folder, name)
            _make_folders(path.parent)
            stage(path, files[name])
        for parent in {locate(folder, name).parent for name in plan.place}:
            sync_folder(parent)
        os.replace(folder / PLAN, folder / JOURNAL)
    except BaseException:
        if not _is_regular(folder / JOURNAL):
            _take_back(folder, plan)
        raise
    sync_folder(folder)


def _take_back(folder: Path, plan: _Plan) -> None:
    """Remove the new files of a plan that did not come to its third step, then the plan."""
    for name in plan.place:
        staged_path(locate(folder, name)).unlink(missing_ok=True)
        _prune(folder, name)
    (folder / PLAN).unlink(missing_ok=True)
    sync_folder(folder)


def _finish(folder: Path, plan: _Plan) -> list[str]:
    """Steps 4 and 5, or what is left of them. Gives the names of files that may be the user's work."""
    kept = []
    for name, (old, new) in plan.place.items():
        path = locate(folder, name)
        if not staged_path(path).exists():
            continue
        now = file_hash(folder, name)
        if now not in (None, old, new):
            aside = _free_name(path)
            os.replace(path, aside)
            kept.append(aside.relative_to(folder).as_posix())
        os.replace(staged_path(path), path)
    for name, old in plan.remove.items():
        kept += _remove(folder, name, old)
    for parent in {(folder / name).parent for name in (*plan.place, *plan.remove)}:
        if parent.is_dir():
            sync_folder(parent)
    (folder / JOURNAL).unlink(missing_ok=True)
    sync_folder(folder)
    return kept


def _remove(folder: Path, name: str, old: str | None) -> list[str]:
    """Remove a file that still has hash `old`; gives its name when it stays."""
    try:
        now = file_hash(folder, name)
    except BadInput:  # a link or a folder of the user's has its name
        return [name]
    if now not in (None, old):
        return [name]
    (folder / name).unlink(missing_ok=True)
    _prune(folder, name)
    return []


def _prune(folder: Path, name: str) -> None:
    """Remove the folders above file `name` that have become empty."""
    _remove_empty([folder / parent for parent in PurePosixPath(name).parents if parent.parts])


def _free_name(path: Path) -> Path:
    """`PATH.edited`, or `PATH.edited.2` and so on when there is one."""
    names = (path.with_name(f"{path.name}.edited{'' if k == 1 else f'.{k}'}") for k in range(1, 10_000))
    return next(each for each in names if not os.path.lexists(each))


def _settle(folder: Path) -> None:
    """End what a killed writer left. The folder is locked, so no living one is at work."""
    clean(folder / PLAN)
    if _is_regular(folder / JOURNAL):
        _finish(folder, _read_plan(folder / JOURNAL))
    elif _is_regular(folder / PLAN):
        _take_back(folder, _read_plan(folder / PLAN))


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
