"""Questions about all rows at once: classes that are never given, features without effect, monotony, two networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.flows.explain_row import Row
from lgnc.flows.questions.answer import Witness
from lgnc.flows.questions.proofs import Words
from lgnc.flows.questions.robust import changes, class_name, named
from lgnc.flows.questions.rows import Rows
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.verify.question import Classes, Scene, inverted

_DRAWN = 1024
"""Random rows that are run on the network itself before anything is proven."""


class Reachable:
    """Whether any row has a class."""

    words = Words(never="never", ever="reachable", good="reachable")

    def __init__(self, rows: Rows, wanted: int) -> None:
        self.rows, self.wanted = rows, wanted
        self.subject = f"class {class_name(rows, wanted)}"

    def drawn(self, rng: np.random.Generator, deadline: float) -> Witness | None:  # noqa: ARG002
        """See `Question`."""
        rows = self.rows.draw(_DRAWN, rng)
        found = np.flatnonzero(self.rows.classes(rows) == self.wanted)
        return self._shown(rows[found[0]]) if len(found) else None

    def circuit(self) -> Circuit:
        """See `Question`."""
        circuit = self.rows.circuits[0]
        scene = Scene(circuit.encoder, self.rows.read[0].tolist())
        legal = scene.legal(self.rows.columns.groups, scene.first)
        wins = Classes(scene.build, circuit, scene.first).wins(self.wanted)
        return scene.circuit({"wins": scene.all_of(legal, wins)})

    def witness(self, values: NDArray[Any], deadline: float) -> Witness | None:  # noqa: ARG002
        """See `Question`."""
        return self._shown(values)

    def _shown(self, row: Row) -> Witness | None:
        row = self.rows.at(self.rows.point(row), self.rows.usual)
        found = int(self.rows.classes(row[None])[0])
        if found != self.wanted or not self.rows.is_legal(row):
            return None
        return Witness((named(self.rows, row),), (class_name(self.rows, found),))


class _Pair(ABC):
    """A question about two rows that differ in some features alone. `differs` says whether two classes show it."""

    def __init__(self, rows: Rows, features: Sequence[int]) -> None:
        self.rows, self.features = rows, [each for each in features if rows.space.count[each] > 1]

    @abstractmethod
    def differs(self, first: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
        """bool[n]."""

    @abstractmethod
    def second(self, first: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
        """[n, features]: the second rows, from the first ones and rows that have other values of the features."""

    def drawn(self, rng: np.random.Generator, deadline: float) -> Witness | None:  # noqa: ARG002
        """See `Question`."""
        first, other = self.rows.draw(_DRAWN, rng), self.rows.draw(_DRAWN, rng)
        other = self.second(first, other)
        shown = np.flatnonzero(self.differs(self.rows.classes(first), self.rows.classes(other)))
        found = (self._shown(first[k], other[k]) for k in shown[:8])
        return next((each for each in found if each is not None), None)

    def witness(self, values: NDArray[Any], deadline: float) -> Witness | None:  # noqa: ARG002
        """See `Question`."""
        count = len(self.rows.encoder.names)
        first, other = values[:count], values[:count].copy()
        other[self.features] = values[count:]
        return self._shown(first, self.second(first[None], other[None])[0])

    def _shown(self, first: Row, other: Row) -> Witness | None:
        """Both rows made to be read, and run: None unless they are legal and show it."""
        one = self.rows.at(self.rows.point(first), self.rows.usual)
        two = self.rows.at(self.rows.point(other), one)
        classes = self.rows.classes(np.stack([one, two]))
        if not self.differs(classes[:1], classes[1:])[0] or not all(map(self.rows.is_legal, (one, two))):
            return None
        rows = named(self.rows, one), named(self.rows, two)
        names = class_name(self.rows, int(classes[0])), class_name(self.rows, int(classes[1]))
        return Witness(rows, names, changes(self.rows, one, two))

    def scene(self) -> Scene:
        """Two rows' bits."""
        return Scene(self.rows.encoder, self.rows.read[0].tolist(), self.features)


class Unused(_Pair):
    """Whether a column can change the class, whatever the others are."""

    words = Words(never="unused", ever="used", good="unused")

    def __init__(self, rows: Rows, place: int) -> None:
        super().__init__(rows, rows.columns.groups[place].features)
        self.own = list(rows.columns.groups[place].features)
        self.subject = f"column {rows.columns.names[place]}"

    def differs(self, first: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
        """bool[n]."""
        different: NDArray[np.bool_] = first != other
        return different

    def second(self, first: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
        """See `_Pair`."""
        made = first.copy()
        made[:, self.own] = other[:, self.own]
        return made

    def circuit(self) -> Circuit:
        """See `Question`."""
        scene, circuit, groups = self.scene(), self.rows.circuits[0], self.rows.columns.groups
        legal = scene.all_of(scene.legal(groups, scene.first), scene.legal(groups, scene.other))
        one, two = (Classes(scene.build, circuit, bits) for bits in (scene.first, scene.other))
        return scene.circuit(
            {
                class_name(self.rows, c): scene.all_of(legal, one.wins(c), inverted(two.wins(c)))
                for c in range(one.count)
            }
        )


class Monotone(_Pair):
    """Whether raising a feature, all else the same, can lower a class's rank (`up` is then not so), or raise it.

    rank: for each class, its place in an order.
    """

    words = Words(never="yes", ever="no", good="yes")

    def __init__(self, rows: Rows, feature: int, rank: Sequence[int], subject: str, *, up: bool) -> None:
        super().__init__(rows, [feature])
        self.feature, self.subject = feature, subject
        self.rank = np.array(rank, np.int64) * (1 if up else -1)

    def differs(self, first: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
        """bool[n]: whether the rank falls from the row to the one that is raised."""
        fallen: NDArray[np.bool_] = self.rank[first] > self.rank[other]
        return fallen

    def second(self, first: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
        """See `_Pair`: the feature at the higher of both values."""
        made = first.copy()
        made[:, self.feature] = np.maximum(first[:, self.feature], other[:, self.feature])
        return made

    def circuit(self) -> Circuit:
        """See `Question`. A bit of the raised feature is true where it is for either value."""
        scene, circuit, groups = self.scene(), self.rows.circuits[0], self.rows.columns.groups
        legal = scene.legal(groups, scene.first)
        both = zip(scene.first, scene.other, circuit.encoder.feature.tolist(), strict=True)
        raised = [scene.any_of(x, y) if of == self.feature else x for x, y, of in both]
        legal = scene.all_of(legal, scene.legal(groups, raised))
        one, two = (Classes(scene.build, circuit, bits) for bits in (scene.first, raised))
        outputs = {}
        for c, rank in enumerate(self.rank.tolist()):
            lower = [two.wins(d) for d, other in enumerate(self.rank.tolist()) if other < rank]
            if lower:
                outputs[class_name(self.rows, c)] = scene.all_of(legal, one.wins(c), scene.any_of(*lower))
        return scene.circuit(outputs)


class EqualUpTo:
    """Whether two networks give different classes on a row that neither of them gives one class, `apart`.

    rows: of both circuits, whose features and classes are in the same order.
    """

    words = Words(never="equal", ever="different", good="equal")

    def __init__(self, rows: Rows, apart: int) -> None:
        self.rows, self.apart, self.subject = rows, apart, "both networks"

    def _shows(self, rows: NDArray[Any]) -> NDArray[np.bool_]:
        one, two = self.rows.classes(rows), self.rows.classes(rows, 1)
        shows: NDArray[np.bool_] = (one != two) & (one != self.apart) & (two != self.apart)
        return shows

    def drawn(self, rng: np.random.Generator, deadline: float) -> Witness | None:  # noqa: ARG002
        """See `Question`."""
        rows = self.rows.draw(_DRAWN, rng)
        found = np.flatnonzero(self._shows(rows))
        return self._shown(rows[found[0]]) if len(found) else None

    def circuit(self) -> Circuit:
        """See `Question`."""
        a, b = self.rows.circuits
        both = Encoder(
            a.encoder.names,
            a.encoder.dtype,
            np.concatenate([a.encoder.feature, b.encoder.feature]),
            np.concatenate([a.encoder.threshold, b.encoder.threshold]),
        )
        scene = Scene(both, np.concatenate(self.rows.read).tolist())
        legal = scene.legal(self.rows.columns.groups, scene.first)
        one = Classes(scene.build, a, scene.first[: a.inputs])
        two = Classes(scene.build, b, scene.first[a.inputs :])
        neither = scene.all_of(legal, inverted(two.wins(self.apart)))
        return scene.circuit(
            {
                class_name(self.rows, c): scene.all_of(neither, one.wins(c), inverted(two.wins(c)))
                for c in range(one.count)
                if c != self.apart
            }
        )

    def witness(self, values: NDArray[Any], deadline: float) -> Witness | None:  # noqa: ARG002
        """See `Question`."""
        return self._shown(values)

    def _shown(self, row: Row) -> Witness | None:
        row = self.rows.at(self.rows.point(row), self.rows.usual)
        if not self._shows(row[None])[0] or not self.rows.is_legal(row):
            return None
        classes = [class_name(self.rows, int(self.rows.classes(row[None], k)[0]), k) for k in (0, 1)]
        return Witness((named(self.rows, row),), tuple(classes))
