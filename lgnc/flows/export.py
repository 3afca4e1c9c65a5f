"""A certificate as files for other people's checkers: the miter in DIMACS, its refutation in LRAT and DRAT."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from lgnc.diagnostics import Failed
from lgnc.files import write_file
from lgnc.flows.certificates import read_certificate
from lgnc.verify.certificate import Checked, TimeIsUp, checked
from lgnc.verify.lrat import Proof, Replay
from lgnc.verify.lrat_text import drat_text, lrat_binary, lrat_text
from lgnc.verify.miter import Miter
from lgnc.verify.pairing import Pairing, pair_lines, pair_outputs
from lgnc.verify.plan_head import plan_lines
from lgnc.verify.space import joint_space


@dataclass(frozen=True)
class Exported:
    """What was written about one pair of circuits. files: in the order cnf, lrat, clrat, drat, pairs."""

    pair: str
    files: tuple[Path, ...]
    variables: int
    clauses: int
    steps: int


def export_certificate(
    certificate: Path, a: Path, b: Path, prefix: Path, *, time_limit: float = 600.0
) -> list[Exported]:
    """Check a certificate about `a` and `b` and write PREFIX.cnf, .lrat, .clrat (binary), .drat and .pairs.

    A folder has several pairs of circuits; those after the first have PREFIX-2 and so on. Raises BadInput and Failed
    as `lgnc.verify.certificate.checked` does, and Failed when time runs out.
    """
    deadline = time.perf_counter() + time_limit
    parts = read_certificate(certificate, a, b)
    found = []
    try:
        for number, (text, part) in enumerate(parts, 1):
            seen = checked(text, part.a, part.b, str(certificate), deadline=deadline)
            miter, pairs, proof = refuted(seen, str(certificate), deadline)
            name = prefix if number == 1 else prefix.with_name(f"{prefix.name}-{number}")
            found.append((name, part.name, miter, proof, [*plan_lines(seen.plan), *pair_lines(pairs)]))
    except TimeIsUp:
        raise Failed("time was up before the last step", where=str(certificate), fix="raise --time-limit") from None
    return [_write(*each) for each in found]


def refuted(seen: Checked, where: str, deadline: float) -> tuple[Miter, list[Pairing], Proof]:
    """The miter of what was checked, the pairs that it is about, class by class, and its refutation.

    Raises Failed for a certificate of classes alone, TimeIsUp after a time of `time.perf_counter`.
    """
    miter, pairs = Miter(joint_space(seen.a, seen.b)), pair_outputs(seen, where)
    miter.oblige(_obligations(miter, seen, pairs))
    return miter, pairs, Replay(miter, seen.lemmas, where, deadline).run()


def _obligations(miter: Miter, seen: Checked, pairs: list[Pairing]) -> list[tuple[int, int]]:
    """The miter's literals that must be equal, class by class."""
    outputs = seen.a.outputs.tolist(), seen.b.outputs.tolist()
    found = []
    for pairing in pairs:
        one, two = ([side.literal(x) for x in own] for side, own in zip(miter.sides, outputs, strict=True))
        found += [(one[x], two[y]) for x, y in pairing.equal]
        for literals, opposite, constant in zip((one, two), pairing.opposite, pairing.constant, strict=True):
            found += [(literals[x], -literals[y]) for x, y in opposite]
            found += [(literals[x], -1 if value else 1) for x, value in constant]
    return found


def _write(prefix: Path, pair: str, miter: Miter, proof: Proof, pairs: list[str]) -> Exported:
    contents = {
        ".cnf": miter.dimacs(),
        ".lrat": lrat_text(proof),
        ".clrat": lrat_binary(proof),
        ".drat": drat_text(proof),
        ".pairs": ("\n".join(pairs) + "\n").encode(),
    }
    files = tuple(prefix.with_name(prefix.name + ending) for ending in contents)
    for path, data in zip(files, contents.values(), strict=True):
        write_file(path, data)
    variables = miter.gates + len(miter.obligations)
    return Exported(pair, files, variables, len(miter.clauses), len(proof.steps))
