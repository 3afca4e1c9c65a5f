"""`lgnc.features` and `lgnc_features.h`: the same numbers, bit for bit, and near to what they stand for."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc import features
from lgnc.diagnostics import BadInput
from lgnc.toolchain import require_tool, run
from tests.support import needs, sanitized

SHIM = """
#include "lgnc_features.h"
#include <stdlib.h>
/* Every window of a stream: five numbers, then its bins. Gives how many there were. */
size_t all(const int16_t *stream, size_t count, uint16_t size, uint16_t step, unsigned bits, int32_t *made)
{
    int16_t *samples = malloc(size * sizeof *samples), *work = malloc(2u * size * sizeof *work);
    uint16_t *bins = malloc(size * sizeof *bins);
    struct lgnc_window window = {samples, size, step, 0};
    size_t k, found = 0;
    unsigned b;
    for (k = 0; k < count; k++) {
        if (lgnc_push(&window, stream[k])) {
            const int16_t mean = lgnc_mean(samples, size);
            *made++ = mean;
            *made++ = lgnc_minimum(samples, size);
            *made++ = lgnc_maximum(samples, size);
            *made++ = lgnc_deviation(samples, size, mean);
            *made++ = lgnc_crossings(samples, size, mean);
            if (bits != 0u) {
                lgnc_bins(samples, bits, work, bins);
                for (b = 0; b < size / 2u; b++) {
                    *made++ = bins[b];
                }
            }
            found++;
        }
    }
    free(samples);
    free(work);
    free(bins);
    return found;
}
"""
MAIN = """
int main(void)
{
    static int16_t stream[2000];
    static int32_t made[200000];
    unsigned bits, k;
    for (k = 0; k < 2000u; k++) {
        stream[k] = (int16_t)(k % 3u == 0u ? -32768 : k % 7u < 3u ? 32767 : (int)(k * 40503u % 65536u) - 32768);
    }
    for (bits = 1; bits <= 8u; bits++) {
        all(stream, 2000, (uint16_t)(1u << bits), (uint16_t)(1u << (bits - 1u)), bits, made);
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Any:
    at = tmp_path_factory.mktemp("features")
    (at / "lgnc_features.h").write_text(features.header())
    (at / "shim.c").write_text(SHIM)
    flags = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-shared", "-fPIC"]
    run([require_tool("cc"), *flags, "-o", at / "shim.so", at / "shim.c"])
    return ctypes.CDLL(str(at / "shim.so"))


def in_c(library: Any, stream: Any, size: int, step: int) -> Any:
    """int32[windows, 5 + bins]."""
    bits = size.bit_length() - 1 if size == 1 << (size.bit_length() - 1) and 2 <= size <= 256 else 0
    made = np.zeros((len(stream), 5 + (size // 2 if bits else 0)), np.int32)
    library.all.restype = ctypes.c_size_t
    arguments = [ctypes.c_void_p(stream.ctypes.data), ctypes.c_size_t(len(stream)), size, step, bits]
    return made[: library.all(*arguments, ctypes.c_void_p(made.ctypes.data))]


def in_python(stream: Any, size: int, step: int) -> Any:
    x = features.windows(stream, size, step)
    mean = features.mean(x)
    columns = [mean, features.minimum(x), features.maximum(x), features.deviation(x, mean), features.crossings(x, mean)]
    found = np.stack([each.astype(np.int32) for each in columns], axis=1)
    if size in (2, 4, 8, 16, 32, 64, 128, 256):
        found = np.concatenate([found, features.bins(x).astype(np.int32)], axis=1)
    return found


def streams() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    time = np.arange(1500)
    return {
        "any": rng.integers(-32_768, 32_768, 1500).astype(np.int16),
        "small": rng.integers(-20, 20, 1500).astype(np.int16),
        "ends": rng.choice(np.array([-32_768, 32_767], np.int16), 1500),
        "lowest": np.full(1500, -32_768, np.int16),
        "square": np.where(time // 4 % 2, 32_767, -32_768).astype(np.int16),
        "sine": (30_000 * np.sin(time / 5)).astype(np.int16),
    }


@needs("cc")
@pytest.mark.parametrize("size", [1, 2, 3, 4, 8, 10, 64, 128, 256, 300])
def test_c_and_python_give_the_same_bits(library: Any, size: int) -> None:
    for stream in streams().values():
        for step in {1 if size < 20 else 17, max(1, size // 2), size}:
            assert np.array_equal(in_c(library, stream, size, step), in_python(stream, size, step))


@needs("cc")
def test_nothing_overflows(tmp_path: Path) -> None:
    flag = sanitized(require_tool("cc"), "address,undefined", tmp_path)
    (tmp_path / "lgnc_features.h").write_text(features.header())
    (tmp_path / "main.c").write_text(SHIM + MAIN)
    options = ["-std=c99", "-O1", flag, "-fno-sanitize-recover=all"]
    run([require_tool("cc"), *options, "-o", tmp_path / "main", tmp_path / "main.c"])
    run([tmp_path / "main"])


@needs("cc")
def test_the_header_compiles_strictly_as_c_and_as_cpp(tmp_path: Path) -> None:
    (tmp_path / "lgnc_features.h").write_text(features.header())
    (tmp_path / "a.c").write_text(
        '#include "lgnc_features.h"\n#include "lgnc_features.h"\nint main(void) { return lgnc_sine[0]; }\n'
    )
    strict = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-fsyntax-only"]
    run([require_tool("cc"), "-std=c99", *strict, tmp_path / "a.c"])
    run([require_tool("cc"), "-x", "c++", *strict, tmp_path / "a.c"])


def test_the_table_of_sines_is_what_it_says() -> None:
    listed = re.search(r"lgnc_sine\[65\] = \{(.*?)\}", features.header(), re.DOTALL)
    assert listed is not None
    found = [int(each) for each in listed[1].replace("\n", " ").split(",") if each.strip()]
    assert found == np.rint(32_767 * np.sin(np.arange(65) * np.pi / 128)).astype(int).tolist()


@pytest.mark.parametrize("size", [8, 64, 256])
def test_bins_are_near_to_the_transform(size: int) -> None:
    for name in ("any", "square", "sine"):
        x = features.windows(streams()[name], size, size)
        exact = abs(np.fft.fft(x.astype(np.float64), axis=1))[:, : size // 2] / size
        assert (abs(features.bins(x) - exact) <= 0.07 * exact + 8).all()


def test_a_tone_stands_in_its_bin() -> None:
    time = np.arange(64)
    x = features.windows((10_000 * np.sin(2 * np.pi * 5 * time / 64)).astype(np.int16), 64, 64)
    found = features.bins(x)[0]
    assert int(found.argmax()) == 5
    assert abs(int(found[5]) - 5_000) < 30
    assert np.delete(found, 5).max() < 30


def test_windows_overlap_as_the_step_says() -> None:
    assert features.windows(np.arange(7), 4, 2).tolist() == [[0, 1, 2, 3], [2, 3, 4, 5]]
    assert features.windows(np.arange(3), 4, 2).shape == (0, 4)
    assert features.mean(np.array([[-1, 0], [3, 4]])).tolist() == [-1, 3]
    assert features.crossings(np.array([[0, 5, 5, 0, 6]]), 5).tolist() == [1]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: features.windows(np.arange(9), 4, 5), "step: a step of 5 samples"),
        (lambda: features.windows(np.arange(9), 0, 1), "size: a window of 0 samples"),
        (lambda: features.windows(np.zeros((3, 3), int), 2, 1), "one channel at a time"),
        (lambda: features.windows(np.arange(9) * 0.5, 4, 2), "float64, not int16"),
        (lambda: features.windows(np.array([40_000]), 1, 1), "beyond 16 bits"),
        (lambda: features.mean(np.arange(9)), r"\[9\], not \[n, size\]"),
        (lambda: features.bins(np.zeros((2, 12), int)), "a transform of 12 samples"),
        (lambda: features.bins(np.zeros((2, 512), int)), "a transform of 512 samples"),
        (lambda: features.crossings(np.zeros((3, 4), int), np.array([1, 2])), "2 levels for 3 windows"),
    ],
)
def test_what_does_not_fit_is_one_line(call: Any, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        call()
