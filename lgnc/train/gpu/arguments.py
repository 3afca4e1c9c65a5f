"""What kernels are given, grouped. Triton takes such a tuple as a kernel's argument, and keeps its names."""

from __future__ import annotations

from typing import Any, NamedTuple


class Clock(NamedTuple):
    """What changes from step to step, and names the noise.

    now: float32[4], see `begin_kernel`. step: int64[1], already that of the next forward pass. seed, stream: integers;
    together with the step they name the noise of the layer's gates.
    """

    now: Any
    step: Any
    seed: Any
    stream: Any


class Gates(NamedTuple):
    """A layer's gates.

    z, m, v: float32[width, 16], the logits and Adam's moments. op: int32[width], the chosen gates. coef:
    float32[pins, 2], the slopes of each neuron's soft table along a pin, for the other pin's bit 0 and 1. part:
    float32[programs], each program's sum of `confidence`.
    """

    z: Any
    m: Any
    v: Any
    op: Any
    coef: Any
    part: Any


class Wiring(NamedTuple):
    """A layer's pins.

    src: int32[pins], the source of each pin. The rest is read only where the pins are learned. z, m, v:
    float32[pins, K], the logits and Adam's moments. candidates: int32[pins, K], sources. pick: int32[pins], the chosen
    candidate. tau: float, the temperature of the logits.
    """

    src: Any
    z: Any
    m: Any
    v: Any
    candidates: Any
    pick: Any
    tau: Any


class Head(NamedTuple):
    """class_of: int32[neurons of the last layer]. grad: float32[classes, columns], the gradient by the scores."""

    class_of: Any
    grad: Any


class Above(NamedTuple):
    """The layer above, which reads neuron n by the edges start[n] : start[n] + fan_out[n].

    edge, other: int32[edges], a pin of that layer, and the source of the pin beside it. coef: its slopes, see `Gates`.
    grad: the gradients of its neurons, by row; those of the last layer lie in the head, by class.
    """

    start: Any
    fan_out: Any
    edge: Any
    other: Any
    coef: Any
    grad: Any


class Adam(NamedTuple):
    """Settings of Adam, fixed when the kernel is compiled."""

    beta1: float
    beta2: float
    epsilon: float


class Slide(NamedTuple):
    """The geometry of a convolution and the pool above it, fixed when a kernel is compiled.

    CHANNELS, HEIGHT, WIDTH: of the grid below. SQUARES: places of the pool's output, ACROSS of them in a row; each is a
    square of SIZE x SIZE parts (1: no pool), places of the convolution. NEGATED: the pool is an AND.
    """

    DEPTH: int
    KERNELS: int
    CHANNELS: int
    HEIGHT: int
    WIDTH: int
    SQUARES: int
    ACROSS: int
    STRIDE: int
    PADDING: int
    SIZE: int
    NEGATED: bool


class Trees(NamedTuple):
    """The kernels of a convolution.

    leaves: int32[kernels, 2^depth, 3], each leaf's (channel, dy, dx). op: int32[kernels * gates], the chosen gates.
    coef: float32[kernels * gates, 4], see `table_slopes`. masks: int32[parts, nodes above, words], the samples in which
    a part of a square decides: of those of a square, one.
    """

    leaves: Any
    op: Any
    coef: Any
    masks: Any


class Readers(NamedTuple):
    """Who reads each channel below a convolution: leaf[start[c] : start[c + 1]], int32, kernel * 2^depth + leaf."""

    start: Any
    leaf: Any
