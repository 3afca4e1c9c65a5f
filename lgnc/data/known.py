"""What a model remembers of its training file, as the readers of another file need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lgnc.data.labels import class_name
from lgnc.data.numbers import Notation


@dataclass(frozen=True)
class Known:
    """names: of all columns, the label's too, in order. header: whether the file gave them. label, position: the label
    column's name and place. classes: the labels. categories: the values of each text column. notations: how columns
    wrote their numbers, where not plainly. na: the texts that stood for a missing cell beside the usual ones.
    """

    names: tuple[str, ...]
    header: bool
    label: str
    position: int
    classes: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notations: Mapping[str, Notation] = field(default_factory=dict)
    na: tuple[str, ...] = ()

    def is_row(self, first: Sequence[str]) -> bool:
        """Whether the first row of a file ends in a label of training where that file had its label."""
        if len(first) != len(self.names):
            return False
        return class_name(" ".join(first[self.position].split())) in self.classes

    def _own_names(self, titles: Sequence[str], label: str | None) -> dict[str, str]:
        """The name in training of each of a file's columns: by name, or by position when the names are unknown."""
        if set(titles) & set(self.names) or len(titles) != len(self.names):
            return {title: self.label if title == label else title for title in titles}
        return dict(zip(titles, self.names, strict=True))

    def values_for(self, titles: Sequence[str], label: str | None) -> dict[str, tuple[str, ...]]:
        """The texts of each of a file's columns that are values, not missing, because they were in training."""
        own = self._own_names(titles, label)
        return {
            title: self.classes if name == self.label else self.categories.get(name, ()) for title, name in own.items()
        }

    def notations_for(self, titles: Sequence[str], label: str | None) -> dict[str, Notation]:
        """The notation in training of a file's columns, where it was not plain."""
        own = self._own_names(titles, label)
        return {title: self.notations[name] for title, name in own.items() if name in self.notations}
