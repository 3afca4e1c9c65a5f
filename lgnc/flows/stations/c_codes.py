"""The station of NAME_codes.c: codes of values in C against those of `Quantiser.codes`, on the values at which they
change, infinities, NaN, zeros and subnormal numbers. What is called runs in a process of its own.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.flows.stations.c_shim import shim_library
from lgnc.flows.stations.visit import Visit
from lgnc.ir.quantiser import Quantiser
from lgnc.native import Call, call_apart
from lgnc.verify.verdict import Station

_SHIM = """
#include "NAME_codes.h"
#include <string.h>
void lgnc_codes(size_t n, const float *single, const double *values, T *codes, uint64_t *missing);
void lgnc_codes(size_t n, const float *single, const double *values, T *codes, uint64_t *missing)
{
    /* A row behind those of either call stays as it is. */
    memset(codes, 85, 2u * (n + 1u) * NAME_FEATURES * sizeof *codes);
    missing[0] = NAME_quantise(single, n, codes);
    missing[1] = NAME_quantise_double(values, n, codes + (n + 1u) * NAME_FEATURES);
}
void lgnc_readings(size_t n, const int32_t *readings, const int32_t *exponents, T *codes, int64_t *told);
void lgnc_readings(size_t n, const int32_t *readings, const int32_t *exponents, T *codes, int64_t *told)
{
    static const int16_t exponent[] = NAME_CODE_EXPONENTS;
    static const int64_t offset[] = NAME_CODE_OFFSETS;
    size_t i, feature;
    for (i = 0; i < n; i++) {
        for (feature = 0; feature < NAME_FEATURES; feature++) {
            *codes++ = NAME_code_of_reading(feature, *readings++, (int)*exponents++);
        }
    }
    for (feature = 0; feature < NAME_FEATURES; feature++) {
        told[2u * feature] = exponent[feature];
        told[2u * feature + 1u] = offset[feature];
    }
}
"""


def codes(visit: Visit) -> Station:
    """The station 'codes'."""
    quantiser, dtype = visit.circuit.encoder.quantiser, np.dtype(visit.circuit.encoder.dtype)
    if quantiser is None:
        return Station("codes", False, "read", "the circuit's features are no codes")
    values = telling_values(quantiser, dtype)
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    rows, features = values.shape
    readings, exponents = _readings(quantiser, rows)
    blocks: list[bytes | bytearray] = [single.tobytes(), values.tobytes(), readings.tobytes(), exponents.tobytes()]
    blocks += [bytearray(2 * (rows + 1) * features * dtype.itemsize), bytearray(16)]
    blocks += [bytearray(values.size * dtype.itemsize), bytearray(16 * features)]
    at = [(block, 0) for block in range(len(blocks))]
    with tempfile.TemporaryDirectory(prefix="lgnc-codes-") as place:
        library = shim_library(visit, Path(place), _SHIM, (".h", "_codes.h", "_codes.c"), {})
        calls = [Call(library, "lgnc_codes", (rows, at[0], at[1], at[4], at[5]))]
        calls.append(Call(library, "lgnc_readings", (rows, at[2], at[3], at[6], at[7])))
        made, missing, read, told = call_apart(blocks, calls, where=str(visit.path)).made
    found = np.frombuffer(made, dtype).reshape(2, rows + 1, features)
    wrong = _constants(np.frombuffer(told, np.int64).reshape(features, 2), quantiser)
    if wrong is None and (np.ascontiguousarray(found[:, rows]).view(np.uint8) != 85).any():
        wrong = "codes are written beyond the rows"
    found = found[:, :rows]
    for what, given, own in (("float", single, found[0]), ("double", values, found[1])):
        wrong = wrong or _difference(what, given, own, quantiser.codes(given, str(dtype)))
    real = np.ldexp(readings.astype(np.float64), exponents)
    own = np.frombuffer(read, dtype).reshape(rows, features)
    wrong = wrong or _difference("reading", real, own, quantiser.codes(real, str(dtype)))
    if wrong is None and not (np.frombuffer(missing, np.uint64) == np.isnan(values).sum()).all():
        wrong = "the number of NaN is another"
    return Station("codes", wrong is None, "tested", wrong or f"{rows} floats, doubles and readings of each feature")


def _constants(told: NDArray[np.int64], quantiser: Quantiser) -> str | None:
    """A line where the header has another step or offset."""
    right = np.stack([quantiser.exponents, quantiser.offset], axis=1)
    bad = (told != right).any(axis=1)
    if not bad.any():
        return None
    at = int(np.argmax(bad))
    return f"the header has 2^{told[at, 0]} and {told[at, 1]} for feature {at}, not 2^{right[at, 0]} and {right[at, 1]}"


def _difference(what: str, values: NDArray[Any], found: NDArray[Any], right: NDArray[Any]) -> str | None:
    """A line where a value has another code."""
    if (found == right).all():
        return None
    row, feature = np.argwhere(found != right)[0]
    value = float(values[row, feature])
    return f"the {what} {value!r} of feature {feature} has code {found[row, feature]}, not {right[row, feature]}"


def telling_values(quantiser: Quantiser, dtype: np.dtype[Any]) -> NDArray[np.float64]:
    """float64[n, features]: of each feature the values between two codes, at the type's ends and elsewhere, and their
    neighbours in double and in single precision; then what is special among floats.
    """
    info, rng = np.iinfo(dtype), np.random.default_rng(len(quantiser.scale))
    low, high = int(info.min), int(info.max)
    chosen = np.unique([low - 1, low, low + 1, -2, -1, 0, 1, high - 1, high, *rng.integers(low, high, 24).tolist()])
    steps = chosen[:, None] + quantiser.offset
    edges = np.concatenate([(steps + 0.5) * quantiser.scale, steps * quantiser.scale])
    with np.errstate(over="ignore", under="ignore"):
        near = edges.astype(np.float32)
        sides = [np.nextafter(near, np.float32(to)).astype(np.float64) for to in (-np.inf, np.inf)]
    sides += [np.nextafter(edges, to) for to in (-np.inf, np.inf)]
    small, double = np.finfo(np.float32), np.finfo(np.float64)
    ends = [float(each) for kind in (small, double) for each in (kind.smallest_subnormal, kind.tiny, kind.max)]
    special = np.array([0.0, np.nan, np.inf, *ends, 2.0**31, 2.0**53 - 1])
    both = np.broadcast_to(np.concatenate([special, -special])[:, None], (2 * len(special), len(quantiser.scale)))
    return np.concatenate([edges, *sides, both])


def _readings(quantiser: Quantiser, rows: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Readings of converters and their steps as exponents, [rows, features]: from much finer to much coarser steps than
    the codes', at the type's ends too.
    """
    rng = np.random.default_rng(rows)
    shape = rows, len(quantiser.scale)
    readings = rng.integers(-(2**31), 2**31, shape) >> rng.integers(0, 32, shape)
    readings[0], readings[1] = -(2**31), 2**31 - 1
    exponents = quantiser.exponents + rng.integers(-36, 36, shape)
    return readings.astype(np.int32), exponents.astype(np.int32)
