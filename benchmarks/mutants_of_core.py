"""Faults of lgnc's own core, each a change of one place of its source, and the tests of the room that must notice it."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """old, new: what is replaced, at its first place, in `file`. tests: files, or tests of them, that are run."""

    file: str
    old: str
    new: str
    tests: str


COMPARE, PROVE = "tests/flows/test_compare.py", "tests/verify/test_prove.py"

# ruff: noqa: E501
# fmt: off
NAMED = (
    Mutant("lgnc/flows/stations/function.py", "other = two.circuit if lemma.equal else one.circuit", "other = two.circuit", COMPARE),
    Mutant("lgnc/flows/stations/function.py", "    if not tested.equal:\n        return tested\n", "", COMPARE),
    Mutant("lgnc/verify/simulate.py", "            wrong |= a.classes != b.classes", "            pass", COMPARE),
    Mutant("lgnc/verify/prove.py", "return all(each.minus(differences[0]).is_zero for each in differences)", "return all(not each.minus(differences[0]).terms for each in differences)", PROVE),
    Mutant("lgnc/verify/space.py", "near = np.where(near > threshold,", "near = np.where(near >= threshold,", PROVE),
    Mutant("lgnc/flows/evaluate.py", "wrong = wrong | (result.scores != reference.scores).any(axis=1)", "pass", "tests/flows/test_evaluate.py"),
    Mutant("passes/equality.py", "if self.threshold[bits[index]] == self.threshold[bits[index + 1]]:", "if True:", "tests/passes/test_functional_reduction.py"),
    Mutant("lgnc/readback/verilog_module.py", "return value._replace(integer=negated % (1 << width) - (1 << width - 1))", "return value._replace(integer=-value.integer)", "tests/readback/test_verilog.py"),
    Mutant("lgnc/formats/lift.py", "    outputs = (2 * model.head_nodes).astype(np.int32)", "    outputs = (2 * np.sort(model.head_nodes)).astype(np.int32)", "tests/formats/test_lift.py"),
)
"""Faults that once went unseen."""

MUTANTS = NAMED
