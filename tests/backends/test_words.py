"""Words of gates as C: they are found in the wiring, every mix of functions is right, and its text is proven."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lgnc.backends.artifact import Options
from lgnc.backends.c import words
from lgnc.backends.c.word_gates import expression
from lgnc.backends.c.word_plan import find_words
from lgnc.backends.table import target_of
from lgnc.diagnostics import BadInput
from lgnc.formats.lgn import Layer, Model
from lgnc.formats.lift import lift, lift_in_place
from lgnc.ir import Circuit, Encoder
from lgnc.ir.gates import FALSE, TABLE
from lgnc.readback.c import read_back
from lgnc.toolchain import require_tool
from lgnc.toolchain import run as run_tool
from lgnc.train.encoders import lay_in_words
from lgnc.train.wiring import candidate_wiring, word_wiring
from lgnc.verify.prove import prove
from tests.backends.support import check, mismatches, run, write
from tests.support import needs, random_model


def a_model(
    dtype: str,
    word: int,
    *,
    layers: int = 2,
    words: int = 5,
    seed: int = 0,
    features: int = 9,
    own: tuple[int, ...] = (0, 126, 127, 128, 200, 254),
) -> Model:
    """Random words; the first of a layer is one function, the others are of some or of all sixteen. own: thresholds."""
    rng = np.random.default_rng(seed)
    made = random_model(seed, dtype=dtype, features=features, classes=3)
    encoder = made.encoder
    if dtype == "uint8":
        feature = np.repeat(np.arange(features, dtype=np.int32), len(own))
        encoder = Encoder(encoder.names, dtype, feature, np.tile(np.array(own), features))
    encoder = lay_in_words(encoder, word, np.full(features, 3))
    found, first, nodes = [], 0, encoder.bits
    for _ in range(layers):
        pins = first + word_wiring(candidate_wiring(rng, nodes - first, words, 1), word)
        kinds = [rng.integers(0, 16, size) for size in (1, 2, 4, 16, 16)]
        op = np.concatenate([rng.choice(kinds[index % 5], word) for index in range(words)]).astype(np.uint8)
        found.append(Layer(pins.astype(np.int32), None, None, op))
        first, nodes = nodes, nodes + words * word
    heads, starts = np.arange(first, nodes, dtype=np.int32), np.array([0, 1, 1, words], np.int32) * word
    return Model(encoder, tuple(found), heads, starts, ("a", "b", "c"), 1.0)


def placed(model: Model) -> Circuit:
    circuit = lift_in_place(model)
    assert circuit is not None
    return circuit


DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float32", "float64"]


@pytest.mark.parametrize(
    ("dtype", "word"), [*((dtype, 32) for dtype in DTYPES), *((dtype, 64) for dtype in ("uint8", "int16", "float64"))]
)
def test_words_run_as_their_gates_do(dtype: str, word: int, tmp_path: Path) -> None:
    profile = "mcu" if word == 32 else "host"
    check("c", placed(a_model(dtype, word)), tmp_path, (1, 5, 200), style="words", target_profile=profile)


def test_many_words_are_several_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "PART", 10)
    circuit = placed(a_model("uint8", 32))
    check("c", circuit, tmp_path, (1, 60), style="words", target_profile="mcu")
    assert "net_part1" in (tmp_path / "net.c").read_text()


def test_every_mix_of_functions_is_right() -> None:
    rng = np.random.default_rng(0)
    a, b = (int(value) for value in rng.integers(0, 1 << 32, 2))
    mixes = [rng.choice(rng.integers(0, 16, size), 32).astype(np.uint8) for size in (1, 1, 2, 2, 3, 16) * 40]
    mixes += [np.full(32, op, np.uint8) for op in range(16)]
    for op in mixes:
        found = expression(op, "a", "b", 32)
        value = eval(re.sub(r"(0x\w+|0)u\b", r"\1", found.text), {"a": a, "b": b}) & 0xFFFFFFFF
        wanted = sum(int(TABLE[op[i], 2 * (a >> i & 1) + (b >> i & 1)]) << i for i in range(32))
        assert value == wanted
        assert found.masks <= 4
        assert found.steps <= 7
    assert max(expression(np.full(32, op, np.uint8), "a", "b", 32).steps for op in range(16)) <= 2


@pytest.mark.parametrize("op", [op for op in range(16) if TABLE[op].any() and not TABLE[op, 0]])
def test_one_function_among_zeros_takes_a_mask_more(op: int) -> None:
    alone = expression(np.full(32, op, np.uint8), "a", "b", 32)
    mixed = expression(np.where(np.arange(32) % 3, op, FALSE).astype(np.uint8), "a", "b", 32)
    assert (mixed.steps, mixed.masks) == (alone.steps + 1, alone.masks + 1)


def test_words_are_found_by_their_wiring_alone() -> None:
    model = a_model("uint8", 32)
    circuit = placed(model)
    plan = find_words(circuit)
    assert plan is not None
    assert plan.width == 32
    wide = find_words(placed(a_model("uint8", 64)))
    assert wide is not None
    assert wide.width == 64
    read = np.flatnonzero(np.isin(circuit.op, [1, 6, 7]))
    for gate in read[[0, -1]].tolist():
        moved = circuit.a.copy()
        moved[gate] = (moved[gate] + 1) % circuit.inputs
        assert find_words(circuit.with_(a=moved)) is None
    outputs = circuit.outputs.copy()
    outputs[[3, 4]] = outputs[[4, 3]]
    assert find_words(circuit.with_(outputs=outputs)) is None
    assert find_words(lift(random_model(0))) is None


def test_what_is_not_in_words_is_refused() -> None:
    with pytest.raises(BadInput, match="not laid in words"):
        target_of("c").emit(lift(random_model(0)), Options("net", {"style": "words"}))


def test_auto_takes_words_where_they_are_smallest() -> None:
    model = a_model("uint8", 32, layers=1, words=12)
    circuit = lift(model)
    with_words = target_of("c").emit(circuit, Options("net", {"target_profile": "mcu"}, trained=placed(model)))
    without = target_of("c").emit(circuit, Options("net", {"target_profile": "mcu"}))
    assert b"WORD_BITS" in with_words.files["net.c"]
    assert b"WORD_BITS" not in without.files["net.c"]
    assert with_words.details["flash_bytes"] < without.details["flash_bytes"]


FAULTS: dict[str, tuple[str, Callable[[re.Match[str]], str]]] = {
    "a threshold of a byte": (r"l \+ 0x(\w+)u", lambda m: f"l + 0x{int(m[1], 16) - 1:x}u"),
    "a comparison of the other half": (r"\| f\)", lambda _: "& f)"),
    "a rotation": (r"TURN\((w\d+), (\d+)\)", lambda m: f"TURN({m[1]}, {1 + int(m[2]) % 31})"),
    "a mask": (r"(w\d+|\)) & 0x(\w{7,8})u", lambda m: f"{m[1]} & 0x{int(m[2], 16) ^ 4096:x}u"),
    "a mask of the count": (r"m2 = NET_EACH\(0x33u\)", lambda _: "m2 = NET_EACH(0x37u)"),
    "a bit counted twice": (r"n \+?= net_fours\((w\d+)\);", lambda m: f"{m[0]} n += {m[1]} & 1u;"),
    "sums of the last class begun by those before": (r"n = net_fours", lambda _: "n += net_fours"),
    "a tie": (r"out\[2\] > top", lambda _: "out[2] >= top"),
    "a class": (r"best = 2;", lambda _: "best = 1;"),
    "a sum of bytes": (r"m8 = NET_EACH\(0x01u\)", lambda _: "m8 = NET_EACH(0x01u) - 1u"),
}


def test_the_text_is_proven_and_faults_in_it_are_found(tmp_path: Path) -> None:
    model = a_model("uint8", 32, layers=1, words=4)
    circuit = placed(model)
    write("c", circuit, tmp_path, style="words", target_profile="mcu")
    assert prove(circuit, read_back(tmp_path, "net", circuit)).equal is True
    text = (tmp_path / "net.c").read_text()
    for what, (pattern, wrong) in FAULTS.items():
        last = list(re.finditer(pattern, text))[-1]
        changed = text[: last.start()] + wrong(last) + text[last.end() :]
        (tmp_path / "net.c").write_text(changed)
        assert prove(circuit, read_back(tmp_path, "net", circuit)).equal is False, what


def test_bits_one_by_one_are_proven_too(tmp_path: Path) -> None:
    circuit = placed(a_model("int16", 32, layers=1, words=3))
    write("c", circuit, tmp_path, style="words", target_profile="mcu")
    assert prove(circuit, read_back(tmp_path, "net", circuit)).equal is True


def test_halves_are_proven_and_faults_in_them_are_found(tmp_path: Path) -> None:
    circuit = placed(a_model("uint8", 32, layers=1, words=2, own=(5, 11, 127, 253)))
    write("c", circuit, tmp_path, style="words", target_profile="mcu")
    text = (tmp_path / "net.c").read_text()
    assert "l = f" not in text
    assert prove(circuit, read_back(tmp_path, "net", circuit)).equal is True
    last = list(re.finditer(r"\(h \+ 0x(\w+)u", text))[-1]
    (tmp_path / "net.c").write_text(f"{text[: last.start()]}(h + 0x{int(last[1], 16) - 1:x}u{text[last.end() :]}")
    assert prove(circuit, read_back(tmp_path, "net", circuit)).equal is False
    for wrong in ("h = f >> 2 & m7", "h = f >> 1"):
        (tmp_path / "net.c").write_text(text.replace("h = f >> 1 & m7", wrong))
        with pytest.raises(BadInput, match="features side by side"):
            read_back(tmp_path, "net", circuit)


@pytest.mark.parametrize("own", [(0, 126, 127, 128, 200, 254), (5, 11, 127, 253)], ids=["bytes", "halves"])
def test_thresholds_of_a_byte_at_every_value(own: tuple[int, ...], tmp_path: Path) -> None:
    """Every value of a feature against thresholds in both halves, side by side."""
    circuit = placed(a_model("uint8", 32, layers=1, words=4, features=4, own=own))
    x = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 4, axis=1)
    manifest = write("c", circuit, tmp_path, style="words", target_profile="mcu")
    assert mismatches(circuit, x, run("c", tmp_path, manifest, x)) == 0


@needs("arm-none-eabi-gcc")
@pytest.mark.parametrize("word", [32, 64])
def test_a_cortex_m0_holds_the_masks_of_either_width(word: int, tmp_path: Path) -> None:
    """Its high registers hold no pair: an `asm` that asks for one is an error of the compiler's."""
    write("c", placed(a_model("uint8", word, layers=1, words=3)), tmp_path, style="words", target_profile="mcu")
    flags = ["-std=c99", "-O1", "-mcpu=cortex-m0", "-mthumb", "-Wall", "-Wextra", "-Werror"]
    run_tool([require_tool("arm-none-eabi-gcc"), *flags, "-c", "net.c"], cwd=tmp_path)
