"""What a caller passes as rows, as [n, features]: tables by the names of their columns, images by their shape."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Encoder
from lgnc.ir.simulate import features_for
from lgnc.named_columns import named_columns

WHERE = "features"


def rows_of(encoder: Encoder, features: Any) -> NDArray[Any]:
    """`features` as an array, for `features_for` to check.

    A DataFrame, an Arrow table, a structured array or a dict goes by name: its columns are put in the network's order.
    Images whose shape is that of the features' names become rows. Raises BadInput for columns that are missing,
    additional or named otherwise, masked values, and images of another shape.
    """
    named = named_columns(features)
    if named is not None and not _only_numbered(named[0], encoder.names):
        return _by_name(encoder, *named)
    if np.ma.is_masked(features):
        raise BadInput("some values are masked", where=WHERE, fix="fill them: features.filled(value)")
    try:
        x = np.asarray(features)
    except ValueError:
        raise BadInput("features are rows of different lengths", where=WHERE, fix="one column per feature") from None
    except (TypeError, RuntimeError) as error:
        fix = "pass a numpy array"
        raise BadInput(f"features are no array: {str(error).splitlines()[0][:200]}", where=WHERE, fix=fix) from None
    shape = image_shape(encoder.names)
    if shape is not None and x.ndim in (3, 4):
        return _pixels(x, shape)
    return x


def image_shape(names: tuple[str, ...]) -> tuple[int, int, int] | None:
    """(height, width, channels) when the features are named as pixels, 'p0_0' or 'p0_0_0', row by row, channel last."""
    last = re.fullmatch(r"p([0-9]{1,6})_([0-9]{1,6})(?:_([0-9]{1,6}))?", names[-1] if names else "")
    if last is None:
        return None
    height, width, channels = (int(found or 0) + 1 for found in last.groups())
    if height * width * channels != len(names):
        return None
    end = [""] if last[3] is None else [f"_{channel}" for channel in range(channels)]
    expected = (f"p{row}_{column}{channel}" for row in range(height) for column in range(width) for channel in end)
    return (height, width, channels) if all(map(str.__eq__, expected, names)) else None


def _pixels(images: NDArray[Any], shape: tuple[int, int, int]) -> NDArray[Any]:
    """[n, features] of [n, height, width, channels]; a single channel needs no axis."""
    of = images.shape[1:] if images.ndim == 4 else (*images.shape[1:], 1)
    if of == shape:
        return images.reshape(len(images), -1)
    says = " x ".join(map(str, images.shape))
    what = f"images are {says}, not rows x {' x '.join(map(str, shape))} (height, width, channels)"
    first = of == (shape[2], shape[0], shape[1])
    fix = "bring the channels last: features.transpose(0, 2, 3, 1)" if first else "pass them in that shape and order"
    raise BadInput(what, where=WHERE, fix=fix)


def _only_numbered(labels: list[Any], names: tuple[str, ...]) -> bool:
    """Whether the labels are 0, 1, 2 ... because the table has no names of its own."""
    return labels == list(range(len(labels))) and set(map(str, labels)).isdisjoint(names)


def _by_name(encoder: Encoder, labels: list[Any], column: Callable[[Any], Any]) -> NDArray[Any]:
    """[n, features] with the columns in the network's order."""
    if not encoder.names or len(set(encoder.names)) < len(encoder.names):
        what = "the features have no names of their own" if encoder.names else "the network has no features"
        raise BadInput(f"{what}, so columns cannot go by name", where=WHERE, fix="pass an array")
    label = _labels(encoder, labels)
    columns = [_one_column(name, column(label[name])) for name in encoder.names]
    if len({len(values) for values in columns}) != 1:
        raise BadInput("columns are of different lengths", where=WHERE, fix="one value per row in each")
    if len({values.dtype for values in columns}) > 1:  # numpy's common type may not hold them all.
        columns = [_converted(encoder, index, values) for index, values in enumerate(columns)]
    return np.stack(columns, axis=1)


def _converted(encoder: Encoder, index: int, values: NDArray[Any]) -> NDArray[Any]:
    """[n] values of one column in the encoder's type, checked. Codes are of one type: among others they are values."""
    quantiser = encoder.quantiser and encoder.quantiser.column(index)
    alone = Encoder((encoder.names[index],), encoder.dtype, encoder.feature[:0], encoder.threshold[:0], quantiser)
    values = values.astype(np.float64) if quantiser else values
    return features_for(alone, values[:, None])[:, 0]


def _labels(encoder: Encoder, labels: list[Any]) -> dict[str, Any]:
    """Feature name -> the label of its column. Raises BadInput unless they are the same names, in any order."""
    found: dict[str, Any] = {str(label): label for label in labels}
    if len(found) != len(labels):
        twice = next(str(label) for label in labels if sum(str(other) == str(label) for other in labels) > 1)
        raise BadInput(f"column '{twice}' is there twice", where=WHERE, fix="keep one")
    known = set(encoder.names)
    missing = [name for name in encoder.names if name not in found]
    added = [name for name in found if name not in known]
    if not missing and not added:
        return found
    if len(missing) == len(encoder.names):
        what = f"no column has a feature's name: columns {_some(list(found))}; features {_some(encoder.names)}"
        fix = "rename the columns, or pass their values as an array in the features' order"
        raise BadInput(what, where=WHERE, fix=fix)
    said = [f"{len(missing)} missing: {_some(missing)}"] * bool(missing)
    said += [f"{len(added)} that the network does not know: {_some(added)}"] * bool(added)
    raise BadInput(f"columns are not the features; {', '.join(said)}", where=WHERE, fix="name, add or drop these")


def _some(names: list[str] | tuple[str, ...]) -> str:
    listed = ", ".join(repr(name[:40]) for name in names[:3])
    return listed + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _one_column(name: str, values: Any) -> NDArray[Any]:
    """[n] numbers of one column. Raises BadInput, with its name, when they are none."""
    if np.ma.is_masked(values):
        raise BadInput(f"column '{name}' has masked values", where=WHERE, fix="fill them")
    found = np.atleast_1d(np.asarray(values))
    if found.ndim != 1 or found.dtype.kind not in "buif":
        what = f"column '{name}' is {found.dtype}{list(found.shape)}, not one number per row"
        raise BadInput(what, where=WHERE, fix="convert it, and fill what is missing")
    return found
