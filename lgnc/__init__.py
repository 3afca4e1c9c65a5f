"""lgnc: train logic gate networks, compile them to C, numpy, Verilog and ONNX, and check it by proof or by test.

The verbs are here, each imported when first used; `docs/python.md` shows them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lgnc.diagnostics import BadInput, Failed, LgncError, LgncWarning, ToolMissing
    from lgnc.flows.ask import ask
    from lgnc.flows.compare import verify
    from lgnc.flows.compile_folder import CompiledFolder, compile
    from lgnc.flows.explain import Explanation, explain
    from lgnc.flows.optimise_circuit import optimise
    from lgnc.flows.questions.answer import Answers
    from lgnc.flows.report import report
    from lgnc.flows.show import show
    from lgnc.flows.simulate import Simulation, simulate
    from lgnc.flows.things import read, save
    from lgnc.flows.train import train
    from lgnc.formats.lgn import Model
    from lgnc.ir.circuit import Circuit
    from lgnc.sim.load import Network, load
    from lgnc.verify.verdict import Verdict

__version__ = "0.1.0"

_MODULES = {
    "train": "lgnc.flows.train",
    "read": "lgnc.flows.things",
    "save": "lgnc.flows.things",
    "optimise": "lgnc.flows.optimise_circuit",
    "compile": "lgnc.flows.compile_folder",
    "verify": "lgnc.flows.compare",
    "simulate": "lgnc.flows.simulate",
    "load": "lgnc.sim.load",
    "report": "lgnc.flows.report",
    "explain": "lgnc.flows.explain",
    "ask": "lgnc.flows.ask",
    "show": "lgnc.flows.show",
    "Answers": "lgnc.flows.questions.answer",
    "Circuit": "lgnc.ir.circuit",
    "Explanation": "lgnc.flows.explain",
    "CompiledFolder": "lgnc.flows.compile_folder",
    "Model": "lgnc.formats.lgn",
    "Network": "lgnc.sim.load",
    "Simulation": "lgnc.flows.simulate",
    "Verdict": "lgnc.verify.verdict",
    "BadInput": "lgnc.diagnostics",
    "Failed": "lgnc.diagnostics",
    "LgncError": "lgnc.diagnostics",
    "LgncWarning": "lgnc.diagnostics",
    "ToolMissing": "lgnc.diagnostics",
}
"""Public name -> the module that holds it."""

_ROOMS = {"report", "train", "verify"}
"""Verbs that share their name with a subpackage: the subpackage is callable, so that both uses of the name work."""

# fmt: off
__all__ = [
    "Answers", "BadInput", "Circuit", "CompiledFolder", "Explanation", "Failed", "LgncError", "LgncWarning", "Model",
    "Network", "Simulation", "ToolMissing", "Verdict", "__version__", "ask", "compile", "explain", "load", "optimise",
    "read", "report", "save", "show", "simulate", "train", "verify",
]
# fmt: on


class _Room(ModuleType):
    """A subpackage that is called as the verb of its name."""

    def _verb(self) -> Any:
        name = self.__name__.rpartition(".")[2]
        return getattr(import_module(_MODULES[name]), name)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._verb()(*arguments, **options)

    @property
    def __signature__(self) -> Any:
        import inspect

        return inspect.signature(self._verb())


class _Package(ModuleType):
    """This package: the import system binds subpackages to it, and those in `_ROOMS` become callable then."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _ROOMS and type(value) is ModuleType:
            value.__class__ = _Room
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


if not TYPE_CHECKING:  # So that a type checker sees the names above and no others.

    def __getattr__(name: str) -> Any:
        if name in _ROOMS:
            return import_module(f"lgnc.{name}")
        if name not in _MODULES:
            raise AttributeError(f"module 'lgnc' has no attribute '{name}'")
        return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
