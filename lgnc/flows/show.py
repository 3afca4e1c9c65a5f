"""`lgnc.show`: the gates behind an output or a class, as an SVG picture."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from lgnc.diagnostics import BadInput, unknown
from lgnc.files import write_file
from lgnc.flows.things import Thing, source_of, tell
from lgnc.ir.circuit import Circuit
from lgnc.report.cone import cone_of, cone_svg
from lgnc.toolchain import require_package

DEEPEST = 30


@dataclass(frozen=True)
class Shown:
    """What a picture has: the gates, the literals of all that the class counts, and the depth that is drawn."""

    path: Path
    gates: int
    literals: int
    all_literals: int
    depth: int


def show(thing: Thing, output: str | os.PathLike[str], *, of: str, literal: int | None = None, depth: int = 4) -> Shown:
    """Draw the gates at most `depth` levels behind an output, or behind what a class counts, to the .svg file `output`.

    of: the name of a class, or of an output of a circuit without classes. literal: the class's literal of this number,
    from 0, alone. What does not fit into a picture is left out: literals first, then levels. Raises BadInput for
    unknown names, ToolMissing without the packages of lgnc[report].
    """
    require_package("jinja2")
    path = Path(output)
    if path.suffix.lower() != ".svg":
        raise BadInput("a picture of gates ends in .svg", where=str(path), fix=f"give {path.with_suffix('.svg')}")
    if not 1 <= depth <= DEEPEST:
        raise BadInput(f"{depth} is no depth", where="depth", fix=f"give 1 to {DEEPEST}")
    source = source_of(thing)
    tell(source.notes)
    literals = _literals(source.circuit, of)
    if literal is not None and not 0 <= literal < len(literals):
        what = f"'{of:.60}' has no literal {literal}"
        raise BadInput(what, where="--literal", fix=f"give 0 to {len(literals) - 1}")
    cone = cone_of(source.circuit, literals if literal is None else [literals[literal]], of, depth)
    write_file(path, cone_svg(cone, f"{of}: {cone.gates} gates, {cone.depth} levels"))
    return Shown(path, cone.gates, cone.literals, len(literals), cone.depth)


def _literals(circuit: Circuit, of: str) -> list[int]:
    """The output literals that the name means. Raises BadInput for an unknown one."""
    head = circuit.head
    names = circuit.output_names if head is None else head.names
    if of not in names:
        raise unknown("output" if head is None else "class", of, names, where="--output")
    place = names.index(of)
    first, last = (place, place + 1) if head is None else (int(head.starts[place]), int(head.starts[place + 1]))
    found: list[int] = circuit.outputs[first:last].tolist()
    if not found:
        raise BadInput(f"class '{of:.60}' counts no literals", where="--output", fix="name another class")
    return found
