"""The only starter of processes. None outlives lgnc: a program gets a process group of its own, which is ended as a
whole when its time is up, on any error, and on SIGINT and SIGTERM of lgnc; where lgnc is killed, a watcher ends it.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from lgnc.diagnostics import Failed

_GROUPS = os.name == "posix"

_WATCH = "trap '' HUP INT TERM; read -r word; kill -s KILL 0"
"""What a watcher does, a shell of a program's process group: when its input ends, as it does with lgnc, it ends the
group. It is there before the program is, so there is no moment in which the program could be left alone."""


def run_group(
    words: Sequence[str],
    *,
    cwd: Path | None = None,
    timeout: float,
    data: bytes | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run a program in a process group of its own. data: its standard input. env: all of its variables.

    Raises subprocess.TimeoutExpired after `timeout` seconds, OSError when it cannot be started. However this is left,
    nothing of the group is left running.
    """
    with (
        _signals_raise(),
        _watcher() as group,
        subprocess.Popen(
            words,
            cwd=cwd,
            stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            process_group=group,
        ) as process,
    ):
        try:
            out, err = process.communicate(data, timeout)
            return subprocess.CompletedProcess(words, process.returncode, out, err)
        finally:
            _end(process, group)


@contextlib.contextmanager
def _watcher() -> Iterator[int | None]:
    """A new process group, which is ended with the block and with lgnc, however it ends; None where there are none."""
    if not _GROUPS:
        yield None
        return
    shell = ["/bin/sh", "-c", _WATCH]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(shell, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, process_group=0) as watcher:
        yield watcher.pid


def _end(process: subprocess.Popen[bytes], group: int | None) -> None:
    """End a program and its group, if anything still runs: politely, and a second later by force."""
    if group is None:
        ways: list[Callable[[int], None]] = [process.send_signal]
    else:
        # The program may have left for a group of its own, as GNU timeout does.
        ways = [partial(os.killpg, each) for each in (group, process.pid)]
    for stop in (signal.SIGTERM, signal.SIGTERM if group is None else signal.SIGKILL):
        for send in ways:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                send(stop)
        if process.returncode is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)


@contextlib.contextmanager
def worker_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """`workers` processes of lgnc's own.

    They end with the block, whatever they are doing, and with lgnc, however it ends. What they are given must be
    picklable. Raises Failed when one of them dies.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _start_worker)
    with _signals_raise():
        try:
            yield pool
        except BrokenProcessPool:
            fix = "start fewer with --workers: each needs memory of its own"
            raise Failed("a worker process died", fix=fix) from None
        finally:
            for process in list((pool._processes or {}).values()):
                process.kill()
            pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def dask_cluster(workers: int) -> Iterator[Any]:
    """A Dask cluster of `workers` processes of this machine, heard by this machine alone; it ends with the block.

    A worker that dies is started again. The workers end with lgnc, however it ends.
    """
    import dask
    from distributed import LocalCluster

    with dask.config.set({"distributed.scheduler.allowed-failures": 10}), _signals_raise():
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        )
        with cluster:
            yield cluster


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class Terminated(BaseException):
    """SIGTERM or SIGHUP while something that lgnc started was running, which is ended on the way out."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"signal {number}")


_asked_to_raise = False


def raise_on_signals() -> None:
    """From now on SIGTERM and SIGHUP raise `Terminated` while lgnc waits for what it started, so that temporary files
    go too. At other times they end lgnc at once, as they do by default: a handler would wait for native code.
    """
    global _asked_to_raise
    _asked_to_raise = True


@contextlib.contextmanager
def _signals_raise() -> Iterator[None]:
    changed = []
    if _asked_to_raise and threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _terminate)
                changed.append(number)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


def _terminate(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    signal.signal(number, signal.SIG_IGN)
    raise Terminated(number)
