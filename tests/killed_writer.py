"""Runs writers that are killed (SIGKILL) before their n-th step: a line of JSON in, 'killed' or 'done' out.

A line: {"step": n, "what": "file", "folder" or "read", "path": ..., "files": {name: text}}. Data that is not flushed
when the kill comes is torn: a call of fsync that is killed leaves half the file.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lgnc.files import write_file
from lgnc.folders import reading, write_folder

CALLS = ("open", "fdopen", "replace", "unlink", "mkdir", "rmdir", "fsync", "chmod", "listdir")
"""Functions of `os` that are steps; writing goes through `fdopen` and `fsync`."""


def count_down(step: int) -> None:
    """Make the `step`-th call of one of CALLS from here on kill this process."""
    left = [step]

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                if name == "fsync" and not os.path.isdir(f"/proc/self/fd/{args[0]}"):
                    os.ftruncate(args[0], os.fstat(args[0]).st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **options)

        return call

    for name in CALLS:
        setattr(os, name, counted(name, getattr(os, name)))


def work(order: dict[str, Any]) -> None:
    path = Path(order["path"])
    files = {name: text.encode() for name, text in order.get("files", {}).items()}
    count_down(order["step"])
    if order["what"] == "file":
        write_file(path, files["file"])
    elif order["what"] == "folder":
        write_folder(path, files)
    else:
        with reading(path):
            pass


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            work(json.loads(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print("killed" if killed else f"done {status}", flush=True)


if __name__ == "__main__":
    main()
