"""How much memory data may take: sizes are checked against it before memory is taken."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lgnc.diagnostics import BadInput

USUAL = 2 << 30
"""No more than this is taken unless the user allows it, however much the machine has."""

COLUMN_BYTES = 2048
"""What a column takes beside its cells."""

ROW_BYTES = 64
"""What a row takes beside its cells: its label, its place in the split, its line."""

TEXT_BYTES = 160
"""What a distinct text takes beside its characters."""

_UNKNOWN = 8 << 30


def _number_in(path: str) -> int | None:
    """The number in a small system file, or None."""
    try:
        word = Path(path).read_text().strip()
    except (OSError, ValueError):
        return None
    return int(word) if word.isdigit() else None


def available_memory() -> int:
    """Bytes that a process may still take: what the machine, its control group or ulimit leaves it."""
    found = [_UNKNOWN]
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        found = [int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")] or found
    except (OSError, ValueError):
        pass
    group = "/sys/fs/cgroup/memory"
    for limit, used in ((f"{group}.max", f"{group}.current"), (f"{group}/memory.limit_in_bytes", "")):
        if (most := _number_in(limit)) is not None:
            found.append(max(most - (_number_in(used) or 0 if used else 0), 0))
    try:
        import resource

        soft = resource.getrlimit(resource.RLIMIT_AS)[0]
        if soft != resource.RLIM_INFINITY:
            found.append(soft)
    except ImportError:
        pass
    return min(found)


def shown(size: int) -> str:
    """A number of bytes, in GiB or MiB."""
    return f"{size / 2**30:.1f} GiB" if size >= 1 << 29 else f"{max(size >> 20, 1)} MiB"


@dataclass(frozen=True)
class Budget:
    """The most bytes of memory that one file's data may take."""

    limit: int

    @classmethod
    def of(cls, max_memory: int | None) -> Budget:
        """`max_memory` bytes; None: half of what is available, at most USUAL."""
        return cls(min(available_memory() // 2, USUAL) if max_memory is None else max_memory)

    def check(self, size: int, where: str, what: str = "its data") -> None:
        """Raise BadInput, with the remedy, when `size` bytes are more than the limit."""
        if size > self.limit:
            more = max(-(-size * 5 // (4 << 30)), 1)
            raise BadInput(
                f"{what} would take about {shown(size)} of memory; the limit is {shown(self.limit)}",
                where=where,
                fix=f"give fewer rows or columns, or allow more: --max-memory {more}G",
            )
