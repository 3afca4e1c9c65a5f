"""What a target is: its settings, the module that emits it, and what runs and reads back what was emitted.

`backends/table.py` lists the targets. The command line's options, the refusal of wrong settings, what a manifest may
say, the tables of settings in the docs, and `lgnc doctor` come from here.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from lgnc.backends.artifact import Artifact, Emit, Options
from lgnc.backends.setting import Setting, settings_in
from lgnc.diagnostics import BadInput, unknown
from lgnc.ir.circuit import Circuit

S = TypeVar("S")


@dataclass(frozen=True)
class NoSettings:
    """The settings of a target that has none."""


@dataclass(frozen=True)
class Engine:
    """What runs a compiled folder. tools, packages: what it needs, of `lgnc.toolchain`'s TOOLS and PACKAGES.

    from_rows: with at least so many rows it is taken unasked, where its tools are here; 0: only the default is.
    """

    name: str
    tools: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    from_rows: int = 0


@dataclass(frozen=True)
class Target(Generic[S]):
    """A kind of files that circuits are compiled to.

    settings: a frozen dataclass whose fields `lgnc.backends.setting` makes; it may refuse, with BadInput, values that
    do not go together. emitter: the module whose `emit` writes the files. endings: of the files NAME.* that running or
    reading back needs, the one that is read back first. engines: what the module of this name in `lgnc.sim` runs a
    folder with, the default first; none where nothing runs it. threads: whether it shares rows over threads. loadable:
    whether `lgnc.load` takes it. read_back: whether the module of this name in `lgnc.readback` reads it. vectors: rows
    that `lgnc verify` runs a folder on. hardware: whether gates become wires and cells, so that the order of literals
    matters and yosys can report LUTs.
    """

    name: str
    settings: type[S]
    emitter: str
    endings: tuple[str, ...]
    engines: tuple[Engine, ...] = ()
    threads: bool = False
    loadable: bool = False
    read_back: bool = False
    vectors: int = 10_000
    hardware: bool = field(default=False, kw_only=True)

    def emit(self, circuit: Circuit, options: Options) -> Artifact:
        """The files of a circuit. Raises BadInput for a wrong setting, and the target's own errors."""
        return cast(Emit, importlib.import_module(self.emitter).emit)(circuit, options)

    @property
    def own_settings(self) -> dict[str, Setting]:
        """Name -> setting."""
        return settings_in(self.settings)

    def given(self, settings: Mapping[str, Any] | None) -> dict[str, str | int]:
        """The settings that are given, checked, under their own names: dashes and underscores are the same, None is
        not given. Raises BadInput for an unknown one, a wrong value, and values that do not go together.
        """
        checked = self._checked(settings)
        self.settings(**checked)
        return checked

    def read(self, settings: Mapping[str, Any] | None) -> S:
        """All settings, those that are not given at their defaults. Raises BadInput as `given` does."""
        return self.settings(**self._checked(settings))

    def _checked(self, settings: Mapping[str, Any] | None) -> dict[str, str | int]:
        if settings is not None and not isinstance(settings, Mapping):
            kind = type(settings).__name__
            raise BadInput(f"settings are a {kind}, not a dict", where=self.name, fix="for instance {}")
        own, found = self.own_settings, dict[str, Any]()
        for key, value in (settings or {}).items():
            name = key.replace("-", "_") if isinstance(key, str) else repr(key)
            if name not in own:
                raise self._unknown(name)
            if name in found:
                raise BadInput(f"setting '{name}' is given twice", where=self.name, fix="give it once")
            found[name] = value
        return {name: own[name].check(value) for name, value in found.items() if value is not None}

    def _unknown(self, name: str) -> BadInput:
        """The line for a setting that this target does not have: which one was meant, or which target has it."""
        from lgnc.backends.table import TARGETS, target_of

        owners = [each for each in TARGETS if name in target_of(each).own_settings]
        if owners:
            fix = f"use it with -t {' or '.join(owners)}"
            return BadInput(f"target {self.name} has no setting '{name}'", where=self.name, fix=fix)
        if not self.own_settings:
            fix = f"target {self.name} has no settings of its own"
            return BadInput(f"unknown setting '{name[:60]}'", where=self.name, fix=fix)
        return unknown("setting", name[:60], self.own_settings, where=self.name)
