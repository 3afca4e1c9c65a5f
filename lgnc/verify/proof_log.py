"""Writing certificates: each merge with the gates and the learned clauses that prove it, for `certificate` to check."""

from __future__ import annotations

from lgnc.verify.graph import Graph
from lgnc.verify.sat import Effort, Oracle
from lgnc.verify.space import Space

_EFFORT = Effort(1 << 40, 1 << 60)


class ProofLog:
    """The merges of a proof, by the gate that each is about. Every one is proven anew, alone, by a logging solver."""

    def __init__(self, space: Space, deadline: float) -> None:
        self.space, self.deadline = space, deadline
        self.lemmas: dict[int, str] = {}

    def record(self, graph: Graph, made: int, target: int) -> bool:
        """Log that two literals of the graph are equal; False when time runs out first, and where the gate of `made`
        has another lemma.
        """
        own, equal = graph.origin[made >> 1] ^ (made & 1), graph.origin[target >> 1] ^ (target & 1)
        first = f"m {own >> 1} {equal ^ (own & 1)}"
        if own >> 1 in self.lemmas:
            return self.lemmas[own >> 1].startswith(f"{first}\n")
        oracle = Oracle(graph, self.space, self.deadline, logging=True)
        try:
            if oracle.equal(made, target, _EFFORT) is not True:
                return False
            window = [graph.origin[node] >> 1 for node in oracle.defined if node > graph.leaves]
            literal = {abs(variable): 2 * node + (variable < 0) for node, variable in oracle.variable.items()}
            lines = [first, " ".join(map(str, ["w", *sorted(window)]))]
            for clause in oracle.learned():
                places = [literal[abs(x)] ^ (x < 0) for x in clause]
                words = [graph.origin[x >> 1] ^ (x & 1) for x in places]
                lines.append(" ".join(map(str, ["c", *words])))
            self.lemmas[own >> 1] = "\n".join(lines)
        finally:
            oracle.close()
        return True

    def text(self, header: list[str]) -> str:
        """The certificate."""
        return "\n".join([*header, *(self.lemmas[node] for node in sorted(self.lemmas)), "end", ""])
