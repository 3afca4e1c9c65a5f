"""Comparisons of floats by their bits are read as the comparisons that they are; what tells 0 from -0 is refused."""

from __future__ import annotations

import operator
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgnc.diagnostics import BadInput
from lgnc.formats import lift
from lgnc.ir import Encoder
from lgnc.readback.c import read_forms
from lgnc.readback.c_float_bits import compared
from lgnc.readback.c_symbolic import Values
from lgnc.readback.c_types import Type
from lgnc.readback.c_values import FloatBits, FloatKey
from lgnc.readback.symbols import Symbols
from lgnc.verify.prove import prove
from tests.backends.support import write
from tests.support import random_model

FORMS: list[dict[str, Any]] = [{"style": "straight"}, {"target_profile": "mcu", "style": "table"}]


UNSIGNED = Type("int", 4, False)


def floats(*names: str) -> Symbols:
    none = np.zeros(0, np.int32)
    return Symbols(Encoder(names, "float32", none, none.astype(np.float64)), "here")


def bits_of(number: float) -> int:
    return int(np.float32(number).view(np.uint32))


def test_differences_of_bits_are_known_in_their_sign_and_told_apart_zeros_refused() -> None:
    """Of words made of T - bits, or bits - T where T is negative, against the arithmetic of integers."""
    rng, refused = np.random.default_rng(0), 0
    numbers = np.array([-3e38, -2.0, -1.0, -1e-45, 0.0, 1e-45, 0.5, 1.0, 3.0, 3e38], np.float32).tolist()
    for _ in range(100):
        symbols = floats("x")
        values = Values(symbols)
        word, own = None, list[int]()
        for _ in range(int(rng.integers(1, 4))):
            code = bits_of(float(rng.choice([*numbers, -0.0])))
            given = [bits_of(x) for x in (*numbers, -0.0)]
            if code >> 31:
                new, real = values.add(FloatBits(0), code, UNSIGNED, -1), [each - code for each in given]
            else:
                new, real = values.add(code, FloatBits(0), UNSIGNED, -1), [code - each for each in given]
            sign = str(rng.choice(["&", "|", "^"]))
            word = new if word is None else values.bitwise(sign, word, new, UNSIGNED)
            gate = {"&": operator.and_, "|": operator.or_, "^": operator.xor}[sign]
            own = [gate(a, b) for a, b in zip(own, real, strict=True)] if own else real
        tops = [each % (1 << 32) >> 31 for each in own]
        if tops[-1] != tops[numbers.index(0.0)]:
            refused += 1
            with pytest.raises(BadInput, match="0 and -0 are told apart"):
                values.shift(word, 31, UNSIGNED, left=False)
            continue
        top = values.bits(values.shift(word, 31, UNSIGNED, left=False), 32, False)[0]
        assert [symbols.value(top, x) for x in numbers] == tops[:-1]
    assert 10 < refused < 90


@pytest.mark.parametrize("settings", FORMS, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_more_thresholds_are_read_than_the_network_has(settings: dict[str, Any], dtype: str, tmp_path: Path) -> None:
    """So a text has the network's own bits, and no proof has to find out what their combinations are."""
    circuit = lift(random_model(5, dtype=dtype, layers=2, features=4, thresholds=20))
    write("c", circuit, tmp_path, **settings)
    for form in read_forms(tmp_path, "net", circuit):
        assert form.encoder.bits <= circuit.encoder.bits
        assert prove(circuit, form, time_limit=20).equal is True


@pytest.mark.parametrize(
    ("was", "planted", "refused"),
    [(r"(threshold\[\] = \{\s*)-?\d+", r"\g<1>7", None), (r"u\)\)\) >> 1", "u))) >> 2", "computed with")],
)
def test_faults_in_keys_are_refuted_or_refused(was: str, planted: str, refused: str | None, tmp_path: Path) -> None:
    circuit = lift(random_model(5, dtype="float32", layers=1, features=4, thresholds=5))
    write("c", circuit, tmp_path, **FORMS[1])
    text = (tmp_path / "net.c").read_text()
    faulty = re.sub(was, planted, text)
    assert faulty != text
    (tmp_path / "net.c").write_text(faulty)
    if refused is not None:
        with pytest.raises(BadInput, match=refused):
            read_forms(tmp_path, "net", circuit)
        return
    assert prove(circuit, read_forms(tmp_path, "net", circuit)[0], time_limit=20).equal is False


def test_a_key_is_compared_as_its_number_is() -> None:
    """The key of a number is its bits, all but the sign inverted where it is negative."""
    number = np.array([-np.inf, -3e38, -1.5, -1e-45, 0.0, 1e-45, 1.5, 3e38, np.inf], np.float32)
    bits = number.view(np.int32)
    keys = np.where(bits < 0, bits ^ 0x7FFFFFFF, bits).tolist()
    symbols = floats("x")
    for x, own in list(zip(number.tolist(), keys, strict=True))[1:-1]:
        for key in {near for each in keys for near in (each - 1, each, each + 1)} - {-1, -2}:
            for sign, expected in ((">", own > key), ("<=", own <= key)):
                literal = compared(symbols, sign, FloatKey(0), key, Type("int", 4, True))
                assert symbols.value(literal, x) is expected
            if key:
                literal = compared(symbols, ">", key, FloatKey(0), Type("int", 4, True))
                assert symbols.value(literal, x) is (key > own)


@pytest.mark.parametrize(("sign", "key"), [(">", -1), ("<=", -1), (">=", 0), ("<", 0)])
def test_zeros_told_apart_are_refused(sign: str, key: int) -> None:
    with pytest.raises(BadInput, match="0 and -0 are told apart"):
        compared(floats("x"), sign, FloatKey(0), key, Type("int", 4, True))


def test_what_one_feature_decides_is_the_fewest_comparisons() -> None:
    rng, symbols = np.random.default_rng(0), floats("x")
    cuts = [-2.0, -1.0, 0.5, 3.0]
    for _ in range(50):
        found = [symbols.above(0, cut) for cut in cuts]
        for _ in range(6):
            x, y = (int(rng.choice(found)) ^ int(rng.integers(2)) for _ in range(2))
            found.append(symbols.and_(x, y) if rng.integers(2) else symbols.xor(x, y))
        fewest = symbols.of_one_feature(found[-1])
        values = [[symbols.value(each, x) for x in (-5.0, *cuts, 9.0)] for each in (found[-1], fewest)]
        assert values[0] == values[1]
        changes = sum(before != after for before, after in zip(values[0], values[0][1:], strict=False))
        assert len(symbols.circuit([fewest], ("y",)).encoder.threshold) == changes
    other = symbols.xor(symbols.above(0, 1.0), symbols.at_least(0, 1.0))
    assert symbols.value(other, 1.0)
    assert symbols.of_one_feature(1) == 1
    two = floats("x", "y")
    both = two.and_(two.above(0, 1.0), two.above(1, 2.0))
    assert two.of_one_feature(both) == both


@pytest.mark.parametrize(("x", "y"), [(bits_of(-1.0), FloatBits(0)), (FloatBits(0), bits_of(1.0)), (FloatBits(0),) * 2])
def test_differences_the_other_way_round_are_refused(x: Any, y: Any) -> None:
    with pytest.raises(BadInput, match="bits of floats are subtracted in a way that is not read back"):
        Values(floats("x")).add(x, y, UNSIGNED, -1)
