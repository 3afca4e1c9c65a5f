"""The encoder as a Verilog module: features in their own integer unit in, comparator bits out."""

from __future__ import annotations

from itertools import pairwise

from lgnc.backends.verilog.text import CLOCK, Port, clock, concatenation, header, unused, vector
from lgnc.ir.circuit import Encoder


def encoder_levels(encoder: Encoder, inputs: int) -> int:
    """Levels of tables of so many inputs that the comparators are counted as: trees over the bits of a feature."""
    levels, reached = 0, 1
    while reached < encoder.feature_bits:
        levels, reached = levels + 1, reached * inputs
    return levels


def encoder_module(name: str, encoder: Encoder, features: Port, out: Port, ranks: int = 0) -> list[str]:
    """The lines of the encoder. Feature i is bits [i * w, (i + 1) * w) of the port, two's complement when signed.

    Equal comparisons share one comparator; a threshold that no value of the type, or every value, exceeds is a
    constant. ranks: of registers, that the bits go through.
    """
    low, high = map(int, encoder.range)
    width = encoder.feature_bits
    wires: dict[tuple[int, int], str] = {}
    comparators, values = [], []
    for feature, threshold in zip(encoder.feature.tolist(), encoder.threshold.tolist(), strict=True):
        key = feature, threshold
        if not low <= threshold < high:
            wires[key] = "1'b1" if threshold < low else "1'b0"
        elif key not in wires and width == 1:
            wires[key] = f"features[{feature}]" if features.width > 1 else "features"
        elif key not in wires:
            wires[key] = f"f{feature}_gt_{'m' if threshold < 0 else ''}{abs(threshold)}"
            comparators.append(f"  wire {wires[key]} = f{feature} > {sized(threshold, width, low)};")
        values.append(wires[key])
    read = sorted({f for f, t in wires if low <= t < high})
    lines = header(name, [*([CLOCK] if ranks else []), features.declared("input"), out.declared("output")])
    if width > 1:
        sign = "signed " if low < 0 else ""
        for f in read:
            lines.append(f"  wire {sign}[{width - 1}:0] f{f} = features[{f * width + width - 1}:{f * width}];")
    lines += comparators
    if ranks:
        chain = ["compared", *(f"{out.name}_r{k + 1}" for k in range(ranks))]
        lines += [f"  wire {vector(out.width)}compared;", *(f"  reg {vector(out.width)}{each};" for each in chain[1:])]
        lines += concatenation("compared", values)
        lines += clock([f"    {after} <= {before};" for before, after in pairwise(chain)])
        lines.append(f"  assign {out.name} = {chain[-1]};")
    else:
        lines += concatenation(out.name, values)
    return [*lines, *unused(_unread(read, len(encoder.names), width, features)), "endmodule", ""]


def sized(value: int, width: int, low: int) -> str:
    """A sized constant of the feature's own signedness; the lowest value has no positive counterpart to negate."""
    if low == 0:
        return f"{width}'d{value}"
    if value == low:
        return f"{width}'sh{value & (2**width - 1):x}"
    return f"-{width}'sd{-value}" if value < 0 else f"{width}'sd{value}"


def _unread(read: list[int], count: int, width: int, features: Port) -> list[str]:
    """Reductions of the runs of features that no comparator reads."""
    if not count:
        return [features.name]
    spans = []
    edges = [-1, *read, count]
    for before, after in pairwise(edges):
        first, last = (before + 1) * width, after * width - 1
        if last > first:
            spans.append(f"(&features[{last}:{first}])")
        elif last == first:
            spans.append(f"features[{first}]" if features.width > 1 else features.name)
    return spans
