"""Whether two circuits are the same function: by vectors, by all vectors, or by proof."""

from lgnc.verify.prove import prove
from lgnc.verify.simulate import compare_by_simulation
from lgnc.verify.stimulus import stimulus
from lgnc.verify.verdict import Verdict

__all__ = ["Verdict", "compare_by_simulation", "prove", "stimulus"]
