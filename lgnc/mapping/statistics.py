"""What each pass of a pipeline saved: costs collected while the pass manager runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lgnc.ir.circuit import Circuit
from lgnc.mapping.costs import costs
from lgnc.passes.manager import PassReport


class Statistics:
    """Costs of a circuit before and after every pass; give it to `run_pipeline` as `print_after`."""

    def __init__(self, circuit: Circuit) -> None:
        self.before = costs(circuit)
        self.after_pass: list[tuple[str, dict[str, Any]]] = []
        self._last = circuit.digest, circuit.layer is None

    def __call__(self, name: str, circuit: Circuit) -> None:
        """Count what pass `name` left; a circuit that it did not change is not counted again."""
        now = circuit.digest, circuit.layer is None
        self.after_pass.append((name, self.after if now == self._last else costs(circuit)))
        self._last = now

    @property
    def after(self) -> dict[str, Any]:
        """The costs after the last pass."""
        return self.after_pass[-1][1] if self.after_pass else self.before

    def as_json(self) -> dict[str, Any]:
        """`before`, `after`, and `passes`: the costs after each, in order, with its name."""
        passes = [{"name": name, **found} for name, found in self.after_pass]
        return {"before": self.before, "after": self.after, "passes": passes}


def pass_sizes(before: Circuit, after: Circuit, reports: Sequence[PassReport]) -> dict[str, Any]:
    """What `Statistics.as_json` gives, without counting tables: of the passes only gates and depth."""
    passes = [{"name": each.name, "gates": each.gates_after, "depth": each.depth_after} for each in reports]
    return {"before": costs(before, luts=False), "after": costs(after, luts=False), "passes": passes}
