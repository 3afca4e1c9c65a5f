"""The gradient estimators that networks are trained with: one table, for flags, engines, experiments and plots."""

from __future__ import annotations

from dataclasses import dataclass

from lgnc.diagnostics import unknown


@dataclass(frozen=True)
class Method:
    """label: its name in plots. hard: the forward pass has bits for activations, by each neuron's one best gate; else
    values in [0, 1], by the mixture of the sixteen. noisy: Gumbel noise on the logits, fresh in every step.

    needs: names of what an engine must be able to do for it, beside that (`lgnc.train.engines.NEEDS`).
    """

    name: str
    label: str
    hard: bool
    noisy: bool
    needs: tuple[str, ...] = ()


METHODS = {
    method.name: method
    for method in (
        Method("hard-st", "Hard-ST", hard=True, noisy=False),
        Method("gumbel-st", "Gumbel-ST", hard=True, noisy=True),
        Method("soft-mix", "Soft-Mix", hard=False, noisy=False),
        Method("soft-gumbel", "Soft-Gumbel", hard=False, noisy=True),
    )
}


def method_of(name: str, *, where: str = "") -> Method:
    """The method of that name. Raises BadInput that lists the methods when there is no such one."""
    if name not in METHODS:
        raise unknown("method", str(name), METHODS, where=where)
    return METHODS[name]
