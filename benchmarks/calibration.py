"""What choosing the temperature of probabilities on held-out rows is worth: log loss and calibration error on test rows.

python benchmarks/calibration.py [--splits 6]
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine, make_classification
from sklearn.model_selection import train_test_split

from lgnc.sklearn import LGNClassifier
from lgnc.sklearn.probabilities import log_loss, softmax


def sets() -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
    """Rows and labels by name; the last has labels that are wrong in every fifth row."""
    named = {"iris": load_iris, "wine": load_wine, "breast-cancer": load_breast_cancer, "digits": load_digits}
    found = {name: each(return_X_y=True) for name, each in named.items()}
    noisy = make_classification(1000, 10, n_informative=5, flip_y=0.2, random_state=0)
    return found | {"noisy labels": noisy}


def calibration_error(share: NDArray[np.float64], y: NDArray[np.int64]) -> float:
    """The mean gap between confidence and accuracy over ten bins of confidence, weighted by their rows."""
    sure, right = share.max(axis=1), share.argmax(axis=1) == y
    place = np.minimum((10 * sure).astype(int), 9)
    bins = [place == each for each in range(10) if (place == each).any()]
    return float(sum(abs(right[rows].mean() - sure[rows].mean()) * rows.mean() for rows in bins))


def figures(x: NDArray[Any], y: NDArray[Any], seed: int) -> list[float]:
    """Log loss before and after, calibration error before and after, of one split."""
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.25, random_state=seed, stratify=y)
    net = LGNClassifier(random_state=seed).fit(x_train, y_train)
    scores = [net.scores(x_test) / tau for tau in (net.model_.tau, net.temperature_)]
    errors = [calibration_error(softmax(each), y_test) for each in scores]
    return [*(log_loss(each, y_test) for each in scores), *errors]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=6)
    count = parser.parse_args().splits
    print("| set | log loss at the group temperature | at `temperature_` | calibration error, before | after |")
    print("|---|---|---|---|---|")
    for name, (x, y) in sets().items():
        mean = np.mean([figures(x, y, seed) for seed in range(count)], axis=0)
        print(f"| {name} | " + " | ".join(f"{each:.3f}" for each in mean) + " |")


if __name__ == "__main__":
    main()
