"""AXI4-Stream around a pipelined design: features in beats, a result a beat."""

from __future__ import annotations

from collections.abc import Sequence

from lgnc.backends.verilog.testbench import VECTORS, filled
from lgnc.backends.verilog.text import Port, vector, wrapper_words
from lgnc.diagnostics import BadInput


def check_beat(width: int, beat: int) -> int:
    """The number of beats. Raises BadInput when they do not cover the input exactly."""
    if beat > width or width % beat:
        wanted = [each for each in (8, 16, 32, 64, 128, 256, 512) if width % each == 0] or [width]
        fix = f"give a divisor, such as {', '.join(map(str, wanted))}"
        raise BadInput(f"beats of {beat} bits do not divide the {width} bits of an input", where="beat_width", fix=fix)
    return width // beat


def axis_files(
    name: str, source: Port, results: Sequence[Port], latency: int, beat: int, interval: int = 1
) -> dict[str, bytes]:
    """`NAME_axis.v` and `tb_NAME_axis.v`, after AMBA 4 AXI4-Stream (ARM IHI 0051A). `latency` is at least 1."""
    beats = check_beat(source.width, beat)
    total = sum(port.width for port in results)
    out = -(-total // 8) * 8
    count_bits = max(1, (beats - 1).bit_length())
    shifted = f"{{s_axis_tdata, collected[{source.width - 1}:{beat}]}}" if beats > 1 else "s_axis_tdata"
    words = {
        "NAME": name,
        "COUNT": str(VECTORS),
        "LATENCY": str(latency),
        "PERIOD": str(max(beats, interval)),
        "BEAT": str(beat),
        "BEATS": str(beats),
        "BEATHIGH": str(beat - 1),
        "BEATV": vector(beat),
        "LASTBEAT": str(beats - 1),
        "COUNTBITS": str(count_bits),
        "COUNTHIGH": str(count_bits - 1),
        "SHIFTED": shifted,
        **wrapper_words(source, results, out),
    }
    return {
        f"{name}_axis.v": filled("axis.v.in", words).encode(),
        f"tb_{name}_axis.v": filled("testbench_axis.v.in", words).encode(),
    }
