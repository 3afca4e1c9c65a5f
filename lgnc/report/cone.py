"""The cone of gates behind some outputs as a picture: networkx gives it levels, a template draws it as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lgnc.ir.circuit import Circuit
from lgnc.ir.gates import GATES, READS_A, READS_B
from lgnc.report.page import environment
from lgnc.report.svg import label

if TYPE_CHECKING:
    import networkx

MOST_NODES = 100
"""Nodes of a picture; a cone with more is cut at a lower depth."""

_COLUMN, _ROW, _WIDE, _HIGH, _MARGIN = 210, 42, 156, 28, 24

_DRAWN = {
    "gt": ("and", "b"), "lt": ("and", "a"), "ge": ("or", "b"), "le": ("or", "a"), "nota": ("not", ""),
    "notb": ("not", ""), "a": ("same", ""), "b": ("same", ""), "false": ("0", ""), "true": ("1", ""),
}  # fmt: skip
"""Gate -> what is written in its box, and the pin that has a bubble (an inverted one)."""


@dataclass(frozen=True)
class Box:
    """A node, its upper left corner at (x, y). kind: 'input', 'gate', 'output', or 'cut' (its fan-ins are left out)."""

    x: float
    y: float
    width: float
    height: float
    text: str
    told: str
    kind: str


@dataclass(frozen=True)
class Wire:
    """A path, and the place of its bubble where it is inverted."""

    path: str
    bubble: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class Cone:
    """graph: nodes by id, fan-ins point to what reads them; literals: how many are drawn; depth: that is drawn."""

    graph: networkx.DiGraph[Any]
    literals: int
    depth: int

    @property
    def gates(self) -> int:
        return sum(kind in ("gate", "cut") for _, kind in self.graph.nodes(data="kind"))


def cone_of(circuit: Circuit, literals: Sequence[int], name: str, depth: int) -> Cone:
    """The gates at most `depth` levels behind the first of `literals` that fit into a picture: at least one.

    A cone of a single literal that does not fit is cut at a lower depth.
    """
    while True:
        chosen: list[int] = []
        nodes: dict[int, int] = {}
        for literal in literals:
            more = _behind(circuit, literal >> 1, depth, nodes)
            if chosen and len(more) + len(chosen) + 2 > MOST_NODES:
                break
            chosen.append(literal)
            nodes = more
        if len(nodes) + 2 <= MOST_NODES or depth == 1:
            return Cone(_graph(circuit, chosen, nodes, name, len(literals)), len(chosen), depth)
        depth -= 1


def _behind(circuit: Circuit, root: int, depth: int, known: Mapping[int, int]) -> dict[int, int]:
    """Node -> levels that may still be drawn behind it, those of `known` and of another root together."""
    found, waiting = dict(known), [(root, depth)]
    while waiting:
        node, left = waiting.pop()
        if found.get(node, -1) >= left:
            continue
        found[node] = left
        if node >= circuit.inputs and left > 1:
            waiting += [(fanin, left - 1) for fanin, _ in _fanins(circuit, node)]
    return found


def _fanins(circuit: Circuit, node: int) -> list[tuple[int, str]]:
    """(node, pin) of what a gate reads."""
    gate = node - circuit.inputs
    op = int(circuit.op[gate])
    read_a, read_b = bool(READS_A[op]), bool(READS_B[op])
    return [(int(circuit.a[gate]), "a")] * read_a + [(int(circuit.b[gate]), "b")] * read_b


def _graph(
    circuit: Circuit, chosen: Sequence[int], nodes: Mapping[int, int], name: str, total: int
) -> networkx.DiGraph[Any]:
    import networkx

    graph: networkx.DiGraph[Any] = networkx.DiGraph()
    for node in sorted(nodes):
        graph.add_node(node, **_node(circuit, node, nodes))
    for node, kind in list(graph.nodes(data="kind")):
        if kind == "gate":
            bubble = _DRAWN.get(GATES[int(circuit.op[node - circuit.inputs])].name, ("", ""))[1]
            for fanin, pin in _fanins(circuit, node):
                graph.add_edge(fanin, node, inverted=pin == bubble)
    more = f", and {total - len(chosen)} more literals" if total > len(chosen) else ""
    text = label(f"sum: {name}" if total > 1 else name, 20)
    graph.add_node("output", kind="output", text=text, told=name + more)
    for literal in chosen:
        graph.add_edge(literal >> 1, "output", inverted=bool(literal & 1))
    return graph


def _node(circuit: Circuit, node: int, nodes: Mapping[int, int]) -> dict[str, str]:
    if node < circuit.inputs:
        enc = circuit.encoder
        number, least = int(enc.feature[node]), enc.threshold[node]
        feature = enc.names[number]
        least = least if enc.quantiser is None else enc.quantiser.edge(number, int(least))
        threshold = "" if enc.dtype == "bool" else f" > {least:g}"
        return {
            "kind": "input",
            "text": label(feature, max(21 - len(threshold), 4)) + threshold,
            "told": feature + threshold,
        }
    gate = GATES[int(circuit.op[node - circuit.inputs])]
    drawn = all(fanin in nodes for fanin, _ in _fanins(circuit, node))
    text = _DRAWN.get(gate.name, (gate.name, ""))[0].upper() if drawn else f"{gate.name} …"
    return {"kind": "gate" if drawn else "cut", "text": text, "told": f"node {node}: {gate.name} ({gate.words})"}


def cone_svg(cone: Cone, title: str) -> bytes:
    """The picture as the bytes of an SVG file, which follows the viewer's light or dark scheme."""
    boxes = _boxes(cone.graph)
    edges = cone.graph.edges(data="inverted")
    wires = [_wire(boxes[one], boxes[other], inverted) for one, other, inverted in edges]
    width = max(box.x + box.width for box in boxes.values()) + _MARGIN
    height = max(box.y + box.height for box in boxes.values()) + _MARGIN
    template = environment().get_template("cone.svg.j2")
    drawn = template.render(title=title, boxes=boxes.values(), wires=wires, width=width, height=height)
    return str(drawn).encode("utf-8", errors="replace")


def _boxes(graph: networkx.DiGraph[Any]) -> dict[Any, Box]:
    """A box per node: a column for each level, counted from the output, each box near what reads it."""
    import networkx

    columns = [sorted(each, key=str) for each in networkx.topological_generations(graph.reverse(copy=False))]
    ends = [node for column in columns for node in column if graph.nodes[node]["kind"] == "input"]
    columns = [[node for node in column if node not in ends] for column in columns]
    columns = [column for column in columns if column] + [ends] * bool(ends)
    middle: dict[Any, float] = {}
    for column in columns:
        wanted = {node: _mean([middle[each] for each in graph.successors(node)]) for node in column}
        column.sort(key=lambda node: wanted[node])
        low = 0.0
        for place, node in enumerate(column):
            low = wanted[node] if place == 0 else max(wanted[node], low + _ROW)
            middle[node] = low
        shift = _mean([middle[node] - wanted[node] for node in column])
        middle |= {node: middle[node] - shift for node in column}
    top = min(middle.values())
    found = {}
    for number, column in enumerate(columns):
        for node in column:
            data = graph.nodes[node]
            wide = _WIDE if data["kind"] in ("input", "output") else 64
            x = _MARGIN + (len(columns) - 1 - number) * _COLUMN + (_WIDE - wide)
            y = _MARGIN + middle[node] - top
            found[node] = Box(x, y, wide, _HIGH, data["text"], data["told"], data["kind"])
    return found


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _wire(one: Box, other: Box, inverted: bool) -> Wire:
    """From the right side of one box to the left side of another."""
    y, low = one.y + one.height / 2, other.y + other.height / 2
    late = inverted and other.kind != "output"  # Many wires meet at the output: their bubbles are at the other end.
    x, end = one.x + one.width + (8 if inverted and not late else 0), other.x - (8 if late else 0)
    bend = (end - x) / 2
    path = f"M{x:.1f} {y:.1f}C{x + bend:.1f} {y:.1f} {end - bend:.1f} {low:.1f} {end:.1f} {low:.1f}"
    return Wire(path, None if not inverted else (other.x - 4, low) if late else (x - 4, y))
