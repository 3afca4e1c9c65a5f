"""The testbench of a Verilog design: vectors in hexadecimal, the results that they must give, and what runs them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.arithmetic.head import score_format
from lgnc.backends.verilog.text import Port, vector
from lgnc.backends.verilog.top import HANDSHAKE
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.simulate import argmax, encode, head_scores, pack, simulate_outputs, unpack

VECTORS = 128
"""Vectors written beside a design."""


def testbench(
    circuit: Circuit, name: str, source: Port, results: Sequence[Port], latency: int, interval: int
) -> dict[str, bytes]:
    """`tb_NAME.v`, `NAME_vectors.hex` and `NAME_expected.hex` of a design; latency 0: one without a clock.

    interval: clocks from one vector taken to the next, at full speed.
    """
    bits, words = stimulus(circuit.encoder, VECTORS)
    return {
        f"tb_{name}.v": testbench_text(name, source, results, latency, interval).encode(),
        f"{name}_vectors.hex": hex_lines(words),
        f"{name}_expected.hex": hex_lines(expected(circuit, bits, results)),
    }


def stimulus(encoder: Encoder, count: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(encoder bits bool[count, bits], input words bool[count, width]): a fixed pseudo-random sequence."""
    if encoder.is_float:
        bits = noise(count, encoder.bits) % np.uint64(2) == 1
        return bits, bits
    x = integer_rows(encoder, count)
    return encode(encoder, x), feature_words(x)


def integer_rows(encoder: Encoder, count: int) -> NDArray[Any]:
    """[count, features] of the encoder's type, which is not a float: a fixed pseudo-random sequence.

    Half of the integers sit on one of the feature's thresholds or just above it, the rest anywhere.
    """
    features = len(encoder.names)
    if encoder.dtype == "bool":
        bits: NDArray[np.bool_] = noise(count, features) % np.uint64(2) == 1
        return bits
    info = np.iinfo(encoder.dtype)
    with np.errstate(over="ignore"):
        x = noise(count, features).astype(encoder.dtype)
    if encoder.bits:
        own = np.bincount(encoder.feature, minlength=features)
        ordered = encoder.threshold[np.argsort(encoder.feature, kind="stable")]
        pick = noise(count, features, 1).astype(np.int64)
        which = np.cumsum(own) - own + (pick >> 8 & 0xFFFF) % np.maximum(own, 1)
        near = np.clip(ordered[which % encoder.bits], info.min, info.max - 1) + (pick >> 1 & 1)
        x = np.where((pick & 1 == 1) & (own > 0), near.astype(encoder.dtype), x)
    return x


def noise(rows: int, columns: int, stream: int = 0) -> NDArray[np.uint64]:
    """uint64[rows, columns]: splitmix64 of the position (Steele, Lea, Flood, 2014). No state: pure by construction."""
    with np.errstate(over="ignore"):
        z = (np.arange(rows * columns, dtype=np.uint64) * np.uint64(4) + np.uint64(stream)) * np.uint64(
            0x9E3779B97F4A7C15
        )
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (z ^ (z >> np.uint64(31))).reshape(rows, columns)


def feature_words(x: NDArray[Any]) -> NDArray[np.bool_]:
    """bool[n, features * w], lowest bit first: each feature's two's complement, feature 0 lowest."""
    if x.dtype == np.bool_:
        return x
    octets = np.ascontiguousarray(x, dtype=x.dtype.newbyteorder("<")).view(np.uint8)
    octets = octets.reshape(len(x), x.shape[1] * x.dtype.itemsize)
    return np.unpackbits(octets, axis=1, bitorder="little").astype(np.bool_)


def hex_lines(words: NDArray[np.bool_]) -> bytes:
    """One line of hexadecimal a row, highest bit first, as $readmemh reads it."""
    octets = np.packbits(words, axis=1, bitorder="little")[:, ::-1]
    digits = -(-words.shape[1] // 4)
    return "".join(f"{row.tobytes().hex()[-digits:] or '0'}\n" for row in octets).encode()


def expected(circuit: Circuit, bits: NDArray[np.bool_], results: Sequence[Port]) -> NDArray[np.bool_]:
    """bool[n, width]: what the ports `results`, the first lowest, must show for encoder bits."""
    n = len(bits)
    literals = unpack(simulate_outputs(circuit, pack(bits)), n)
    if circuit.head is None:
        return literals
    base, width = score_format(circuit.head)
    scores = head_scores(circuit.head, literals)
    columns = []
    for port in results:
        if port.name == "class_index":
            columns.append(bits_of(argmax(scores), port.width))
        else:
            columns += [bits_of(scores[:, c] - base, width) for c in range(circuit.head.classes)]
    return np.concatenate(columns, axis=1)


def bits_of(values: NDArray[Any], width: int) -> NDArray[np.bool_]:
    """bool[n, width], lowest bit first, of n integers."""
    bits: NDArray[np.bool_] = values[:, None] >> np.arange(width) & 1 == 1
    return bits


def testbench_text(name: str, source: Port, results: Sequence[Port], latency: int, interval: int) -> str:
    """`tb_NAME.v`: it checks the vectors beside it, or with +record writes what the design gives."""
    control = [*HANDSHAKE] if latency else []
    signals = [*control, source.name, *(port.name for port in results)]
    words = {
        "NAME": name,
        "COUNT": str(VECTORS),
        "LATENCY": str(latency),
        "INTERVAL": str(interval),
        "IN": vector(source.width),
        "OUT": vector(sum(port.width for port in results)),
        "SOURCE": source.name,
        "WIRES": "\n".join(f"  wire {vector(port.width)}{port.name};" for port in results),
        "RESULT": f"{{{', '.join(port.name for port in reversed(results))}}}",
        "PORTS": ", ".join(f".{each}({each})" for each in signals),
    }
    return filled("testbench_pipelined.v.in" if latency else "testbench.v.in", words)


def filled(file: str, words: Mapping[str, str]) -> str:
    """A file of backends/verilog/runtime with every @WORD@ replaced."""
    text = (files("lgnc.backends.verilog") / "runtime" / file).read_text("ascii")
    return re.sub("@([A-Z][A-Z0-9]*)@", lambda word: words[word[1]], text)
