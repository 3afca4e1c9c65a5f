"""What can train what: one table of engines, and the choice among them. No engine is imported before it is made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from lgnc.diagnostics import BadInput, unknown
from lgnc.train.methods import method_of
from lgnc.train.network import Engine, Estimator, Network
from lgnc.train.ranks import world_size

NEEDS: dict[str, tuple[str, str]] = {
    "ramps": ("real inputs are not bits to pack", "leave out --inputs real"),
    "soft": ("a soft method has no bits to pack", "use a hard method"),
    "noise": ("draws no noise", "use a method without noise"),
    "convolutions": ("trains no convolutions", "use dense layers alone"),
    "soft convolutions": ("trains no convolutions by a soft method", "use a hard method"),
    "weight decay": ("has no weight decay", "leave out --weight-decay"),
    "processes": ("trains in one process", "start one without torchrun"),
}
"""What a run may need of an engine: what to say of one that has it not, and a remedy beside another engine."""


@dataclass(frozen=True)
class EngineKind:
    """package: what must be installed. device: the only one that it is for, '' for any. can: those of NEEDS it meets.

    made: 'MODULE:CLASS', called with a network, an estimator, a seed and the settings named in `takes`. together: the
    same where several processes train one network ('' if it cannot).
    """

    name: str
    package: str
    device: str
    can: frozenset[str]
    made: str
    together: str = ""
    takes: tuple[str, ...] = ()


ENGINES = {
    kind.name: kind
    for kind in (
        EngineKind(
            "packed", "numba", "cpu",
            frozenset({"soft", "noise", "convolutions", "weight decay", "processes"}),
            "lgnc.train.cpu.engine:PackedEngine", "lgnc.train.cpu.all_reduce:DistributedPackedEngine", ("threads",),
        ),
        EngineKind(
            "triton", "triton", "cuda", frozenset({"noise"}), "lgnc.train.gpu.engine:TritonEngine",
        ),
        EngineKind(
            "torch", "torch", "", frozenset(NEEDS),
            "lgnc.train.engine:TorchEngine", "lgnc.train.distributed:DistributedEngine", ("device", "threads"),
        ),
    )
}  # fmt: skip
"""The quickest first: 'auto' takes the first one for the device that is installed and meets every need."""


def needs_of(
    method: str, *, ramps: bool = False, decay: bool = False, convolves: bool = False, processes: int = 1
) -> tuple[str, ...]:
    """The needs of a run, the first ones first said. Raises BadInput for an unknown method."""
    found = method_of(method)
    named = {
        "ramps": ramps,
        "soft": not found.hard,
        "noise": found.noisy,
        "convolutions": convolves,
        "soft convolutions": convolves and not found.hard,
        "weight decay": decay,
        "processes": processes > 1,
    }
    return (*(need for need, wanted in named.items() if wanted), *found.needs)


def check_engine(name: str, needs: Iterable[str]) -> None:
    """Raise BadInput when there is no engine of that name, or it lacks one of `needs`."""
    if name not in ENGINES:
        raise unknown("engine", name, [*ENGINES, "auto"])
    lacking = [need for need in needs if need not in ENGINES[name].can]
    if lacking:
        what, remedy = NEEDS.get(lacking[0], (f"cannot do '{lacking[0]}'", "use another method"))
        others = [kind.name for kind in ENGINES.values() if kind.can.issuperset(needs)]
        fix = f"use --engine {others[-1]}, or {remedy}" if others else remedy
        raise BadInput(what, where=f"--engine {name}", fix=fix)


def choose_engine(name: str, needs: tuple[str, ...], device: str) -> str:
    """The engine called `name`, or for 'auto' the quickest that is here. Raises BadInput when none meets the needs."""
    if name == "auto":
        for kind in ENGINES.values():
            here = kind.device in ("", device) and find_spec(kind.package) is not None
            if here and kind.can.issuperset(needs):
                return kind.name
        name = "torch"
    check_engine(name, needs)
    return name


def make_engine(
    name: str, network: Network, estimator: Estimator, seed: int, device: str, threads: int | None = None
) -> Engine:
    """The engine called `name`. threads: of a CPU, None for all cores."""
    kind = ENGINES[name]
    module, _, made = (kind.together if world_size() > 1 else kind.made).partition(":")
    settings = {"device": device, "threads": threads}
    taken = {key: settings[key] for key in kind.takes}
    engine: Engine = getattr(import_module(module), made)(network, estimator, seed, **taken)
    return engine
