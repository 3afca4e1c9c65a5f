"""The encoder of a logic gate network as a transformer of scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from lgnc.sklearn.rows import names_of, plain_features, value_errors
from lgnc.train.encoders import fit_encoder


class Thermometer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Numbers to bits: each feature is compared with a few thresholds, bit i being feature > threshold i.

    encoder: 'quantile:N' cuts a feature's training values into even parts, 'thermometer:N' spreads N thresholds evenly
    between its least and greatest one, 'binary' takes features of 0 and 1 as they are (`lgnc.train.encoders`). A
    feature that does not vary gets no bit, and thresholds that repeat are one.

    Fitted: feature_, int32[bits], and threshold_, [bits]: bit i compares feature feature_[i] with threshold_[i].
    """

    def __init__(self, encoder: str = "quantile:8") -> None:
        self.encoder = encoder

    def fit(self, X: Any, y: Any = None) -> Thermometer:  # noqa: ARG002
        """Choose the thresholds on rows X [n, features] of numbers; y is not used. Raises ValueError, as for a row of
        NaN or infinity, and when no feature varies.
        """
        x = plain_features(validate_data(self, X, ensure_min_samples=2))
        with value_errors():
            fitted = fit_encoder(self.encoder, x, names_of(self))
        self.feature_, self.threshold_ = fitted.feature, fitted.threshold
        return self

    def transform(self, X: Any) -> NDArray[np.bool_]:
        """bool[n, bits] of rows [n, features]."""
        check_is_fitted(self)
        x = validate_data(self, X, reset=False)
        bits: NDArray[np.bool_] = x[:, self.feature_] > self.threshold_
        return bits

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """str[bits]: 'feature > threshold', in full, of each bit.

        input_features: the features' names, for rows that had none in fitting; with those of a table, the same.
        """
        check_is_fitted(self)
        names = names_of(self) if input_features is None else tuple(map(str, input_features))
        if len(names) != self.n_features_in_:
            wanted = f"length equal to number of features ({self.n_features_in_})"
            raise ValueError(f"input_features should have {wanted}, got {len(names)}")
        if hasattr(self, "feature_names_in_") and names != names_of(self):
            raise ValueError("input_features is not equal to feature_names_in_")
        pairs = zip(self.feature_.tolist(), self.threshold_.tolist(), strict=True)
        return np.array([f"{names[feature]} > {threshold!r}" for feature, threshold in pairs], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags
