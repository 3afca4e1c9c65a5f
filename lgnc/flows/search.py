"""Area in the loop: networks of several sizes and settings, mapped as they are trained; the front of accuracy and area.

The trials are a study of Optuna's with two values, accuracy and tables (`lgnc.train.study`), and its limits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lgnc.data.class_figures import class_figures
from lgnc.data.dataset import Dataset
from lgnc.diagnostics import BadInput, Failed, unknown
from lgnc.files import read_file, sha256, write_file
from lgnc.flows.search_folder import FORMAT, file_of, keep, mark, open_folder
from lgnc.flows.search_space import first_trials, open_settings, settled, suggest
from lgnc.formats.lgn import Model, model_bytes, model_from_bytes
from lgnc.formats.lift import lift
from lgnc.ir.circuit import Circuit
from lgnc.ir.simulate import simulate
from lgnc.mapping.area import Area, classifier_area
from lgnc.mapping.families import FAMILIES
from lgnc.passes.manager import run_pipeline
from lgnc.passes.order_head import order_head
from lgnc.train.checkpoint import data_digest
from lgnc.train.config import TrainConfig
from lgnc.train.prepare import check_dataset, split
from lgnc.train.ranks import world_size
from lgnc.train.resolve import resolve
from lgnc.train.study import database, finished, name_of, sampler, study_of, try_for

SMALL, SHARES = 5000, (0.2, 0.1)
"""The share of training rows that trials are compared on: the first below so many rows, else the second."""


@dataclass(frozen=True)
class Limits:
    """Most tables, and most levels of them if that is limited. Raises BadInput for none of either."""

    luts: int
    levels: int | None = None

    def __post_init__(self) -> None:
        if self.luts < 1 or (self.levels is not None and self.levels < 1):
            raise BadInput("are 1 or more", where="limits", fix="raise the limit")

    def beyond(self, area: Mapping[str, Any]) -> list[float]:
        """For each limit, a number above 0 if the area is beyond it."""
        found = [area["luts"] / self.luts - 1]
        return found if self.levels is None else [*found, area["levels"] / self.levels - 1]

    def __str__(self) -> str:
        return f"{self.luts:,} LUTs" + ("" if self.levels is None else f" and {self.levels} levels")


@dataclass(frozen=True)
class Net:
    """A network of the front. accuracy: on the rows that trials are compared on. settings: those that were chosen."""

    trial: int
    file: str
    accuracy: float
    test_accuracy: float
    area: Area
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Front:
    """nets: from the smallest on, each better than those before. tried: (tables, accuracy) of every trial."""

    family: str
    nets: tuple[Net, ...]
    tried: tuple[tuple[int, float], ...]
    validation_rows: int
    test_rows: int

    def as_json(self) -> dict[str, Any]:
        """JSON data: a table of the front, and every trial."""
        nets = [{**asdict(net), "area": asdict(net.area), "settings": dict(net.settings)} for net in self.nets]
        return {"family": self.family, "front": nets, "tried": [list(each) for each in self.tried],
                "validation_rows": self.validation_rows, "test_rows": self.test_rows}  # fmt: skip


def search(
    dataset: Dataset,
    base: TrainConfig,
    family: str,
    limits: Limits,
    folder: Path,
    *,
    seconds: float,
    storage: str,
    trials: int | None = None,
    on_trial: Callable[[int, float, int], None] = lambda *_: None,
) -> Front:
    """Train networks for `seconds`, or until there are `trials` of them, and keep the front of accuracy against tables.

    base: settings that every trial has; what they leave open is chosen. storage: the URL of a database, as
    `lgnc train --search` takes it: a study of the same data, settings and limits is gone on with. folder: gets the
    networks, `net-LUTS.lgn`, and front.json. on_trial: called with (trials, accuracy, tables). The accuracy is that of
    the optimised circuit on a share of the training rows that no trial trains on; test rows are looked at in the end,
    for the networks of the front. Raises BadInput for what cannot be searched, and where no trial is within the limits.
    """
    if family not in FAMILIES:
        raise unknown("family", family, FAMILIES, where="--target")
    _check(base)
    check_dataset(dataset)
    resolve(base, dataset)
    rows = _Rows.of(dataset, base.seed)
    described = _described(dataset, base, family, limits)
    open_folder(folder, name_of(described))
    with database(storage) as opened:
        study = study_of(described, opened, ["maximize", "minimize"])
        for params in first_trials(dataset, base, family, limits.luts):
            study.enqueue_trial(params, skip_if_exists=True)
        trial_of = _Trial(rows, base, family, limits, study)

        def told(trial: Any) -> None:
            keep(folder, name_of(described), front_of(finished(study), limits), trial_of.made)
            on_trial(len(finished(study)), *_values(trial))

        try_for(study, trial_of, seconds, told, trials)
        found = finished(study)
        chosen = front_of(found, limits)
        if not chosen:
            raise _none(found, limits)
        nets = tuple(_tested(trial, trial_of.model(trial, folder), dataset, folder) for trial in chosen)
        tried = tuple((int(trial.values[1]), trial.values[0]) for trial in found)
    front = Front(family, nets, tried, len(rows.y), len(dataset.y_test))
    mark(folder, name_of(described), front.as_json())
    return front


def _none(found: Sequence[Any], limits: Limits) -> BadInput:
    """The line for a search that found no network within the limits."""
    areas = sorted((trial.user_attrs["area"] for trial in found), key=lambda area: (area["luts"], area["levels"]))
    least = f"the smallest takes {areas[0]['luts']:,} LUTs in {areas[0]['levels']} levels"
    if limits.levels is not None:
        least += f", and the fewest levels are {min(area['levels'] for area in areas)}"
    what = f"none of {len(found)} networks is within {limits}: {least}"
    return BadInput(what, where="search", fix="raise the limit, or search longer")


def _check(base: TrainConfig) -> None:
    """Raise BadInput for settings that leave no size to choose."""
    names = ("layers", "width", "widths", "layer", "preset")
    asked = [name for name in names if getattr(base, name) is not None]
    if asked or base.node != "tree2" or (base.wiring or "").startswith("words"):
        name = asked[0] if asked else "node" if base.node != "tree2" else "wiring"
        raise BadInput(f"the search chooses the network, and '{name}' is set", where="search", fix="leave it out")
    if world_size() > 1:
        fix = "start it on each machine with the same --storage"
        raise BadInput("runs in one process, not under torchrun", where="search", fix=fix)


def _described(dataset: Dataset, base: TrainConfig, family: str, limits: Limits) -> Any:
    """What a search is told from others by, as JSON data."""
    record = resolve(base, dataset).record() | {"time_budget": None}
    space = [[name, list(values)] for name, values in open_settings(dataset, base).items()]
    return [FORMAT, record, data_digest(dataset), family, asdict(limits), space]


def front_of(trials: Sequence[Any], limits: Limits) -> list[Any]:
    """The trials within the limits than which none is smaller and as good, or as small and better; smallest first."""
    within = [trial for trial in trials if max(limits.beyond(trial.user_attrs["area"])) <= 0]
    kept: list[Any] = []
    for trial in sorted(within, key=lambda trial: (trial.values[1], -trial.values[0], trial.number)):
        if not kept or trial.values[0] > kept[-1].values[0]:
            kept.append(trial)
    return kept


@dataclass(frozen=True, eq=False)
class _Rows:
    """fit: the data set that trials train on, without test rows. x, y: the rows that they are compared on."""

    fit: Dataset
    x: Any
    y: Any

    @staticmethod
    def of(dataset: Dataset, seed: int) -> _Rows:
        """Raises BadInput where there are too few rows to hold any out."""
        share = SHARES[len(dataset.y_train) >= SMALL]
        fit, held = split(dataset.y_train, share, seed)
        if not len(held):
            raise BadInput("has too few training rows to compare networks on", where=dataset.name, fix="give more rows")
        x, y, none = dataset.x_train, dataset.y_train, slice(0)
        own = replace(dataset, x_train=x[fit], y_train=y[fit], x_test=dataset.x_test[none], y_test=dataset.y_test[none])
        return _Rows(own, x[held], y[held])


class _Trial:
    """What a trial does: choose, train, optimise, map. made: trial number -> the bytes of the last model."""

    def __init__(self, rows: _Rows, base: TrainConfig, family: str, limits: Limits, study: Any) -> None:
        self._rows, self._base, self._family, self._limits, self._study = rows, base, family, limits, study
        self.made: dict[int, bytes] = {}

    def __call__(self, trial: Any) -> tuple[float, int]:
        """(accuracy, tables). A setting that the data cannot have ends the trial, unless it is the first."""
        from optuna import TrialPruned

        self._study.sampler = sampler(self._base.seed, trial.number, _beyond(self._limits))
        chosen = suggest(trial, self._rows.fit, self._base, self._family, self._limits.luts)
        try:
            model = self._train(chosen)
        except BadInput as error:
            if not finished(self._study):
                raise
            raise TrialPruned from error
        circuit = optimised(model)
        accuracy, area = _accuracy(circuit, self._rows.x, self._rows.y), classifier_area(circuit, self._family)
        data = model_bytes(model)
        self.made = {trial.number: data}
        for name, value in (("area", asdict(area)), ("settings", chosen), ("sha256", sha256(data))):
            trial.set_user_attr(name, value)
        return accuracy, area.luts

    def _train(self, chosen: dict[str, Any]) -> Model:
        from lgnc.train.loop import train

        config = settled(self._base, {**chosen, "widths": tuple(chosen["widths"])}, self._rows.fit)
        return train(self._rows.fit, config, tested=False).model

    def model(self, trial: Any, folder: Path) -> Model:
        """The network of a trial: from the folder, or trained again where it was another machine's.

        Raises Failed when that gives another network, as another version or engine may.
        """
        path = folder / file_of(trial)
        with suppress(BadInput):  # It is not there, or not whole.
            model = _untested(model_from_bytes(read_file(path), str(path)))
            if sha256(model_bytes(model)) == trial.user_attrs["sha256"]:
                return model
        model = self._train(trial.user_attrs["settings"])
        if sha256(model_bytes(model)) != trial.user_attrs["sha256"]:
            what = f"trial {trial.number} was made by another version or engine, and is another network here"
            raise Failed(what, where=str(path), fix="copy the file from where it was made, or use another --storage")
        return model


def optimised(model: Model) -> Circuit:
    """The circuit that `lgnc compile -t verilog` emits for a model."""
    return order_head(run_pipeline(lift(model), 2)[0])


def _accuracy(circuit: Circuit, x: Any, y: Any) -> float:
    return float((simulate(circuit, x)[1] == y).mean())


def _beyond(limits: Limits) -> Callable[[Any], Sequence[float]]:
    """For the sampler; a trial that could not be trained is beyond every limit."""
    return lambda trial: limits.beyond(trial.user_attrs.get("area", _NONE))


_NONE = {"luts": 1 << 62, "levels": 1 << 62}


def _values(trial: Any) -> tuple[float, int]:
    return trial.values[0], int(trial.values[1])


_FIGURES = {"test_accuracy", "standard_error", "majority_share", "balanced_accuracy", "recall"}
"""What the record of a training has of test rows."""


def _untested(model: Model) -> Model:
    """The model as it was before it was run on test rows."""
    training = {key: value for key, value in model.meta.get("training", {}).items() if key not in _FIGURES}
    return replace(model, meta=model.meta | {"training": training})


def _tested(trial: Any, model: Model, dataset: Dataset, folder: Path) -> Net:
    """The network of a trial on the test rows; its file then says their figures."""
    circuit = optimised(model)
    classes = simulate(circuit, dataset.x_test)[1]
    accuracy = float((classes == dataset.y_test).mean())
    figures = {"test_accuracy": accuracy, **class_figures(dataset.y_test, classes, dataset.class_names)}
    training = model.meta["training"] | figures
    write_file(folder / file_of(trial), model_bytes(replace(model, meta=model.meta | {"training": training})))
    area = Area(**trial.user_attrs["area"])
    return Net(trial.number, file_of(trial), trial.values[0], accuracy, area, trial.user_attrs["settings"])
