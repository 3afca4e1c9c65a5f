"""Functions of a compiled library, called in a process of its own: a fault in them ends that process, not lgnc."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lgnc.diagnostics import Failed
from lgnc.toolchain import run

Argument = int | tuple[int, int]
"""A size, or the address of a place: (block, byte in it)."""


class Call(NamedTuple):
    """library: its file. Nothing that a function gives is looked at but what it writes into the blocks."""

    library: Path
    function: str
    arguments: tuple[Argument, ...]


class Called(NamedTuple):
    """made: each bytearray after all calls. missing: functions that a library does not have, which were not called."""

    made: list[bytearray]
    missing: set[str]


_CHILD = """
import ctypes, os, pickle, sys, threading
answer = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)
blocks, calls, together = pickle.load(sys.stdin.buffer)
def address(block):
    if isinstance(block, bytes):
        return ctypes.cast(block, ctypes.c_void_p).value
    return ctypes.addressof((ctypes.c_char * len(block)).from_buffer(block))
places = [address(block) for block in blocks]
libraries = {path: ctypes.CDLL(path) for path, _, _ in calls}
missing = {name for path, name, _ in calls if not hasattr(libraries[path], name)}
ready = []
for path, name, arguments in calls:
    if name not in missing:
        function = getattr(libraries[path], name)
        function.argtypes, function.restype = [ctypes.c_size_t] * len(arguments), None
        ready.append((function, [each if isinstance(each, int) else places[each[0]] + each[1] for each in arguments]))
if together:
    threads = [threading.Thread(target=function, args=arguments) for function, arguments in ready]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
else:
    for function, arguments in ready:
        function(*arguments)
pickle.dump(([block for block in blocks if isinstance(block, bytearray)], missing), answer)
answer.close()
"""
"""What the process does; it imports nothing of lgnc or numpy, and so starts in some 20 ms."""

SECONDS = 600.0
"""What checked code may take unless `time_limit` says otherwise: many rows take seconds, an endless loop all of it."""


def call_apart(
    blocks: Sequence[bytes | bytearray], calls: Sequence[Call], *, where: str, together: bool = False
) -> Called:
    """Make all calls in their order, or `together`, each in a thread of its own. blocks: the memory that they are
    given, bytes to read and bytearrays to write.

    Raises Failed, about `where`, when the process ends without an answer, or takes longer than `lgnc.toolchain`'s
    `time_limit` says (ten minutes, unless it is set).
    """
    told = list(blocks), [(str(call.library), *call[1:]) for call in calls], together
    words = [sys.executable, "-I", "-S", "-c", _CHILD]
    try:
        return Called(*pickle.loads(run(words, data=pickle.dumps(told), timeout=SECONDS)))
    except Failed as error:
        raise type(error)(f"its code does not run: {error.what}", where=where, fix="compile it again") from None
    except (EOFError, pickle.UnpicklingError):
        raise Failed("its code ends its process", where=where, fix="compile it again") from None
