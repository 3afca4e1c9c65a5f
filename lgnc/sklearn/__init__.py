"""Logic gate networks as scikit-learn has its estimators: `LGNClassifier`, and `Thermometer`, the encoder alone.

`docs/sklearn.md` shows them. Needs `lgnc[train]`.
"""

from __future__ import annotations

from lgnc.toolchain import require_package

require_package("scikit-learn")

from lgnc.sklearn.classifier import LGNClassifier  # noqa: E402
from lgnc.sklearn.thermometer import Thermometer  # noqa: E402

__all__ = ["LGNClassifier", "Thermometer"]
