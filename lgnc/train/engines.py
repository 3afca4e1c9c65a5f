"""What can train what: one table of engines, and the choice among them. No engine is imported before it is made."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from lgnc.diagnostics import BadInput, unknown
from lgnc.train.methods import method_of
from lgnc.train.network import Engine, Estimator, Network
from lgnc.train.ranks import world_size

NEEDS: dict[str, tuple[str, str]] = {
    "ramps": ("real inputs are not bits to pack", "leave out --inputs real"),
    "soft": ("'{method}' has no bits to pack", "use a hard method"),
    "noise": ("draws no noise", "use a method without noise"),
    "convolutions": ("trains no convolutions", "use dense layers alone"),
    "soft convolutions": ("trains no convolutions by '{method}'", "use a hard method"),
    "learned leaves": ("learns no leaves", "give the layers random or paired leaves"),
    "weight decay": ("has no weight decay", "leave out --weight-decay"),
    "layer rates": ("has one rate for all layers", "leave out lr in the tables of layers"),
    "class weights": ("has no class weights", "leave out --balance"),
    "members": ("trains one member", "give --members 1"),
    "words": ("trains no words of gates", "use another wiring"),
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
            frozenset(NEEDS) - {"ramps", "soft convolutions"},
            "lgnc.train.cpu.engine:PackedEngine", "lgnc.train.cpu.all_reduce:DistributedPackedEngine", ("threads",),
        ),
        EngineKind(
            "triton", "triton", "cuda", frozenset({"noise", "convolutions", "weight decay"}),
            "lgnc.train.gpu.engine:TritonEngine",
        ),
        EngineKind(
            "torch", "torch", "", frozenset(NEEDS),
            "lgnc.train.engine:TorchEngine", "lgnc.train.distributed:DistributedEngine", ("device", "threads"),
        ),
    )
}  # fmt: skip
"""The quickest first: 'auto' takes the first one for the device that is installed and meets every need."""


@dataclass(frozen=True)
class Work:
    """A run, as far as engines differ. ramps: on inputs that are not bits. decay: with weight decay. rates: layers
    have rates of their own. convolves: in layers below the dense ones. weighs: with weights of the classes. leaves:
    some are learned. words: gates in words share their wiring. Raises BadInput for an unknown method.
    """

    method: str
    ramps: bool = False
    decay: bool = False
    rates: bool = False
    convolves: bool = False
    processes: int = 1
    weighs: bool = False
    members: int = 1
    leaves: bool = False
    words: bool = False

    def __post_init__(self) -> None:
        method_of(self.method)

    @property
    def needs(self) -> tuple[str, ...]:
        """Which of NEEDS it has, the first to be told first, and what its method needs beside them."""
        method = method_of(self.method)
        named = {
            "ramps": self.ramps,
            "convolutions": self.convolves,
            "soft convolutions": self.convolves and not method.hard,
            "learned leaves": self.leaves,
            "soft": not method.hard,
            "noise": method.noisy,
            "weight decay": self.decay,
            "layer rates": self.rates,
            "class weights": self.weighs,
            "members": self.members > 1,
            "words": self.words,
            "processes": self.processes > 1,
        }
        return (*(need for need, wanted in named.items() if wanted), *method.needs)


def check_engine(name: str, work: Work) -> None:
    """Raise BadInput when there is no engine of that name, or it cannot do the work."""
    if name not in ENGINES:
        raise unknown("engine", name, [*ENGINES, "auto"])
    lacking = [need for need in work.needs if need not in ENGINES[name].can]
    if lacking:
        what, remedy = NEEDS.get(lacking[0], (f"'{work.method}' needs '{lacking[0]}'", "use another method"))
        others = [kind.name for kind in ENGINES.values() if kind.can.issuperset(work.needs)]
        fix = f"use --engine {others[-1]}, or {remedy}" if others else remedy
        raise BadInput(what.format(method=work.method), where=f"--engine {name}", fix=fix)


def choose_device(device: str, engine: str) -> str:
    """'cpu' or 'cuda': as asked; for 'auto' 'cuda' where PyTorch finds one, unless the engine is for CPUs alone.

    Raises BadInput when 'cuda' is asked for and there is none, or the engine cannot use it.
    """
    only = "" if engine == "auto" else ENGINES[engine].device
    if device == "cuda" and only == "cpu":
        fix = "use --device cpu, or --engine auto"
        raise BadInput("trains on the CPU", where=f"--engine {engine}", fix=fix)
    if device == "cpu" or (device == "auto" and only == "cpu"):
        return "cpu"
    import torch

    found = torch.cuda.is_available()
    if device == "cuda" and not found:
        fix = "use --device cpu, or install a PyTorch with CUDA and a driver"
        raise BadInput("PyTorch finds no CUDA device", where="--device cuda", fix=fix)
    return "cuda" if found else "cpu"


def choose_engine(name: str, work: Work, device: str) -> str:
    """The engine called `name`, or for 'auto' the quickest that is here. Raises BadInput if it cannot do the work."""
    if name == "auto":
        for kind in ENGINES.values():
            here = kind.device in ("", device) and find_spec(kind.package) is not None
            if here and kind.can.issuperset(work.needs):
                return kind.name
        name = "torch"
    check_engine(name, work)
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
