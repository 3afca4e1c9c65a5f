"""Operations that mix a row of 64 floats with words of 64 bits: sample s is lane s and bit s.

In every operation `words` is a one-dimensional uint64 array.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from lgnc.train.cpu.vector import (
    ARRAY,
    AT,
    B64,
    F8,
    F16,
    F64,
    LANE,
    M64,
    NONE,
    call,
    load_vector,
    operation,
    pointer_to,
    shuffle,
    splat,
    store_vector,
)

_BIT = ir.IntType(1)


def _parts(builder: Any, row: Any) -> list[Any]:
    """The row's four vectors of 16 lanes."""
    return [shuffle(builder, row, row, list(range(first, first + 16))) for first in (0, 16, 32, 48)]


def _join(builder: Any, parts: list[Any]) -> Any:
    low, high = (shuffle(builder, parts[i], parts[i + 1], list(range(32))) for i in (0, 2))
    return shuffle(builder, low, high, list(range(64)))


def _masks(builder: Any, words: Any, word: Any) -> list[Any]:
    """The 64 truth values of words[word] as four vectors; words are little-endian in memory."""
    pieces = pointer_to(builder, words, word, ir.IntType(16))
    loaded = [builder.load(builder.gep(pieces, [LANE(part)]), align=2) for part in range(4)]
    return [builder.bitcast(piece, ir.VectorType(_BIT, 16)) for piece in loaded]


def _scales(builder: Any, words: Any, word: Any, slopes: Any, at: Any) -> list[Any]:
    """Four vectors: slopes[at + 1] where the word's bit is set, slopes[at] elsewhere."""
    pointer = builder.gep(slopes, [at])
    zeros, ones = (splat(builder, builder.load(builder.gep(pointer, [LANE(bit)])), 16) for bit in (0, 1))
    return [builder.select(mask, ones, zeros) for mask in _masks(builder, words, word)]


@operation(F64, F64, ARRAY, AT, ARRAY, AT, ARRAY, AT)
def add_scaled(builder: Any, total: Any, rows: Any, row: Any, words: Any, word: Any, slopes: Any, at: Any) -> Any:
    """total + rows[row : row + 64] * (slopes[at + 1] where words[word] has a bit, slopes[at] elsewhere)."""
    values = _parts(builder, load_vector(builder, rows, row, F64.llvm))
    scales = _scales(builder, words, word, slopes, at)
    parts = zip(values, scales, _parts(builder, total), strict=True)
    return _join(builder, [call(builder, "fmuladd", *part) for part in parts])


@operation(NONE, ARRAY, AT)
def prefetch_row(builder: Any, rows: Any, row: Any) -> None:
    """Tells the cache that rows[row : row + 64] will be read soon; no more than a hint."""
    data = ir.IntType(8).as_pointer()
    kind, name = ir.FunctionType(ir.VoidType(), [data, LANE, LANE, LANE]), "llvm.prefetch.p0"
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    for line in range(0, 64, 16):
        pointer = pointer_to(builder, rows, builder.add(row, row.type(line)), ir.IntType(8))
        builder.call(function, [pointer, LANE(0), LANE(2), LANE(1)])


@operation(F64, F64, ARRAY, AT, ARRAY, AT)
def scaled(builder: Any, row: Any, words: Any, word: Any, slopes: Any, at: Any) -> Any:
    """row * (slopes[at + 1] where words[word] has a bit, slopes[at] elsewhere)."""
    scales = _scales(builder, words, word, slopes, at)
    return _join(builder, [builder.fmul(x, y) for x, y in zip(_parts(builder, row), scales, strict=True)])


def _masked_sum(builder: Any, masks: list[Any], parts: list[Any]) -> Any:
    """16 partial sums of the lanes that the masks select."""
    out = builder.select(masks[0], parts[0], ir.Constant(F16.llvm, None))
    for mask, part in zip(masks[1:], parts[1:], strict=True):
        out = builder.select(mask, builder.fadd(out, part), out)
    return out


def _pair(builder: Any, x: Any, y: Any, low: list[int], high: list[int]) -> Any:
    return builder.fadd(shuffle(builder, x, y, low), shuffle(builder, x, y, high))


def _lanes(quarters: tuple[int, ...], offsets: tuple[int, ...]) -> list[int]:
    return [quarter + offset for quarter in quarters for offset in offsets]


_QUARTERS = (0, 4, 8, 12)


def _sum4(builder: Any, vectors: list[Any]) -> Any:
    """Four vectors of 16 -> one: in each quarter, a partial sum of each vector."""
    low, high = _lanes(_QUARTERS, (0, 16, 1, 17)), _lanes(_QUARTERS, (2, 18, 3, 19))
    x, y = (_pair(builder, vectors[i], vectors[i + 1], low, high) for i in (0, 2))
    return _pair(builder, x, y, _lanes(_QUARTERS, (0, 1, 16, 17)), _lanes(_QUARTERS, (2, 3, 18, 19)))


def _add_four(builder: Any, vectors: list[Any], out: Any, index: Any, fresh: Any) -> None:
    """out[index : index + 4] (+)= the sums of four vectors of 16."""
    four = _sum4(builder, vectors)
    eight = _pair(builder, four, four, list(range(8)), list(range(8, 16)))
    sums = _pair(builder, eight, eight, list(range(4)), list(range(4, 8)))
    with builder.if_else(builder.trunc(fresh, _BIT)) as (then, otherwise):
        with then:
            store_vector(builder, sums, out, index)
        with otherwise:
            store_vector(builder, builder.fadd(sums, load_vector(builder, out, index, sums.type)), out, index)


def _eight(builder: Any, sums: list[Any]) -> Any:
    """The sums of eight vectors of 16."""
    x, y = _sum4(builder, sums[:4]), _sum4(builder, sums[4:])
    four = (0, 1, 2, 3)
    z = _pair(builder, x, y, _lanes((0, 8, 16, 24), four), _lanes((4, 12, 20, 28), four))
    return _pair(builder, z, z, _lanes((0, 8), four), _lanes((4, 12), four))


def _total(builder: Any, parts: list[Any]) -> Any:
    """16 partial sums of a row."""
    return builder.fadd(builder.fadd(parts[0], parts[1]), builder.fadd(parts[2], parts[3]))


def _products(builder: Any, x: list[Any], y: list[Any]) -> list[Any]:
    return [builder.fmul(one, other) for one, other in zip(x, y, strict=True)]


@operation(NONE, ARRAY, AT, F64, ARRAY, AT, types.boolean)
def add_sums(builder: Any, out: Any, index: Any, row: Any, words: Any, word: Any, fresh: Any) -> None:
    """out[index : index + 4] (+)= the sums of row over all lanes, those of bit a, of bit b, and of both.

    a = words[word], b = words[word + 1]. With `fresh`, what stood in out is not read.
    """
    parts = _parts(builder, row)
    a, b = _masks(builder, words, word), _masks(builder, words, builder.add(word, word.type(1)))
    both = [builder.and_(x, y) for x, y in zip(a, b, strict=True)]
    sums = [_total(builder, parts), *(_masked_sum(builder, masks, parts) for masks in (a, b, both))]
    _add_four(builder, sums, out, index, fresh)


@operation(NONE, ARRAY, AT, ARRAY, AT, ARRAY, AT, AT)
def add_partial_sums(
    builder: Any, sums: Any, index: Any, rows: Any, row: Any, words: Any, word_a: Any, word_b: Any
) -> None:
    """sums[index : index + 64] += 16 partial sums of each of: rows[row : row + 64], its lanes with bit a, b, and both.

    a = words[word_a], b = words[word_b]. The four are those of `add_sums`.
    """
    parts = [_piece(builder, rows, row, part) for part in range(4)]
    a, b = _masks(builder, words, word_a), _masks(builder, words, word_b)
    _add_partial(builder, sums, index, parts, a, b)


@operation(NONE, ARRAY, AT, ARRAY, AT, AT, AT, ARRAY, AT, AT, ARRAY, AT)
def branch_gate(
    builder: Any, sums: Any, index: Any, rows: Any, row: Any, row_a: Any, row_b: Any,
    words: Any, word_a: Any, word_b: Any, slopes: Any, at: Any,
) -> None:  # fmt: skip
    """`add_partial_sums`, and the gradients of both inputs: rows[row_a : row_a + 64] is the row times slopes[at + 1] in
    the lanes with bit b and slopes[at] elsewhere; rows[row_b : ...] that times slopes[at + 3] or [at + 2], by bit a."""
    parts = [_piece(builder, rows, row, part) for part in range(4)]
    a, b = _masks(builder, words, word_a), _masks(builder, words, word_b)
    pointer = builder.gep(slopes, [at])
    slope = [splat(builder, builder.load(builder.gep(pointer, [LANE(each)])), 16) for each in range(4)]
    for part, value in enumerate(parts):
        for masks, low, to in ((b, 0, row_a), (a, 2, row_b)):
            scale = builder.select(masks[part], slope[low + 1], slope[low])
            store_vector(builder, builder.fmul(value, scale), rows, builder.add(to, to.type(16 * part)))
    _add_partial(builder, sums, index, parts, a, b)


def _piece(builder: Any, rows: Any, row: Any, part: int) -> Any:
    return load_vector(builder, rows, builder.add(row, row.type(16 * part)), F16.llvm)


def _add_partial(builder: Any, sums: Any, index: Any, parts: list[Any], a: list[Any], b: list[Any]) -> None:
    both = [builder.and_(x, y) for x, y in zip(a, b, strict=True)]
    found = [_total(builder, parts), *(_masked_sum(builder, masks, parts) for masks in (a, b, both))]
    for which, value in enumerate(found):
        at = builder.add(index, index.type(16 * which))
        store_vector(builder, builder.fadd(load_vector(builder, sums, at, value.type), value), sums, at)


@operation(NONE, ARRAY, AT, ARRAY, AT, ARRAY, AT)
def add_chosen_sum(builder: Any, sums: Any, index: Any, rows: Any, row: Any, words: Any, word: Any) -> None:
    """sums[index : index + 16] += 16 partial sums of rows[row : row + 64] over the bits of words[word]."""
    parts = [_piece(builder, rows, row, part) for part in range(4)]
    value = _masked_sum(builder, _masks(builder, words, word), parts)
    store_vector(builder, builder.fadd(load_vector(builder, sums, index, value.type), value), sums, index)


@operation(M64, ARRAY, AT)
def bit_mask(builder: Any, words: Any, word: Any) -> Any:
    """The bits of words[word] as truth values."""
    return builder.bitcast(builder.load(builder.gep(words, [word])), M64.llvm)


@operation(NONE, ARRAY, AT, F64, M64)
def add_where(builder: Any, rows: Any, at: Any, added: Any, mask: Any) -> None:
    """rows[at : at + 64] += added in the lanes of the mask."""
    for part, value in enumerate(_parts(builder, added)):
        lanes = shuffle(builder, mask, mask, list(range(16 * part, 16 * part + 16)))
        old = _piece(builder, rows, at, part)
        new = builder.select(lanes, builder.fadd(old, value), old)
        store_vector(builder, new, rows, builder.add(at, at.type(16 * part)))


@operation(NONE, ARRAY, AT, F64, F64, F64, types.boolean)
def add_products(builder: Any, out: Any, index: Any, row: Any, a: Any, b: Any, fresh: Any) -> None:
    """out[index : index + 4] (+)= the sums over all lanes of row, row a, row b and row a b; see `add_sums`."""
    g, b = _parts(builder, row), _parts(builder, b)
    ga = _products(builder, g, _parts(builder, a))
    rows = (g, ga, _products(builder, g, b), _products(builder, ga, b))
    _add_four(builder, [_total(builder, parts) for parts in rows], out, index, fresh)


@operation(F8, F64, ARRAY, ARRAY, AT)
def selected_sums(builder: Any, row: Any, words: Any, indices: Any, first: Any) -> Any:
    """8 floats: for each of int32 indices[first : first + 8], the sum of row over the bits of words[that index]."""
    parts, pointer, sums = _parts(builder, row), builder.gep(indices, [first]), []
    for candidate in range(8):
        node = builder.zext(builder.load(builder.gep(pointer, [LANE(candidate)])), first.type)
        sums.append(_masked_sum(builder, _masks(builder, words, node), parts))
    return _eight(builder, sums)


@operation(F8, F64, ARRAY, ARRAY, AT)
def weighted_sums(builder: Any, row: Any, values: Any, indices: Any, first: Any) -> Any:
    """8 floats: for each node i of int32 indices[first : first + 8], the sum of row * values[64 i : 64 i + 64]."""
    parts, pointer, sums = _parts(builder, row), builder.gep(indices, [first]), []
    for candidate in range(8):
        node = builder.zext(builder.load(builder.gep(pointer, [LANE(candidate)])), first.type)
        other = load_vector(builder, values, builder.mul(node, node.type(64)), F64.llvm)
        sums.append(_total(builder, _products(builder, parts, _parts(builder, other))))
    return _eight(builder, sums)


@operation(F64, ARRAY, AT)
def bits_row(builder: Any, words: Any, word: Any) -> Any:
    """The bits of words[word] as floats 0 and 1."""
    one, zero = (ir.Constant(F16.llvm, [value] * 16) for value in (1.0, 0.0))
    return _join(builder, [builder.select(mask, one, zero) for mask in _masks(builder, words, word)])


@operation(B64)
def no_counts(builder: Any) -> Any:  # noqa: ARG001
    """64 counters at zero; each counts to 255."""
    return ir.Constant(B64.llvm, None)


@operation(B64, B64, types.uint64)
def count(builder: Any, counters: Any, word: Any) -> Any:
    """Counter s goes up by one where bit s of `word` is set."""
    return builder.add(counters, builder.zext(builder.bitcast(word, ir.VectorType(_BIT, 64)), B64.llvm))


@operation(NONE, ARRAY, AT, B64)
def add_counts(builder: Any, totals: Any, index: Any, counters: Any) -> None:
    """int32 totals[index : index + 64] += the counters."""
    wide = ir.VectorType(ir.IntType(32), 64)
    old = load_vector(builder, totals, index, wide)
    store_vector(builder, builder.add(old, builder.zext(counters, wide)), totals, index)
