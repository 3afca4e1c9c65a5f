"""Writes again the miter that `lgnc certificate export` wrote, from the model and the circuit that were compared.

    python tools/miter.py A B PREFIX.pairs > again.cnf

A and B are each a .lgn file without convolutions or a .lgir file with a head.

It imports nothing of lgnc, so that who compares both files with `cmp` trusts these lines, not lgnc's readers, lifting,
head and clauses. The pairs are not trusted: whatever they say, the scores are the same once every pair is equal.
"""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

NAMES = ("false", "and", "gt", "a", "lt", "b", "xor", "or", "nor", "xnor", "notb", "ge", "nota", "le", "nand", "true")


class Net(NamedTuple):
    """bits: (feature, threshold) of each encoder bit. gates: (op, a, b) over nodes, which are encoder bits, then gates.
    head: (offset, literals) of each class; a literal is 2 * node + inverted. codes: (scale, offset) of each feature
    where they are fixed-point codes of values, else none.
    """

    kind: str
    features: list[str]
    bits: list[tuple[int, Any]]
    gates: list[tuple[int, int, int]]
    head: list[tuple[int, list[int]]]
    codes: list[tuple[float, int]]


def reads(op: int) -> tuple[bool, bool]:
    """Whether a gate's function depends on a, and on b."""
    return (op >> 2) != (op & 3), (op >> 1 & 5) != (op & 5)


def read_lgn(path: Path) -> Net:
    """A trained model: each gate is the argmax of its logits, each pin reads the highest of its wiring."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    table = json.loads(data[8 : 8 + size])
    said = json.loads(table.pop("__metadata__")["lgnc"])
    types = {"I32": np.int32, "I64": np.int64, "F32": np.float32, "F64": np.float64, "U8": np.uint8}

    def array(name: str) -> np.ndarray[Any, Any]:
        first, last = (8 + size + each for each in table[name]["data_offsets"])
        return np.frombuffer(data[first:last], types[table[name]["dtype"]]).reshape(table[name]["shape"])

    if said.get("front"):
        sys.exit(f"{path}: has convolutions, which this does not read")
    net = Net(said["feature_dtype"], said["feature_names"], [], [], [], [])
    if "encoder.scale" in table:
        net.codes.extend(zip(array("encoder.scale").tolist(), array("encoder.offset").tolist(), strict=True))
    net.bits.extend(zip(array("encoder.feature").tolist(), array("encoder.threshold").tolist(), strict=True))
    for number in range(said["layers"]):
        name = f"layer.{number}."
        pins = array(name + "candidates")
        best = array(name + "wiring_logits").argmax(axis=2) if name + "wiring_logits" in table else None
        fanin = pins[:, :, 0] if best is None else np.take_along_axis(pins, best[:, :, None], axis=2)[:, :, 0]
        op = array(name + "op") if name + "op" in table else array(name + "gate_logits").argmax(axis=1)
        net.gates.extend(zip(op.tolist(), *fanin.tolist(), strict=True))
    nodes, starts = array("head.nodes").tolist(), array("head.starts").tolist()
    net.head.extend((0, [2 * node for node in nodes[x:y]]) for x, y in pairwise(starts))
    return net


def read_lgir(path: Path) -> Net:
    """A circuit as text."""
    lines = iter(path.read_text().splitlines())
    if next(lines) != "lgir 1":
        sys.exit(f"{path}: is not lgir 1")
    _, kind, count = next(lines).split()
    net = Net(kind, [], [], [], [], [])
    for _ in range(int(count)):
        line = next(lines)
        name, end = json.JSONDecoder().raw_decode(line)
        net.features.append(name)
        if said := line[end:].split():
            net.codes.append((float(said[1]), int(said[3])))
    number: Any = float if kind.startswith("float") else int
    for _ in range(int(next(lines).split()[1])):
        _, _, feature, _, threshold = next(lines).split()
        net.bits.append((int(feature[1:]), number(threshold)))
    for _ in range(int(next(lines).split()[1])):
        _, _, name, *pins = next(lines).split("@")[0].split()
        op, found = NAMES.index(name), [int(pin[1:]) for pin in pins]
        a = found[0] if reads(op)[0] else 0
        net.gates.append((op, a, found[-1] if reads(op)[1] else 0))
    word, count, *_ = next(lines).split()
    if word != "head":
        sys.exit(f"{path}: has no head")
    for _ in range(int(count)):
        offset, *literals = next(lines).rpartition('" = ')[2].split()
        net.head.append((int(offset), [2 * int(x.lstrip("~n")) + x.startswith("~") for x in literals]))
    return net


def live(net: Net) -> list[bool]:
    """Which nodes an output depends on."""
    literals = [x for _, own in net.head for x in own]
    found = [False] * (len(net.bits) + len(net.gates))
    for literal in literals:
        found[literal >> 1] = True
    for node in range(len(found) - 1, len(net.bits) - 1, -1):
        if found[node]:
            op, a, b = net.gates[node - len(net.bits)]
            for pin, does in zip((a, b), reads(op), strict=True):
                found[pin] |= does
    return found


def domain(nets: list[Net]) -> tuple[Any, Any, Any]:
    """(least, greatest, float type or None) of the values that both can be given."""
    kinds = [np.dtype(net.kind) for net in nets]
    if all(kind.kind == "f" for kind in kinds):
        kind = min(kinds, key=lambda each: each.itemsize).type
        return -float(np.finfo(kind).max), float(np.finfo(kind).max), kind
    if any(kind.kind == "f" for kind in kinds):
        sys.exit("one side has float features, the other not")
    ranges = [(0, 1) if kind.kind == "b" else (int(np.iinfo(kind).min), int(np.iinfo(kind).max)) for kind in kinds]
    return max(low for low, _ in ranges), min(high for _, high in ranges), None


def encode(nets: list[Net], clauses: list[tuple[int, ...]]) -> tuple[list[list[int]], int]:
    """(the literal of each encoder bit, the first free variable): equal comparisons are one, constants variable 1."""
    low, high, kind = domain(nets)
    place = {name: column for column, name in enumerate(nets[0].features)}
    by_name = set(place) == set(nets[1].features)
    if len(nets[0].features) != len(nets[1].features):
        sys.exit("the two have different features")
    for feature, code in enumerate(nets[1].codes if nets[0].codes else []):
        if code != nets[0].codes[place[nets[1].features[feature]] if by_name else feature]:
            sys.exit("the two make different codes of values")
    keys: list[list[Any]] = []
    for net in nets:
        own: list[Any] = []
        for (feature, threshold), needed in zip(net.bits, live(net), strict=False):
            column = place[net.features[feature]] if by_name else feature
            below = threshold
            if kind is not None and -high <= threshold < high:
                below = float(kind(threshold))
                below = float(np.nextafter(kind(below), kind(-np.inf))) if below > threshold else below
            constant = 1 if not needed or threshold >= high else -1 if threshold < low else 0
            own.append(constant or (column, below))
        keys.append(own)
    cuts = {key: 2 + k for k, key in enumerate(sorted({key for own in keys for key in own if isinstance(key, tuple)}))}
    clauses.append((-1,))
    order = list(cuts)
    clauses.extend((-cuts[y], cuts[x]) for x, y in pairwise(order) if x[0] == y[0])
    encoded = [[cuts[key] if isinstance(key, tuple) else key for key in own] for own in keys]
    return encoded, 2 + len(cuts)


def define(net: Net, variable: list[int], first: int, clauses: list[tuple[int, ...]]) -> list[int]:
    """The variables of all nodes, and the next free one; needed gates are numbered by level and what they read."""
    needed, level, waiting = live(net), [0] * len(net.bits), dict[int, list[int]]()
    variable = variable + [0] * len(net.gates)
    for node, (op, a, b) in enumerate(net.gates, len(net.bits)):
        pins = [pin for pin, does in zip((a, b), reads(op), strict=True) if does]
        level.append(1 + max((level[pin] for pin in pins), default=0))
        if needed[node]:
            waiting.setdefault(level[node], []).append(node)
    for _, nodes in sorted(waiting.items()):
        rows: dict[tuple[int, int, int], list[int]] = {}
        for node in nodes:
            op, *pins = net.gates[node - len(net.bits)]
            p, q = (variable[pin] if does else 0 for pin, does in zip(pins, reads(op), strict=True))
            rows.setdefault((op, p, q), []).append(node)
        for (op, p, q), own in sorted(rows.items()):
            for node in own:
                variable[node] = first
            clauses.extend(gate_clauses(op, first, p, q))
            first += 1
    return [*variable, first]


def gate_clauses(op: int, out: int, p: int, q: int) -> list[tuple[int, ...]]:
    """out = op(p, q), the clauses of one fan-in first."""
    value = [out if op >> (3 - row) & 1 else -out for row in range(4)]
    if len(set(value)) == 1:
        return [(value[0],)]
    found: list[tuple[int, ...]] = []
    said: set[int] = set()
    for literal, pairs in ((p, ((0, 1), (2, 3))), (q, ((0, 2), (1, 3)))):
        for sign, (x, y) in zip((1, -1), pairs, strict=True):
            if value[x] == value[y]:
                found.append((sign * literal, value[x]))
                said |= {x, y}
    rows = [(p if row < 2 else -p, -q if row & 1 else q, value[row]) for row in range(4) if row not in said]
    return found + rows


def match(nets: list[Net], lines: list[str], literal: list[dict[int, int]]) -> list[tuple[int, int]]:
    """The pairs of literals that must be equal. Ends the program unless, class by class, each literal is in one pair
    and the scores then are the same.
    """
    found: list[tuple[int, int]] = []
    offset, places = 0, [[x for _, own in net.head for x in own] for net in nets]
    used: list[list[int]] = [[], []]
    bounds = [np.cumsum([0] + [len(own) for _, own in net.head]).tolist() for net in nets]

    def close(index: int) -> None:
        total = nets[0].head[index][0] - nets[1].head[index][0] + offset
        if total or any(sorted(own) != list(range(*b[index : index + 2])) for own, b in zip(used, bounds, strict=True)):
            sys.exit(f"the pairs do not show that class {index} has the same score")

    def at(side: int, place: int) -> int:
        used[side].append(place)
        return literal[side][places[side][place]]

    index = -1
    for line in lines:
        word, *rest = line.split()
        x, y, z = (*map(int, rest), 0, 0)[:3]
        if word == "p":
            if index >= 0:
                close(index)
            index, offset, used = index + 1, 0, [[], []]
        elif word == "e":
            found.append((at(0, x), at(1, y)))
        elif word == "x" and x in (0, 1):
            found.append((at(x, y), -at(x, z)))
            offset += -1 if x else 1
        elif word == "k" and x in (0, 1) and z in (0, 1):
            found.append((at(x, y), -1 if z else 1))
            offset += -z if x else z
        else:
            sys.exit(f"'{line[:40]}' is no pair")
    close(index)
    if index != len(nets[0].head) - 1 or len(nets[0].head) != len(nets[1].head):
        sys.exit("the pairs are of another number of classes")
    return found


def main() -> None:
    paths = [Path(each) for each in sys.argv[1:]]
    if len(paths) != 3:
        sys.exit(__doc__)
    nets = [read_lgn(path) if path.suffix == ".lgn" else read_lgir(path) for path in paths[:2]]
    clauses: list[tuple[int, ...]] = []
    encoded, first = encode(nets, clauses)
    literal: list[dict[int, int]] = []
    for net, own in zip(nets, encoded, strict=True):
        *variable, first = define(net, own, first, clauses)
        literal.append({2 * k + sign: -v if sign else v for k, v in enumerate(variable) for sign in (0, 1)})
    pairs = match(nets, paths[2].read_text().splitlines(), literal)
    for differ, (x, y) in enumerate(pairs, first):
        clauses += [(-differ, x, y), (-differ, -x, -y)]
    clauses.append(tuple(range(first, first + len(pairs))))
    print(f"p cnf {first + len(pairs) - 1} {len(clauses)}")
    for clause in clauses:
        print(*clause, 0)


if __name__ == "__main__":
    main()
