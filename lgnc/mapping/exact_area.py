"""Exact local area: of a gate's cuts the one that adds the fewest tables to those that are there anyway."""

from __future__ import annotations

import numpy as np

from lgnc.ir.circuit import Circuit, Int32
from lgnc.mapping.cuts import State


class ExactArea:
    """The cover as lists, with the number of readers of every node; one gate at a time."""

    def __init__(self, circuit: Circuit, state: State, ends: Int32) -> None:
        """ends: int32[n], the nodes that outputs read."""
        self.state, self.inputs, self.nodes = state, circuit.inputs, circuit.nodes
        none = circuit.nodes
        self.best = [[leaf for leaf in cut if leaf != none] for cut in state.best[:none].tolist()]
        self.arrival: list[int] = state.arrival.tolist()
        self.readers = [0] * (none + 1)
        for node in ends.tolist():
            self._read(node)

    def _read(self, node: int) -> int:
        """One more reader of a node: the tables that this adds."""
        self.readers[node] += 1
        if self.readers[node] > 1 or node < self.inputs:
            return 0
        return 1 + self._enter(self.best[node])

    def _enter(self, cut: list[int]) -> int:
        """A table with these leaves comes in: how many tables that adds below it."""
        readers, best, inputs = self.readers, self.best, self.inputs
        added, stack = 0, list(cut)
        while stack:
            leaf = stack.pop()
            readers[leaf] += 1
            if readers[leaf] == 1 and leaf >= inputs:
                added += 1
                stack += best[leaf]
        return added

    def _leave(self, cut: list[int]) -> int:
        """A table with these leaves goes: how many tables below it nobody needs any more."""
        readers, best, inputs = self.readers, self.best, self.inputs
        freed, stack = 0, list(cut)
        while stack:
            leaf = stack.pop()
            readers[leaf] -= 1
            if not readers[leaf] and leaf >= inputs:
                freed += 1
                stack += best[leaf]
        return freed

    def improve(self) -> None:
        """Every table of the cover, inputs first, takes the cut that costs least of those that are early enough."""
        required = self.state.required.tolist()
        arrival, none = self.arrival, self.nodes
        for node in range(self.inputs, self.nodes):
            if not self.readers[node]:
                if self.best[node]:
                    arrival[node] = 1 + max(arrival[leaf] for leaf in self.best[node])
                continue
            own = self.best[node]
            self._leave(own)
            found = (self._cost(own), 1 + max(arrival[leaf] for leaf in own), own)
            sizes = self.state.size[node].tolist()
            for size, cut in zip(sizes[1:], self.state.leaves[node, 1:].tolist(), strict=True):
                if not size or found[0] == 0:
                    break
                leaves = [leaf for leaf in cut if leaf != none]
                time = 1 + max(arrival[leaf] for leaf in leaves)
                if time <= required[node]:
                    found = min(found, (self._cost(leaves), time, leaves))
            _, arrival[node], self.best[node] = found
            self._enter(found[2])

    def _cost(self, cut: list[int]) -> int:
        added = self._enter(cut)
        self._leave(cut)
        return added

    def store(self) -> None:
        """Write the choice back into the state."""
        state, k = self.state, self.state.k
        for node in range(self.inputs, self.nodes):
            cut = self.best[node]
            state.best[node] = cut + [self.nodes] * (k - len(cut))
        state.arrival[: self.nodes] = np.array(self.arrival[: self.nodes], np.int32)
