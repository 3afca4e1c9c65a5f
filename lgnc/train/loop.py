"""The training loop: steps, epochs, the best epoch on held-out rows, checkpoints, time budgets and Ctrl-C."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import FrameType
from typing import Any

import numpy as np

from lgnc.data.dataset import Dataset
from lgnc.diagnostics import Failed, Interrupted
from lgnc.formats.lgn import Model
from lgnc.train.batches import Batches
from lgnc.train.build import to_model
from lgnc.train.checkpoint import Progress, check_place, load_checkpoint, run_digest, save_checkpoint
from lgnc.train.config import TrainConfig
from lgnc.train.encoders import encode_rows
from lgnc.train.engines import make_engine
from lgnc.train.measure import gaps, test_figures, versions
from lgnc.train.network import Engine, Network
from lgnc.train.prepare import Problem, prepare
from lgnc.train.ranks import most, process_group, rank
from lgnc.train.redraw import RedrawingEngine, check_candidates

_UNHELD_ROWS = 2000
"""Without held-out rows, the curve is measured on so many training rows, and the last epoch is kept."""


@dataclass(frozen=True, eq=False)
class TrainResult:
    """The best epoch's model, and the report that `lgnc train --json` prints."""

    model: Model
    report: dict[str, Any]


def train(
    dataset: Dataset,
    config: TrainConfig,
    *,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
    on_step: Callable[[int, int], None] | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    tested: bool = True,
) -> TrainResult:
    """Train on the data set's training rows; its test rows are only measured at the end.

    Under torchrun (`lgnc.train.distributed`) process 0 alone calls back and writes; every process returns the result.

    on_epoch: called with each epoch's figures (those of the report's history, and epochs, seconds, samples_per_second
    and steps_per_second). on_step: called with (steps done, steps in all). checkpoint: written after each epoch and on
    Ctrl-C; with `resume`, training continues from it bit for bit, if it is there. tested: False for a data set without
    test rows, whose record and report have no figures of them. Raises BadInput before the first step
    for what cannot be trained, Interrupted when Ctrl-C ended the run and its checkpoint was written, and Failed when a
    loss became infinite.
    """
    if checkpoint is not None:
        check_place(checkpoint, resume=resume)
    problem = prepare(dataset, config, saved=checkpoint is not None, tested=tested)
    with process_group(problem.config.device):
        told = (on_epoch, on_step) if rank() == 0 else (None, None)
        run = _Run(problem, *told, checkpoint)
        if resume and checkpoint is not None and checkpoint.exists():
            run.restore(checkpoint)
        with _one_interrupt() as interrupted:
            run.train(interrupted)
        return run.result()


@contextmanager
def _one_interrupt() -> Iterator[threading.Event]:
    """Ctrl-C sets the event instead of raising, so that no step is cut in half; a second one raises as ever."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)


class _Run:
    """One sitting of a training run."""

    def __init__(
        self,
        problem: Problem,
        on_epoch: Callable[[dict[str, Any]], None] | None,
        on_step: Callable[[int, int], None] | None,
        checkpoint: Path | None,
    ) -> None:
        config = problem.config
        self.problem, self.on_epoch, self.on_step, self.checkpoint = problem, on_epoch, on_step, checkpoint
        self._redrawing = RedrawingEngine(problem.network, self._engine_of) if config.redraw else None
        self.engine: Engine = self._redrawing or self._engine_of(problem.network)
        self.batches = Batches(problem)
        self.progress = Progress()
        self.total = self.batches.steps * config.epochs
        self.digest = run_digest(problem) if checkpoint else ""
        shown = problem.held if len(problem.held) else problem.fit[:_UNHELD_ROWS]
        self._shown_y = problem.dataset.y_train[shown]
        self._shown_rows = self.batches.encode(problem.dataset.x_train[shown])
        real = config.inputs == "real"
        self._shown_bits = encode_rows(problem.encoder, problem.dataset.x_train[shown]) if real else self._shown_rows
        self._evaluation_seconds = 0.0
        self._started = time.perf_counter()
        self._now = 0.0

    def _engine_of(self, network: Network) -> Engine:
        config, estimator = self.problem.config, self.problem.estimator
        return make_engine(config.engine, network, estimator, config.seed, config.device, config.threads)

    def restore(self, path: Path) -> None:
        """Continue from a checkpoint."""
        self.progress, state = load_checkpoint(path, self.digest, self.engine.state(), self.total)
        for arrays in (state, self.progress.best):
            check_candidates(self.engine.network, arrays, str(path))
        self.engine.load_state(state)
        self._started = time.perf_counter() - self.progress.seconds

    def _seconds(self) -> float:
        return time.perf_counter() - self._started

    def _done(self) -> float:
        """The share of training that is done: of its steps, or of its time budget where that is further on."""
        done, budget = self.progress.step / self.total, self.problem.config.time_budget
        return done if budget is None else max(done, min(1.0, self._now / budget))

    def lr(self) -> float:
        """The learning rate of the next step."""
        config, done = self.problem.config, self._done()
        rate = config.lr
        if done < config.warmup:
            return rate * (done + 1 / self.total) / (config.warmup + 1 / self.total)
        if config.schedule == "constant":
            return rate
        return rate * 0.5 * (1 + math.cos(math.pi * (done - config.warmup) / (1 - config.warmup + 1e-12)))

    def _agree(self, interrupted: bool) -> bool:
        """Whether any process was interrupted; the time is that of the process that has spent the most of it."""
        times = (self._seconds(), self._evaluation_seconds)
        self._now, self._evaluation_seconds, stop = most(self.problem.config.device, *times, float(interrupted))
        return stop > 0

    def _out_of_time(self) -> bool:
        budget = self.problem.config.time_budget
        return budget is not None and self._now + 1.5 * self._evaluation_seconds >= budget

    def train(self, interrupted: threading.Event) -> None:
        """Step until the last epoch, the time budget or Ctrl-C."""
        progress = self.progress
        while progress.step < self.total:
            if self._agree(interrupted.is_set()):
                self._stop()
            if self._out_of_time():
                break
            rows, y = self.batches.batch(progress.step)
            lr = self.lr()
            try:
                progress.loss_sum += self.engine.step(rows, y, lr)
            except FloatingPointError as error:
                raise Failed(str(error), where="training", fix="lower --lr, or raise --temperature") from None
            progress.step += 1
            if self.on_step is not None:
                self.on_step(progress.step, self.total)
            if progress.step % self.batches.steps == 0:
                self._end_epoch(self.batches.steps, lr)
        if progress.step % self.batches.steps or not progress.history:
            self._end_epoch(max(1, progress.step % self.batches.steps), self.lr())

    def _end_epoch(self, steps: int, lr: float) -> None:
        """Measure, keep the best, write the checkpoint, report. Of equal epochs the later one is kept."""
        progress, started = self.progress, time.perf_counter()
        saved = self.checkpoint if rank() == 0 else None
        figures = gaps(self.engine, self._shown_rows, self._shown_bits, self._shown_y)
        self._evaluation_seconds = time.perf_counter() - started
        epoch = len(progress.history) + 1
        entry = {"epoch": epoch, "loss": progress.loss_sum / steps, **figures}
        entry |= {"c_ema": self.engine.c_ema, "tau_b": self.engine.tau_b, "lr": lr}
        progress.history.append(entry)
        progress.loss_sum = 0.0
        if self._redrawing is not None and self._done() < self.problem.config.redraw:
            self._redrawing.redraw(np.random.default_rng([self.problem.config.seed, 5, epoch]))
        if figures["accuracy"] >= progress.best_accuracy or not len(self.problem.held):
            progress.best_accuracy, progress.best_epoch = figures["accuracy"], epoch
            progress.best = state = self.engine.state()
        else:
            state = self.engine.state() if saved is not None else {}
        progress.seconds = self._seconds()
        if saved is not None:
            save_checkpoint(saved, progress, state, self.digest)
        if self.on_epoch is not None:
            rate = progress.step * self.batches.size / max(progress.seconds, 1e-9)
            times = {"epochs": self.problem.config.epochs, "seconds": progress.seconds, "samples_per_second": rate}
            self.on_epoch({**entry, **times, "steps_per_second": rate / self.batches.size})

    def _stop(self) -> None:
        """Ctrl-C between two steps: save what there is, if there is a place for it."""
        if self.checkpoint is None:
            raise KeyboardInterrupt
        self.progress.seconds = self._seconds()
        if rank() == 0:
            save_checkpoint(self.checkpoint, self.progress, self.engine.state(), self.digest)
        what = f"interrupted after {self.progress.step} of {self.total} steps"
        raise Interrupted(what, where=str(self.checkpoint), fix="continue from this checkpoint with --resume")

    def result(self) -> TrainResult:
        """The best epoch's model, measured on the test rows."""
        problem, progress, config = self.problem, self.progress, self.problem.config
        self.engine.load_state(progress.best)
        logits, network = self.engine.logits(), self.engine.network
        bare = to_model(network, logits, problem.encoder, problem.dataset, {})
        dataset = problem.dataset
        figures = test_figures(self.engine, bare, dataset, self.batches.encode) if len(dataset.y_test) else {}
        training: dict[str, Any] = {
            "data": PurePath(problem.dataset.name).name,
            "config": config.record(),
            "seed": config.seed,
            "versions": versions(),
            "best_epoch": progress.best_epoch,
            "history": progress.history,
            **figures,
        }
        if config.test_fraction is not None:
            training["test_fraction"] = config.test_fraction
        model = to_model(network, logits, problem.encoder, problem.dataset, training)
        seconds = max(progress.seconds, 1e-9)
        report = {
            **figures,
            "validation_accuracy": progress.best_accuracy if len(problem.held) else None,
            "gates": model.gates,
            "inputs": network.inputs,
            "classes": network.classes,
            "epochs": len(progress.history),
            "best_epoch": progress.best_epoch,
            "seconds": seconds,
            "samples_per_second": progress.step * self.batches.size / seconds,
            "seed": config.seed,
            "engine": self.engine.name,
            "device": config.device,
            "versions": versions(),
            "config": config.record(),
            "history": progress.history,
        }
        return TrainResult(model, report)
