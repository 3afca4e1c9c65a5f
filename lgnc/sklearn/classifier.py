"""A logic gate network as a classifier of scikit-learn's."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from lgnc.data.dataset import Dataset
from lgnc.flows.compare import verify
from lgnc.flows.compile_folder import CompiledFolder, compile
from lgnc.flows.things import Thing, save
from lgnc.formats.lift import lift
from lgnc.ir.simulate import simulate
from lgnc.sklearn.probabilities import calibrated, softmax
from lgnc.sklearn.rows import names_of, plain_features, value_errors
from lgnc.train.config import TrainConfig
from lgnc.verify.verdict import Verdict

SETTINGS = (
    "layers", "width", "widths", "node", "constants", "wiring", "opcodes", "candidates", "candidates_from", "redraw",
    "encoder", "method", "cage", "temperature", "wiring_temperature", "group_tau", "init", "epochs", "batch_size", "lr",
    "weight_decay", "warmup", "schedule", "validation_fraction", "members", "device", "engine", "time_budget",
)  # fmt: skip
"""The parameters that are fields of `TrainConfig`, by the same names."""


class LGNClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier made of two-input gates, trained by `lgnc.train` and compiled by `lgnc.compile`.

    class_weight: None, 'balanced', or class -> weight of its rows in the loss. random_state: a seed, the same as that
    of `lgnc.train`; a RandomState, or None for numpy's own, draws one. n_jobs: threads, None for one, -1 for all cores;
    what is trained does not depend on it. verbose: 1 prints a line per epoch. The others are those of
    `lgnc.train.TrainConfig`, and None means: chosen by the data. device: the CPU unless 'cuda' or 'auto' is asked for.

    Fitted: classes_, the labels in order. n_features_in_; feature_names_in_ of a table. model_: the `lgnc.Model`, which
    every verb of lgnc takes. circuit_: its `lgnc.Circuit`. temperature_: what scores are divided by for probabilities,
    chosen on the rows that `validation_fraction` held out, or the group temperature times the root of
    `members` where that is 0. history_: each epoch's figures.
    """

    def __init__(
        self,
        *,
        layers: int | None = None,
        width: int | None = None,
        widths: Any = None,
        encoder: str | None = None,
        epochs: int | None = None,
        lr: float | None = None,
        batch_size: int | None = None,
        validation_fraction: float | None = None,
        class_weight: Any = None,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        time_budget: float | None = None,
        method: str = "hard-st",
        members: int | None = None,
        node: str = "tree2",
        constants: bool = True,
        wiring: str | None = None,
        opcodes: str = "gate",
        candidates: int | None = None,
        candidates_from: str | None = None,
        redraw: float | None = None,
        cage: bool = True,
        temperature: float = 1.0,
        wiring_temperature: float = 1.0,
        group_tau: float | None = None,
        init: str | None = None,
        weight_decay: float | None = None,
        warmup: float = 0.05,
        schedule: str = "cosine",
        device: str = "cpu",
        engine: str = "auto",
    ) -> None:
        self.layers = layers
        self.width = width
        self.widths = widths
        self.encoder = encoder
        self.epochs = epochs
        self.lr = lr
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.class_weight = class_weight
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.time_budget = time_budget
        self.method = method
        self.members = members
        self.node = node
        self.constants = constants
        self.wiring = wiring
        self.opcodes = opcodes
        self.candidates = candidates
        self.candidates_from = candidates_from
        self.redraw = redraw
        self.cage = cage
        self.temperature = temperature
        self.wiring_temperature = wiring_temperature
        self.group_tau = group_tau
        self.init = init
        self.weight_decay = weight_decay
        self.warmup = warmup
        self.schedule = schedule
        self.device = device
        self.engine = engine

    def fit(self, X: Any, y: Any) -> LGNClassifier:
        """Train on rows X [n, features] of numbers and labels y [n] of numbers or text; all rows are trained on.

        Raises ValueError for what cannot be trained on, NaN and infinity among it, and for settings out of range.
        """
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        x, labels = plain_features(X), labels.astype(np.int64)
        names = tuple(str(each) for each in self.classes_)
        rows = Dataset("the training rows", x, labels, x[:0], labels[:0], names_of(self), names)
        from lgnc.train.loop import train
        from lgnc.train.prepare import split

        weights = self._weights(y)
        tell = self._tell if self.verbose else None
        with value_errors():
            result = train(rows, self._config(), on_epoch=tell, tested=False, class_weights=weights)
        self.model_ = result.model
        self.history_ = result.report["history"]
        self.circuit_ = lift(result.model)
        settings = result.report["config"]
        held = split(labels, settings["validation_fraction"], settings["seed"])[1]
        tau = result.model.tau * settings["members"] ** 0.5  # A sum of members that err apart from each other.
        self.temperature_ = calibrated(tau, simulate(self.circuit_, x[held])[0], labels[held])
        self.folder_: str | None = None
        return self

    def _weights(self, y: NDArray[Any]) -> list[float] | None:
        """The weight of each class, or None for 1 each. Raises ValueError for what are none."""
        if self.class_weight is None:
            return None
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        if not (np.isfinite(weights).all() and (weights > 0).all()):
            raise ValueError(f"class_weight has {weights.min()}, which is no weight (give numbers above 0)")
        return [float(weight) for weight in weights]

    def _config(self) -> TrainConfig:
        """The parameters as training has them. Raises BadInput for a setting out of range."""
        state = check_random_state(self.random_state)
        seeded = isinstance(self.random_state, int | np.integer)
        values = {name: _plain(getattr(self, name)) for name in SETTINGS}
        values["seed"] = int(self.random_state) if seeded else int(state.randint(np.iinfo(np.int32).max))
        values["balance"] = self.class_weight is not None
        values["threads"] = effective_n_jobs(self.n_jobs)
        given = {name: value for name, value in values.items() if value is not None}
        return TrainConfig.from_dict(given, type(self).__name__)

    def _tell(self, epoch: dict[str, Any]) -> None:
        print(f"epoch {epoch['epoch']}/{epoch['epochs']}: loss {epoch['loss']:.4f}, accuracy {epoch['accuracy']:.4f}")

    def scores(self, X: Any) -> NDArray[np.int32]:
        """int32[n, classes]: how many gates vote for each class, as the compiled code counts them."""
        check_is_fitted(self)
        x = validate_data(self, X, reset=False)
        circuit, encoder = self.circuit_, self.circuit_.encoder
        kind = encoder.dtype if encoder.is_float else "int64" if x.dtype.kind in "biu" else "float64"
        with value_errors():
            return simulate(circuit.with_(encoder=replace(encoder, dtype=kind)), x)[0]

    def predict(self, X: Any) -> NDArray[Any]:
        """The class of each row, [n], as the labels were given: the highest score, the first of equals."""
        scores = self.scores(X)
        chosen: NDArray[Any] = self.classes_[scores.argmax(axis=1)]
        return chosen

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """float64[n, classes]: scores over temperature_; of two classes [n], the second's minus the first's."""
        scores = self.scores(X) / self.temperature_
        values: NDArray[np.float64] = scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores
        return values

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """float64[n, classes]: the softmax of scores over temperature_."""
        return softmax(self.scores(X) / self.temperature_)

    def compile(self, target: str, output: str | os.PathLike[str], **options: Any) -> CompiledFolder:
        """The network as code in the folder `output`; options are those of `lgnc.compile`."""
        check_is_fitted(self)
        folder = compile(self.model_, target, output, **options)
        self.folder_ = str(folder.path)
        return folder

    def verify(self, other: Thing | None = None, **options: Any) -> Verdict:
        """Whether `other`, by default the folder that `compile` wrote last, is the same function; see `lgnc.verify`."""
        check_is_fitted(self)
        other = self.folder_ if other is None else other
        if other is None:
            raise ValueError("nothing was compiled yet (call compile, or give a folder or a circuit)")
        return verify(self.model_, other, **options)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the network as a model file (`.lgn`), which every verb and command of lgnc reads; gives the path."""
        check_is_fitted(self)
        return save(self.model_, path)


def _plain(value: Any) -> Any:
    """A number of numpy's as Python's, an array as a list."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value
