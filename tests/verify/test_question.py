"""What a question takes for rows of a table, against every row."""

from __future__ import annotations

from itertools import product

import numpy as np

from lgnc.ir import Encoder
from lgnc.ir.builder import FALSE
from lgnc.ir.simulate import encode, pack, simulate_outputs, unpack
from lgnc.verify.flip import Group
from lgnc.verify.question import Scene, inverted

FEATURE = np.array([0, 1, 2, 3, 4, 4, 5], np.int32)
ENCODER = Encoder(("a", "b", "c", "none", "n", "gone"), "uint8", FEATURE, np.array([0, 0, 0, 0, 3, 7, 0]))
CATEGORY, NUMBER = Group((0, 1, 2, 3), (0, 1, 2), True, 3), Group((4, 5), (), False, 5, 5)


def test_rows_of_a_table_are_legal_and_no_others() -> None:
    """One category at most, missing among them; a missing number is what it is filled with, as far as bits tell."""
    scene = Scene(ENCODER, [True] * 7)
    circuit = scene.circuit({"legal": scene.legal([CATEGORY, NUMBER], scene.first)})
    rows = np.array(
        [[*flags, n, gone] for *flags, n, gone in product(*[(0, 1)] * 4, (0, 3, 4, 7, 8), (0, 1))], np.uint8
    )
    found = unpack(simulate_outputs(circuit, pack(encode(ENCODER, rows))), len(rows))[:, 0]
    filled = (rows[:, 4] > 3) & (rows[:, 4] <= 7)
    assert (found == (rows[:, :4].sum(axis=1) <= 1) & (filled | (rows[:, 5] == 0))).all()


def test_a_literal_and_its_inverse() -> None:
    assert inverted(inverted(FALSE)) == FALSE != inverted(FALSE)
    assert [inverted(literal) for literal in (4, 5)] == [5, 4]
