"""Which files of a folder are lgnc's own.

They are the files that the folder's manifest lists, as long as they carry the listed SHA-256. Everything else is the
user's. A folder that holds files and no lgnc manifest is refused, and so is a new file with a name of the user's.
Manifests of version 1 list no hashes, so any file of theirs may have been edited: it counts as edited, unless it is
what the new set has. Links are not followed below the folder; the folder itself may be one, or a mount point, or `.`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

from lgnc.diagnostics import BadInput
from lgnc.files import read_file, sha256

MANIFEST = "manifest.json"
PLAN = ".lgnc-plan"
JOURNAL = ".lgnc-journal"

_HASH = re.compile("[0-9a-f]{64}")


def check_file_name(name: object, where: Path) -> str:
    """`name`, a path inside a folder as lgnc writes it: relative, with '/', without '.' or '..'. Raises BadInput."""
    text = name if isinstance(name, str) else ""
    plain = bool(text) and text.isprintable() and not re.search(r'[\\:*?"<>|]', text) and len(text) <= 1000
    parts = text.split("/")
    if not plain or {"", ".", ".."} & set(parts) or max(len(part.encode()) for part in parts) > 200:
        raise BadInput(f"names a file outside the folder: {name!r:.80}", where=str(where), fix="compile it again")
    if text in (PLAN, JOURNAL):
        raise BadInput(f"names lgnc's own '{text}'", where=str(where), fix="compile it again")
    return text


def check_file_names(names: object, where: Path) -> tuple[str, ...]:
    """The names of a list of files; no two may be one file where capitals do not count. Raises BadInput."""
    if not isinstance(names, list):
        raise BadInput("has no list of files", where=str(where), fix="compile it again")
    seen: dict[str, str] = {}
    for name in names:
        text = check_file_name(name, where)
        if text.casefold() in seen:
            what = f"has the files '{seen[text.casefold()]}' and '{text}', one where capitals do not count"
            raise BadInput(what, where=str(where), fix="choose another name")
        seen[text.casefold()] = text
    return tuple(seen.values())


def listed_files(manifest: Any, where: Path) -> dict[str, str | None]:
    """The files of an lgnc manifest (parsed JSON) with their hashes, which version 1 does not have.

    Raises BadInput when it is no manifest of lgnc's, or lists what cannot be its files.
    """
    version = manifest.get("lgnc_manifest") if isinstance(manifest, dict) else None
    if type(version) is not int or version not in (1, 2):
        fix = "give a folder that 'lgnc compile' wrote, with this version or an older one"
        raise BadInput("is not an lgnc manifest of version 1 or 2", where=str(where), fix=fix)
    files = manifest.get("files")
    if version == 1:
        return dict.fromkeys(check_file_names(files, where))
    names = check_file_names(list(files) if isinstance(files, dict) else None, where)
    for name in names:
        if not isinstance(files[name], str) or not _HASH.fullmatch(files[name]):
            raise BadInput(f"has no SHA-256 of file '{name}'", where=str(where), fix="compile it again")
    return dict(files)


def locate(folder: Path, name: str) -> Path:
    """The path of file `name` of a folder. Raises BadInput when a link, or what is no folder or file, is on the way."""
    *above, last = PurePosixPath(name).parts
    path = folder
    for part in above:
        path = path / part
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            what = f"'{path.relative_to(folder)}' is no folder, or a link to one"
            raise BadInput(what, where=str(folder), fix="move it away, or give another folder")
    path = path / last
    if path.is_symlink() or (path.exists() and not path.is_file()):
        what = f"'{name}' is a link, a folder or a device, not a file"
        raise BadInput(what, where=str(folder), fix="move it away, or give another folder")
    return path


def file_hash(folder: Path, name: str) -> str | None:
    """The SHA-256 of file `name` of a folder, None when there is no such file. Raises BadInput as `locate` does."""
    path = locate(folder, name)
    return sha256(read_file(path)) if path.exists() else None


def owned_files(folder: Path) -> dict[str, str | None]:
    """The files that are ours, with the hashes that they had, the manifest among them. Raises BadInput."""
    path = folder / MANIFEST
    if path.is_symlink() or not path.is_file():
        if any(folder.iterdir()):
            fix = "give a new folder, or empty this one yourself"
            raise BadInput("is a folder that lgnc did not write", where=str(folder), fix=fix)
        return {}
    text = read_file(path)
    try:
        owned = listed_files(json.loads(text), path)
    except (ValueError, RecursionError):
        raise BadInput("is not JSON", where=str(path), fix="give a new folder, or empty this one yourself") from None
    return {**owned, MANIFEST: sha256(text)}
