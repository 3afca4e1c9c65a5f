"""The encoder as gates: every `feature > threshold` a chain of two-input gates over the feature's own bits."""

from __future__ import annotations

from lgnc.diagnostics import BadInput
from lgnc.ir.builder import FALSE, TRUE, Builder
from lgnc.ir.circuit import Circuit, Encoder
from lgnc.ir.compose import compose
from lgnc.ir.gates import AND, OR


def encoder_circuit(encoder: Encoder) -> Circuit:
    """A headless circuit from the features' bits to the encoder's bits.

    Inputs: `NAME[bit]`, lowest first, feature by feature, two's complement for signed types. Outputs: `bit_0` ...,
    the encoder bits in their order. A comparison with a constant takes one gate per bit of the feature at most, and
    comparisons share the gates of equal low ends. Raises BadInput for float features, which have no such bits.
    """
    if encoder.is_float:
        fix = "train on integer features to have the encoder in gates"
        raise BadInput(f"features of type {encoder.dtype} are not compared by gates", where="encoder", fix=fix)
    width, signed = encoder.feature_bits, encoder.range[0] < 0
    builder = Builder(width * len(encoder.names))
    made: dict[tuple[int, int, int], int] = {}
    outputs = []
    for feature, threshold in zip(encoder.feature.tolist(), encoder.threshold.tolist(), strict=True):
        bound = threshold + (1 << (width - 1) if signed else 0)
        if not 0 <= bound < 1 << width:
            outputs.append(TRUE if bound < 0 else FALSE)
            continue
        greater = FALSE
        for bit in range(width):
            literal = 2 * (feature * width + bit) ^ (signed and bit == width - 1)
            key = feature, bit, bound & ((2 << bit) - 1)
            if key not in made:
                made[key] = builder.gate(AND if bound >> bit & 1 else OR, literal, greater)
            greater = made[key]
        outputs.append(greater)
    names = tuple(f"{name}[{bit}]" for name in encoder.names for bit in range(width))
    return builder.circuit(outputs, names, tuple(f"bit_{k}" for k in range(encoder.bits)))


def lower_encoder(circuit: Circuit) -> Circuit:
    """The circuit on its features' bits, the encoder's comparisons being gates of it. Its head stays.

    Raises BadInput for float features.
    """
    return compose(encoder_circuit(circuit.encoder), circuit).with_(head=circuit.head)
