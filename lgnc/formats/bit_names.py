"""Names for the bits that enter a gate-level file."""

from __future__ import annotations

from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit, Encoder


def bit_names(encoder: Encoder) -> tuple[str, ...]:
    """One name an encoder bit: the feature's when the bit is the feature, else 'FEATURE>THRESHOLD'.

    Raises BadInput when two bits would have the same name.
    """
    pairs = zip(encoder.feature.tolist(), encoder.threshold.tolist(), strict=True)
    plain = encoder.dtype == "bool"
    names = tuple(encoder.names[f] if plain and t == 0 else f"{encoder.names[f]}>{t!r}" for f, t in pairs)
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BadInput(f"two encoder bits are both called '{name}'", fix="rename a feature, or drop one bit")
        seen.add(name)
    return names


def require_no_head(circuit: Circuit, form: str) -> None:
    """Raise BadInput when the circuit has a head, which a gate-level format cannot hold."""
    if circuit.head is not None:
        raise BadInput(f"the circuit has a head, and {form} holds only gates", fix="run the pass lower_head first")
