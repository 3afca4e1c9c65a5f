"""Gates of every level of tables to themselves: the same function, and what is read across levels is a table's."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lgnc.formats.lift import lift
from lgnc.ir.circuit import Circuit, Int32
from lgnc.ir.gates import FALSE, READS_A, READS_B, TRUE
from lgnc.mapping.levels import tables_apart
from lgnc.mapping.lut_map import map_luts
from lgnc.passes.lower_head import lower_head
from tests.arithmetic.test_head import outputs_of
from tests.support import random_features, random_model


def most_read(circuit: Circuit, level: Int32) -> int:
    """Of the nodes that are read at a higher level or put out: the most nodes of lower levels that one depends on.

    Only gates of its own level lie between; constants do not count.
    """
    reads: list[set[int]] = [set() for _ in range(circuit.inputs)]
    handed_on = set((circuit.outputs >> 1).tolist())
    for gate, op in enumerate(circuit.op.tolist()):
        node = circuit.inputs + gate
        pins = [int(pin[gate]) for pin, read in ((circuit.a, READS_A), (circuit.b, READS_B)) if read[op]]
        assert all(level[pin] <= level[node] for pin in pins)
        lower = {pin for pin in pins if level[pin] < level[node]}
        handed_on |= lower
        found = set[int]().union(*(reads[pin] for pin in pins if pin not in lower))
        reads.append(found | {pin for pin in lower if not is_constant(circuit, pin)})
    return max(len(reads[node]) for node in handed_on if level[node] > 0)


def is_constant(circuit: Circuit, node: int) -> bool:
    return node >= circuit.inputs and int(circuit.op[node - circuit.inputs]) in (FALSE, TRUE)


@pytest.mark.parametrize("k", [2, 4, 6])
@pytest.mark.parametrize("seed", range(3))
def test_every_level_is_one_of_tables(seed: int, k: int) -> None:
    circuit = lower_head(lift(random_model(seed)), "both")
    network = map_luts(circuit, k)
    apart, level = tables_apart(network)
    x = random_features(circuit, 300)
    found: NDArray[np.bool_] = outputs_of(apart, x)
    np.testing.assert_array_equal(found, outputs_of(circuit, x))
    assert (level[: apart.inputs] == 0).all()
    assert level.max() == network.depth > 1
    assert most_read(apart, level) <= k


def test_levels_of_gates_are_no_levels_of_wider_tables() -> None:
    """The check sees two levels of tables taken for one."""
    apart, level = tables_apart(map_luts(lower_head(lift(random_model(1)), "both"), 2))
    assert most_read(apart, (level + 1) // 2) > 2
