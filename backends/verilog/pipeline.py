"""Where registers go: a plan over levels of gates or tables, computed from a design's sections.

The circuit itself has no registers. A section is a module: its gates in levels 1..depth, all of its outputs handed on
at the same moment. A cut after level k of a section is a rank of registers there: one for every signal that is made at
level k or before and read after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit, Int32
from lgnc.ir.gates import READS_A, READS_B


class Ranks(NamedTuple):
    """depth: levels of a section. widths: int64[depth + 1], flip-flops of a cut after each level, or -1 for no cut."""

    depth: int
    widths: NDArray[np.int64]


def last_read(circuit: Circuit, at: NDArray[np.int32], end: int) -> NDArray[np.int32]:
    """int32[nodes]: the highest `at` of the gates that read each node, `end` for outputs; its own where none does."""
    last = at.copy()
    for fanin, reads in ((circuit.a, READS_A), (circuit.b, READS_B)):
        read = reads[circuit.op]
        np.maximum.at(last, fanin[read], at[circuit.inputs :][read])
    last[circuit.outputs >> 1] = end
    last[constants(circuit)] = at[constants(circuit)]
    return last


def constants(circuit: Circuit) -> NDArray[np.int64]:
    """Node ids of gates 0 and 15, which are true at every moment and need no register."""
    return circuit.inputs + np.flatnonzero((circuit.op == 0) | (circuit.op == 15))


def gate_ranks(circuit: Circuit, level: Int32, carried: int = 0) -> Ranks:
    """The ranks of a section of gates, whose nodes are in these levels.

    carried: signals that pass beside it and are registered wherever it is.
    """
    depth = int(level.max(initial=0))
    last = last_read(circuit, level, depth + 1)
    change = np.zeros(depth + 2, np.int64)
    np.add.at(change, level, 1)
    np.add.at(change, last, -1)
    widths = np.cumsum(change)[: depth + 1] + carried
    widths[0] = -1
    return Ranks(depth, widths)


def place_cuts(sections: Sequence[Ranks], stages: int | None = None, depth: int | None = None) -> list[tuple[int, ...]]:
    """For each section the levels after which it has registers: as few flip-flops as the number of ranks allows.

    stages: the number of ranks, spread so that the longest run of levels between two is as short as can be; or
    depth: the longest run allowed, with as few ranks as that needs. The last rank holds the design's outputs.
    Raises BadInput when there are fewer levels than stages, or a section that cannot be cut is deeper than `depth`.
    """
    positions = [
        (section, level)
        for section, ranks in enumerate(sections)
        for level in np.flatnonzero(ranks.widths >= 0).tolist()
    ]
    offsets = np.cumsum([0, *(ranks.depth for ranks in sections)]).tolist()
    where = [offsets[section] + level for section, level in positions]
    cost = [int(sections[section].widths[level]) for section, level in positions]
    total = offsets[-1]
    if stages is not None and not 1 <= stages <= len(where):
        what = f"{stages} stages do not fit a design of {total} levels with {len(where)} places for registers"
        fix = f"choose 1..{len(where)}" if where else "leave stages out: it has no gates"
        raise BadInput(what, where="stages", fix=fix)
    longest = min(depth, total) if depth is not None else -(-total // (stages or 1))
    while longest <= total:
        fewest = stages or fewest_ranks(where, longest)
        chosen = _cheapest(where, cost, fewest, longest) if fewest else None
        if chosen is not None:
            return [tuple(positions[i][1] for i in chosen if positions[i][0] == s) for s in range(len(sections))]
        if depth is not None:
            break
        longest += 1
    deepest = max(np.diff([0, *where]), default=0)
    raise BadInput(
        f"no registers can be placed at most {depth} levels apart", where="pipeline_depth", fix=f"at least {deepest}"
    )


def fewest_ranks(where: Sequence[int], longest: int) -> int:
    """How many ranks keep every run of levels within `longest`; 0 when none do."""
    count, last, reach = 0, 0, 0
    for place in where:
        if place - last > longest:
            if reach == last or place - reach > longest:
                return 0
            count, last = count + 1, reach
        reach = place
    return count + 1


def _cheapest(where: list[int], cost: list[int], ranks: int, longest: int) -> list[int] | None:
    """Indices of `ranks` places, the last one among them, at most `longest` apart, of least cost; None if none are."""
    best: list[list[tuple[int, int]]] = [[(0, -1) if place <= longest else (-1, -1) for place in where]]
    best[0] = [(c, -1) if ok >= 0 else (-1, -1) for (ok, _), c in zip(best[0], cost, strict=True)]
    for _ in range(ranks - 1):
        row = []
        for i, place in enumerate(where):
            options = []
            j = i - 1
            while j >= 0 and place - where[j] <= longest:
                if best[-1][j][0] >= 0 and where[j] < place:
                    options.append((best[-1][j][0] + cost[i], j))
                j -= 1
            row.append(min(options, default=(-1, -1)))
        best.append(row)
    at = len(where) - 1
    if at < 0 or best[-1][at][0] < 0:
        return None
    chosen = []
    for row in reversed(best):
        chosen.append(at)
        at = row[at][1]
    return chosen[::-1]


class Delays(NamedTuple):
    """segment: int32[nodes], how many ranks stand before a node. registers: int32[nodes], its chain of registers."""

    segment: NDArray[np.int32]
    registers: NDArray[np.int32]
    latency: int

    def at(self, node: int, segment: int) -> int:
        """How many of the node's registers a reader in `segment` is behind."""
        return min(segment - int(self.segment[node]), int(self.registers[node]))


def delays(circuit: Circuit, cuts: Sequence[int], level: Int32) -> Delays:
    """The registers that cuts between levels put behind each node of a section."""
    segment = np.searchsorted(np.array(cuts, np.int64), level, side="left").astype(np.int32)
    last = last_read(circuit, segment, len(cuts))
    return Delays(segment, last - segment, len(cuts))
