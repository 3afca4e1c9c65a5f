"""The text form: every number that a circuit can hold, every name, and every way a file can be damaged or cut short."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgnc.diagnostics import BadInput
from lgnc.formats import from_text, lift, to_text
from lgnc.formats.lgir import circuit_from_lgir, lgir_bytes
from lgnc.ir import Circuit, Encoder
from lgnc.mapping.costs import costs
from tests.support import random_circuit, random_model

EXTREMES = [-(2**63), -(2**63) + 1, -1234567890123456789, -1, 0, 1234567890123456789, 2**63 - 2, 2**63 - 1]
REALS = [-1.7976931348623157e308, -(2.0**63), -5e-324, -0.0, 0.1, 1e22, 1234567890123456789.0, 1.7976931348623157e308]


def with_thresholds(dtype: str, thresholds: list[int] | list[float]) -> Circuit:
    """A circuit that says for one feature which thresholds it exceeds."""
    count = len(thresholds)
    encoder = Encoder(("f",), dtype, np.zeros(count, np.int32), np.array(thresholds))
    none, names = np.zeros(0, np.int32), tuple(f"o{k}" for k in range(count))
    return Circuit(encoder, np.zeros(0, np.uint8), none, none, 2 * np.arange(count, dtype=np.int32), None, names)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "uint16", "int16", "int32", "int64"])
def test_every_int64_is_a_threshold(dtype: str) -> None:
    circuit = with_thresholds(dtype, EXTREMES)
    again = from_text(to_text(circuit))
    assert again.encoder.threshold.tolist() == EXTREMES
    assert again.digest == circuit.digest


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_finite_float_is_a_threshold(dtype: str) -> None:
    circuit = with_thresholds(dtype, REALS)
    assert from_text(to_text(circuit)).digest == circuit.digest


LGIR = """lgir 1
features {dtype} 1
"f"
bits 1
n0 = f0 > {threshold}
gates 1
n1 = nota n0{layer}
head 1 tau {tau}
{name} = {offset} n1
end
"""


def text(**changed: str) -> str:
    return LGIR.format(
        **{"dtype": "int64", "threshold": "5", "layer": "", "tau": "1.0", "name": '"c"', "offset": "0"} | changed
    )


@pytest.mark.parametrize("threshold", [str(2**63), str(-(2**63) - 1), "1" * 5000, "1_0", "+1", "٣", "1.0", "nan", ""])
def test_what_is_no_int64_is_refused_with_its_line(threshold: str) -> None:
    with pytest.raises(BadInput, match=r"^x:5: .*threshold"):
        from_text(text(threshold=threshold), "x")


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e400", "1_0.0", "infinity", "1e99999", "0x1p3", ""])
def test_what_is_no_finite_number_is_refused(number: str) -> None:
    with pytest.raises(BadInput, match=r"^x:5: .*threshold"):
        from_text(text(dtype="float64", threshold=number), "x")
    with pytest.raises(BadInput, match=r"^x.* tau "):
        from_text(text(tau=number), "x")


@pytest.mark.parametrize("name", ["[" * 100_000, '{"a": 1}', "null", '"open', '"\\q"', "12", "c", "\u00a0" + '"c"'])
def test_a_line_without_a_name_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=r"^x:9: expected a name in double quotes"):
        from_text(text(name=name), "x")


@pytest.mark.parametrize("place", ["class", "feature", "output"])
def test_halves_of_surrogate_pairs_are_no_names(place: str) -> None:
    lone = {"class": text(name=r'"\ud800"'), "feature": text().replace('"f"', r'"\udc00"')}
    lone["output"] = text().replace('head 1 tau 1.0\n"c" = 0 n1', 'outputs 1\n"\\ud800" = n1')
    with pytest.raises(BadInput, match=rf"^x: one of the {place}[es]*s is called .*not Unicode text"):
        from_text(lone[place], "x")
    paired = from_text(text(name=r'"\ud83c\udf0d"'))
    assert paired.head is not None
    assert paired.head.names == ("🌍",)


def test_the_highest_layer_number_is_counted() -> None:
    circuit = from_text(text(layer=" @32767"))
    assert circuit.layer is not None
    assert circuit.layer.tolist() == [32767]
    assert costs(circuit)["parts"]["layer 32767"]["gates"] == 1
    every = random_circuit(3, inputs=9, gates=2**15, outputs=9)
    assert costs(every.with_(layer=np.arange(2**15)), luts=False)["parts"]["layer 32767"]["gates"] == 1
    with pytest.raises(BadInput, match=r"^x:7: '@32768' is not @0..@32767"):
        from_text(text(layer=" @32768"), "x")
    with pytest.raises(BadInput, match=r"^x:7: '@-1' is not"):
        from_text(text(layer=" @-1"), "x")


@pytest.mark.parametrize("circuit", [lift(random_model(1, width=8, layers=2)), random_circuit(2, gates=12)])
def test_a_file_cut_anywhere_is_refused(circuit: Circuit) -> None:
    data = lgir_bytes(circuit)
    assert data.endswith(b"\nend\n")
    for size in range(len(data) - 1):
        with pytest.raises(BadInput, match=r"^x"):
            circuit_from_lgir(data[:size], "x")
    assert circuit_from_lgir(data[:-1], "x").digest == circuit.digest


WORDS = [
    "", "0", "-1", "n0", "~n0", "n99999999999999999999", "f0", "@0", "@32767", "@99999", "=", ">", "nan", "inf",
    str(2**31), str(2**63), str(-(2**63)), "9" * 5000, "1e308", "999999999", "1000000000",
    "true", "and", "end", "head", "outputs", "bits", "gates", "[", "{", "\x00", "\t", "\u2028",
    '"x"', '"\\ud800"', '"\\u0000"',
]  # fmt: skip


BASES = [lift(random_model(1, width=5, layers=1, features=2)), random_circuit(1, gates=6)]


def outcome(data: bytes) -> str:
    """'read' for a circuit that goes round, else the error."""
    try:
        read = circuit_from_lgir(data, "x")
    except BadInput as error:
        return str(error)
    return "read" if from_text(to_text(read)).digest == read.digest else "changed"


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_mutated_lines_give_a_circuit_or_bad_input(data: st.DataObject) -> None:
    lines = to_text(data.draw(st.sampled_from(BASES))).split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        words = lines[at].split(" ")
        place = data.draw(st.integers(0, len(words)))
        words[place : place + data.draw(st.integers(0, 2))] = [data.draw(st.sampled_from(WORDS))]
        what = data.draw(st.sampled_from(["change", "drop", "twice"]))
        lines[at : at + 1] = {"change": [" ".join(words)], "drop": [], "twice": [lines[at]] * 2}[what]
    result = outcome("\n".join(lines).encode("utf-8", "surrogatepass"))
    assert result == "read" or (result.startswith("x") and result.isprintable())


def test_a_great_count_takes_no_time_or_memory() -> None:
    began = time.process_time()
    for line in ("features uint8 99999999999", "gates 888888888888", "bits 777777777"):
        kind = line.split(" ")[0]
        lines = [line if each.startswith(kind) else each for each in text().split("\n")]
        with pytest.raises(BadInput, match="is not a count of the lines that follow"):
            from_text("\n".join(lines), "x")
    assert time.process_time() - began < 1.0


def test_names_of_every_kind_go_round() -> None:
    names = ("", " ", "a\nb", "\x1b[2J", 'q"', "\\", "größe", "\u2028", "🌍")
    encoder = Encoder(names, "bool", np.arange(9, dtype=np.int32), np.zeros(9, np.int64))
    none = np.zeros(0, np.int32)
    circuit = Circuit(encoder, np.zeros(0, np.uint8), none, none, np.array([0]), None, (json.dumps(names),))
    again = from_text(to_text(circuit))
    assert again.encoder.names == names
    assert again.digest == circuit.digest
