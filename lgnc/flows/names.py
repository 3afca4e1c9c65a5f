"""What is called how: a folder's manifest against the circuit beside it, and one side's names against the other's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lgnc.ir.circuit import Circuit


def contradiction(manifest: Mapping[str, Any], circuit: Circuit) -> str:
    """The first thing that a folder's `manifest.json` says otherwise than the circuit in the folder; '' if none."""
    encoder, head = circuit.encoder, circuit.head
    said = manifest["encoder"]
    if manifest.get("circuit_sha256", circuit.digest) != circuit.digest:
        return "the circuit in the folder is not the one that manifest.json names (circuit_sha256): one was edited"
    if said["dtype"] != encoder.dtype:
        return f"manifest.json says that features are {said['dtype']}, the circuit beside it {encoder.dtype}"
    for what, here, there in (
        ("feature", said["features"], encoder.names),
        ("class", manifest.get("classes") or (), () if head is None else head.names),
        ("output", manifest.get("outputs") or (), circuit.output_names),
    ):
        if found := _difference(what, here, there):
            return f"manifest.json and the circuit beside it: {found}"
    return ""


def differences(one: Circuit, two: Circuit) -> list[str]:
    """How two sides that are compared call their features and classes otherwise; they were matched all the same."""
    found = []
    if len(one.encoder.names) == len(two.encoder.names):
        found.append(_difference("feature", one.encoder.names, two.encoder.names))
    if one.head is not None and two.head is not None:
        found.append(_difference("class", one.head.names, two.head.names))
    return [each for each in found if each]


def _difference(what: str, one: Sequence[str], two: Sequence[str]) -> str:
    if len(one) != len(two):
        return f"{len(one)} and {len(two)} {what} names"
    place = next((k for k, (x, y) in enumerate(zip(one, two, strict=True)) if x != y), None)
    if place is None:
        return ""
    order = ", the same names in another order" if sorted(one) == sorted(two) else ""
    return f"{what} {place} is called '{one[place]}' and '{two[place]}'{order}"
