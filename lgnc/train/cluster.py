"""Jobs on a Dask cluster: one of this machine's, or one that is there. A dead worker's job is run again on another."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from lgnc import __version__
from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput, Failed
from lgnc.processes import dask_cluster
from lgnc.toolchain import require_package
from lgnc.train.cells import Job, Outcome, run_job

SECONDS = 10
"""How long a scheduler may take to answer."""


@contextmanager
def cluster_client(workers: int, scheduler: str | None = None) -> Iterator[Any]:
    """A Dask client of the scheduler at an address such as tcp://10.0.0.5:8786, or of `workers` new local workers.

    Raises ToolMissing without Dask, BadInput where no scheduler answers.
    """
    require_package("distributed")
    import dask
    from distributed import Client

    with ExitStack() as stack:
        stack.enter_context(dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}))
        stack.enter_context(_quiet())
        address = stack.enter_context(dask_cluster(workers)) if scheduler is None else scheduler
        try:
            client = Client(address, timeout=SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:  # A name that is no address is a ValueError.
            why = " ".join(str(error).split())[:120]
            where, fix = f"--scheduler {scheduler}", "give what 'dask scheduler' printed, as in tcp://10.0.0.5:8786"
            raise BadInput(f"no scheduler answers: {why}", where=where, fix=fix) from None
        yield stack.enter_context(client)


@contextmanager
def _quiet() -> Iterator[None]:
    """Inside, Dask writes no log: what goes wrong is raised."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client", "tornado.application")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def outcomes(client: Any, jobs: Sequence[Job], datasets: Sequence[Dataset], folder: Path) -> Iterator[Outcome]:
    """The outcomes of the jobs in the order in which they end. folder: of the checkpoints, as the workers see it.

    The data sets travel to the workers once each, as tasks: what was lost with a worker is sent again. When this is
    left early, or this process ends, jobs that run stop after their epoch. Raises Failed when the scheduler is gone or
    a worker has another lgnc.
    """
    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    sitting = uuid4().hex[:8]
    data = [client.submit(_given, each, key=f"data-{at}-{sitting}") for at, each in enumerate(datasets)]
    running = {
        client.submit(_run, data[job.data], job, str(folder), __version__, key=f"cell-{job.key[:16]}-{sitting}"): job
        for job in jobs
    }
    try:
        for future in as_completed(list(running), loop=client.loop):
            job = running.pop(future)
            try:
                yield future.result()
            except KilledWorker:
                what = "the workers that trained it died, one after the other: it may need more memory"
                yield Outcome(job.key, {}, b"", what)
            except MemoryError:
                yield Outcome(job.key, {}, b"", "out of memory")
            except ImportError as error:
                fix = "install the same lgnc[train,sweep] there"
                raise Failed(f"a worker has no lgnc that fits: {error}", where="Dask", fix=fix) from None
            future.release()
    except _lost() as error:
        what = f"the scheduler is gone: {type(error).__name__}"
        raise Failed(what, where="Dask", fix="the same command goes on when there is one") from None
    finally:
        client.cancel(list(running), force=True)


def _lost() -> tuple[type[BaseException], ...]:
    """What Dask raises when its scheduler has gone."""
    from concurrent.futures import CancelledError

    from distributed import CancelledError as Cancelled
    from distributed.comm import CommClosedError

    return CancelledError, Cancelled, CommClosedError


def _given(dataset: Dataset) -> Dataset:
    return dataset


class _Cancelled(Exception):
    """Nobody waits for this cell."""


def _run(dataset: Dataset, job: Job, folder: str, version: str) -> Outcome:
    """On a worker: train a job, and stop after an epoch when nobody waits for it any more."""
    if version != __version__:
        raise ImportError(f"lgnc {__version__}, and not {version}")
    return run_job(dataset, job, Path(folder), _watch())


def _watch() -> Callable[[dict[str, Any]], None]:
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def on_epoch(_: dict[str, Any]) -> None:
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled":
            raise _Cancelled

    return on_epoch
