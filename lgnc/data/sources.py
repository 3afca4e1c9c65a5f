"""Where named data sets lie: the folder $LGNC_DATA, else the user's cache, else a download with a checksum."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from lgnc.diagnostics import BadInput

VARIABLE = "LGNC_DATA"


def data_folder() -> Path | None:
    """The folder that $LGNC_DATA names, or None. Raises BadInput when it is set but no folder."""
    value = os.environ.get(VARIABLE, "")
    if value and not Path(value).is_dir():
        raise BadInput(f"${VARIABLE} is not a folder", where=value, fix=f"correct {VARIABLE}, or unset it")
    return Path(value) if value else None


def cache_folder(name: str = "") -> Path:
    """The folder of the user's cache for lgnc, or one in it; it may not exist yet."""
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("lgnc"), name)


def make_cache_folder(name: str) -> Path:
    """The same, made. Raises BadInput when that is not possible."""
    folder = cache_folder(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fix = f"set XDG_CACHE_HOME to a writable folder, or put the data into ${VARIABLE}"
        raise BadInput(f"cannot make the folder: {error.strerror}", where=str(folder), fix=fix) from None
    return folder


def find_file(names: Sequence[str]) -> Path | None:
    """The first of `names` (paths with '/') under $LGNC_DATA, then under the cache; None when there is none."""
    for folder in (data_folder(), cache_folder()):
        for name in names:
            if folder is not None and (folder / name).is_file():
                return folder / name
    return None


def not_here(data_set: str, files: str, reason: str = "") -> BadInput:
    """The error that a data set is nowhere to be found."""
    what = f"the data set '{data_set}' is not on this machine" + (
        f" and cannot be downloaded: {reason}" if reason else ""
    )
    return BadInput(what, fix=f"set {VARIABLE} to a folder that holds {files}")


def download(data_set: str, urls: Sequence[str], sha256: str, files: str) -> Path:
    """The cached copy of a file, from the first of `urls` that delivers it with the right checksum.

    Raises BadInput, with the last reason and $LGNC_DATA as the remedy, when none does.
    """
    import pooch

    pooch.get_logger().setLevel("ERROR")
    folder, reason = make_cache_folder(data_set), ""
    for url in urls:
        try:
            return Path(pooch.retrieve(url, f"sha256:{sha256}", url.rsplit("/", 1)[1], folder))
        except (OSError, ValueError) as error:
            host = url.split("/")[2]
            wrong = isinstance(error, ValueError)
            reason = f"{host}: wrong checksum" if wrong else f"{host} is not reachable ({type(error).__name__})"
    raise not_here(data_set, files, reason)
