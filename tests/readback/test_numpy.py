"""numpy read back: numbers of Python's meet features as numpy has it, or are refused."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from lgnc.diagnostics import BadInput
from lgnc.ir import Circuit, Encoder
from lgnc.ir.simulate import encode, pack, simulate_outputs, unpack
from lgnc.readback.arrays import Arrays, Features, Words
from lgnc.readback.numpy import read_back
from lgnc.readback.numpy_functions import FUNCTIONS, METHODS
from lgnc.readback.numpy_library import Library
from lgnc.readback.symbols import Symbols


def thresholds(dtype: str, sign: str, value: object) -> list[float]:
    """Of the comparisons that `feature SIGN value` is read as."""
    encoder = Encoder(("x",), dtype, np.zeros(0, np.int32), np.zeros(0, "float64" if dtype[0] == "f" else "int64"))
    symbols = Symbols(encoder, "net.py")
    library = Library(Arrays(symbols), FUNCTIONS, METHODS)
    library.compare(sign, Features(np.dtype(dtype), np.zeros(1, np.int64)), value)
    return [threshold for _, threshold in symbols.leaves]


def test_a_number_takes_the_features_type() -> None:
    assert thresholds("uint8", ">", 5) == [5]
    assert thresholds("uint8", ">=", 5) == [4]
    below = float(np.nextafter(np.float32(2**24), np.float32(0)))
    assert thresholds("float32", ">=", 2**24 + 1) == [below], "2 ** 24 + 1 is no float32"
    assert thresholds("float32", ">", 0.1) == [float(np.float32(0.1))]


@pytest.mark.parametrize("value", [5.5, 5.0, np.float64(5.5), np.full(1, 5.5)])
def test_whole_numbers_meet_no_float(value: object) -> None:
    with pytest.raises(BadInput, match="uint8 features"):
        thresholds("uint8", ">=", value)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_total_is_the_sum_of_its_parts(count: int) -> None:
    """Part k is 1 + 2 * (k == 0) where feature k is above 5."""
    none = np.zeros(0, np.int32)
    symbols = Symbols(Encoder(tuple("abc"), "uint8", none, none.astype(np.int64)), "net.py")
    bits = np.zeros((count, 8), np.int64)
    bits[:, 0] = [symbols.above(k, 5) for k in range(count)]
    bits[0, 1] = bits[0, 0]
    total = Arrays(symbols).total(Words(np.dtype("uint8"), bits), 0)
    circuit = symbols.circuit(total.bits.tolist(), tuple(map(str, range(8))))
    rows = np.array(list(itertools.product((5, 6), repeat=3)), np.uint8)
    found = unpack(simulate_outputs(circuit, pack(encode(circuit.encoder, rows))), len(rows))
    assert (found @ (1 << np.arange(8))).tolist() == ((rows > 5)[:, :count] @ [3, 1, 1][:count]).tolist()


FORMS = [
    "@cache\ndef outputs(x):",
    "def outputs(x, k=1):",
    "def outputs(x, *, k=1):",
    "def outputs(x, *, k):",
    "def outputs(*x):",
]


@pytest.mark.parametrize("form", FORMS)
def test_functions_of_another_form_are_refused(form: str, tmp_path: Path) -> None:
    none = np.zeros(0, np.int32)
    encoder = Encoder(("x",), "uint8", none, none.astype(np.int64))
    circuit = Circuit(encoder, none.astype(np.uint8), none, none, none, None, ())
    (tmp_path / "net.py").write_text(f"import numpy as np\n\n\n{form}\n    return x > 5\n")
    with pytest.raises(BadInput, match="'outputs' has decorators or defaults"):
        read_back(tmp_path, "net", circuit)
