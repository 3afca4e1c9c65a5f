"""How the beats of a packet go to their places: at once, or by way of groups where there are many."""

from __future__ import annotations

import math

MOST_PLACES = 15
"""Of beats, to which a register drives a bit of each; more are in groups."""


def beat_groups(beats: int) -> tuple[int, int]:
    """(groups, places of each) of a packet's beats: as many as near each other where there are many, else one group."""
    row = beats if beats <= MOST_PLACES else math.isqrt(beats - 1) + 1
    return -(-beats // row), row
