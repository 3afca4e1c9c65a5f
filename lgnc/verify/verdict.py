"""The answer to "are these two the same function?", and how it is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """equal: True, False, or None when undecided (time was up). A verdict is never a guess.

    how: 'proven' (for every input, by structural hashing and SAT), 'exhaustive' (every input was simulated) or
    'tested' (`vectors` inputs were simulated; a proof that ran out of time says this too, with equal None).
    vectors: simulated inputs that the answer rests on. counterexample: None, or {'features': {name: value},
    'a': {...}, 'b': {...}} with what each side gives for those features. detail: a line for people.
    """

    equal: bool | None
    how: str
    vectors: int
    counterexample: dict[str, Any] | None
    seconds: float
    detail: str = ""
