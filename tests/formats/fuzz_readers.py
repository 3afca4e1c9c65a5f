"""A reader under atheris (libFuzzer), in a process of its own: fuzz_readers.py READER [libFuzzer options].

READER is aiger, blif, lgir, or planted: a reader with a fault that must be found. Exits non-zero on anything but a
circuit or BadInput.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["lgnc.formats", "lgnc.readback"]):
    from lgnc.formats.lgir import from_text
    from lgnc.formats.read_aiger import circuit_from_aiger
    from lgnc.formats.read_blif import circuit_from_blif
from lgnc.diagnostics import BadInput


def planted(data: bytes, where: str) -> None:
    """The AIGER reader, but for a KeyError on files of two outputs."""
    if circuit_from_aiger(data, where).outputs.size == 2:
        raise KeyError(where)


READERS: dict[str, Callable[[bytes, str], object]] = {
    "aiger": circuit_from_aiger,
    "blif": circuit_from_blif,
    "lgir": lambda data, where: from_text(data.decode("utf-8", "replace"), where),
    "planted": planted,
}


def main() -> None:
    """Fuzz until libFuzzer stops."""
    reader = READERS[sys.argv.pop(1)]

    def read(data: bytes) -> None:
        try:
            reader(data, "x")
        except BadInput as error:
            if not (error.what and error.where.startswith("x")):
                raise AssertionError(str(error)) from error

    atheris.Setup(sys.argv, read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
