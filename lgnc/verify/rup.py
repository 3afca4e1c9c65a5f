"""Reverse unit propagation with hints: which clauses, in which order, refute the opposite of a clause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lgnc.verify.miter import Clause


class Local:
    """A few numbered clauses, and what follows from them by unit propagation."""

    def __init__(self, clauses: Iterable[tuple[int, Clause]] = ()) -> None:
        self.clauses: dict[int, Clause] = {}
        self.reading: dict[int, list[int]] = {}
        self.units: list[int] = []
        for number, clause in clauses:
            self.add(number, clause)

    def add(self, number: int, clause: Clause) -> None:
        """Take a clause in, once."""
        if number in self.clauses:
            return
        self.clauses[number] = clause
        if len(clause) == 1:
            self.units.append(number)
        for literal in clause:
            self.reading.setdefault(-literal, []).append(number)

    def hints(self, clause: Sequence[int]) -> list[int] | None:
        """The numbers of the clauses that, in this order, become units and at last a contradiction once all literals of
        `clause` are false; None when propagation finds none.
        """
        reason: dict[int, int] = {-literal: 0 for literal in clause}
        queue = list(reason)
        clash = self._visit(self.units, reason, queue)
        done = 0
        while not clash and done < len(queue):
            clash = self._visit(self.reading.get(queue[done], ()), reason, queue)
            done += 1
        return self._trimmed(clash, reason, queue) if clash else None

    def _visit(self, numbers: Sequence[int], reason: dict[int, int], queue: list[int]) -> int:
        """Make true what these clauses force; the number of one that is false, else 0."""
        for number in numbers:
            free = 0
            for literal in self.clauses[number]:
                if literal in reason:
                    break
                if -literal not in reason:
                    if free:
                        break
                    free = literal
            else:
                if not free:
                    return number
                reason[free] = number
                queue.append(free)
        return 0

    def _trimmed(self, clash: int, reason: dict[int, int], queue: list[int]) -> list[int]:
        """The reasons that the contradiction needs, in order."""
        needed = {-literal for literal in self.clauses[clash]}
        kept = [clash]
        for literal in reversed(queue):
            number = reason[literal]
            if literal in needed and number:
                kept.append(number)
                needed.update(-each for each in self.clauses[number] if each != literal)
        return kept[::-1]
