"""Threads that share the parts of a training step, as many as pay off at the moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

_TRIAL, _PERIOD = 12, 400
"""Steps in which one thread and all are timed in turn, and steps after which that is done again."""

_LEAST_GAIN = 0.9
"""All threads are used where they take at most this share of one thread's time."""


class Team:
    """Runs calls on up to `most` threads. What is computed must not depend on how many there are.

    On a busy machine waiting for the last thread costs more than a second one gains: `pace` finds out.
    """

    def __init__(self, most: int) -> None:
        self.most = self.active = most
        self._pool = ThreadPoolExecutor(most - 1) if most > 1 else None
        self._steps = 0
        self._times: tuple[list[float], list[float]] = ([], [])

    def run(self, call: Callable[..., Any], parts: Iterable[tuple[Any, ...]]) -> list[Any]:
        """[call(*part) for part in parts], the first one on this thread, the others beside it."""
        first, *rest = parts
        if self._pool is None or not rest:
            return [call(*first), *(call(*part) for part in rest)]
        later = [self._pool.submit(call, *part) for part in rest]
        return [call(*first), *(each.result() for each in later)]

    def cuts(self, count: int) -> list[tuple[int, int]]:
        """`count` blocks of neurons, cut evenly for the active threads; a few of them are not worth a thread."""
        parts = max(1, min(self.active, count // 8))
        return [(count * i // parts, count * (i + 1) // parts) for i in range(parts)]

    def pace(self, seconds: float) -> None:
        """Takes the time of the step that has ended, and sets the threads of the next one."""
        if self.most == 1:
            return
        at, self._steps = self._steps, (self._steps + 1) % _PERIOD
        if at < _TRIAL:
            self._times[self.active > 1].append(seconds)
            self.active = 1 if at % 2 == 0 else self.most
        if at == _TRIAL - 1:
            one, all_ = (median(times) for times in self._times)
            self.active = self.most if all_ < _LEAST_GAIN * one else 1
            self._times = ([], [])
        if at == _PERIOD - 1:
            self.active = self.most
