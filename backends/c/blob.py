"""NAME.bin: a network's tables as one block of bytes, and NAME_blob.c, which checks and runs such a block.

A device that has NAME_blob.c takes another network of the same features and classes without being compiled again. All
numbers are little-endian:

| byte | what |
|---|---|
| 0 | "LGNB" |
| 4 | uint16 version, 1; uint8 bytes of a feature; uint8 0 |
| 8 | uint32 bytes of the whole blob |
| 12 | uint32 CRC-32 (zlib's) of what follows |
| 16 | uint64 interface: of the features' type, names and codes, and the classes' names |
| 24 | uint32 features, classes, rows (bytes of state), steps, gates, comparisons, literals |
| 52 | the circuit's SHA-256 |
| 84 | steps: uint8 kind (`mcu_schedule`), uint8 count, uint16 first byte written, or class |
| | gates: uint16 the two bytes read; literals: uint16; comparisons: uint16 feature |
| | thresholds, in the features' type, floats as integers of their order; int32 offset of each class |
"""

from __future__ import annotations

import hashlib
import json
import zlib

import numpy as np

from lgnc.backends.c.mcu import key_type, order_keys
from lgnc.backends.c.mcu_schedule import McuSchedule
from lgnc.backends.c.text import element_types, named, runtime
from lgnc.diagnostics import BadInput, Failed
from lgnc.ir.circuit import Circuit

MAGIC, VERSION = b"LGNB", 1
MOST_ROWS = 1 << 16
"""Bytes of state, and features, that an entry can name."""


def interface_of(circuit: Circuit) -> int:
    """64 bits that two circuits share when they take the same features, by name and type and, where they are codes,
    by scale and offset, and give the same classes.
    """
    head, quantiser = circuit.head, circuit.encoder.quantiser
    names = None if head is None else list(head.names)
    told: list[object] = [circuit.encoder.dtype, list(circuit.encoder.names), names]
    if quantiser is not None:
        told += [quantiser.scale.tolist(), quantiser.offset.tolist()]
    return int.from_bytes(hashlib.sha256(json.dumps(told).encode()).digest()[:8], "little")


def pack_blob(circuit: Circuit, plan: McuSchedule) -> bytes:
    """The bytes of NAME.bin. circuit: whose digest and interface are told. Raises BadInput for one without a head, and
    Failed for one that is too large for 16-bit entries.
    """
    head, features = circuit.head, len(circuit.encoder.names)
    if head is None:
        fix = "compile it without --blob"
        raise BadInput("the circuit has no head, so it has no classes", where="--blob", fix=fix)
    if max(plan.rows, features, head.classes) > MOST_ROWS - 1:
        what = f"{plan.rows:,} values live at a time, {features:,} features, {head.classes:,} classes"
        raise Failed(f"a blob's entries have 16 bits: {what}", where="--blob", fix="train a smaller network")
    threshold = order_keys(plan.threshold)
    steps = np.zeros(len(plan.steps), [("kind", "u1"), ("count", "u1"), ("out", "<u2")])
    steps["kind"], steps["count"], steps["out"] = plan.steps.T
    arrays = [
        steps,
        plan.gates.astype("<u2"),
        plan.literals.astype("<u2"),
        plan.feature.astype("<u2"),
        threshold.astype(threshold.dtype.newbyteorder("<")),
        plan.offset.astype("<i4"),
    ]
    sizes = (features, head.classes, plan.rows, len(steps), len(plan.gates), len(plan.feature), len(plan.literals))
    body = interface_of(circuit).to_bytes(8, "little") + b"".join(size.to_bytes(4, "little") for size in sizes)
    body += bytes.fromhex(circuit.digest) + b"".join(array.tobytes() for array in arrays)
    start = MAGIC + VERSION.to_bytes(2, "little") + bytes([threshold.dtype.itemsize, 0])
    return start + (16 + len(body)).to_bytes(4, "little") + zlib.crc32(body).to_bytes(4, "little") + body


def facts_of(blob: bytes) -> dict[str, int | str]:
    """What the manifest says of a blob: its size, its workspace, and which devices take it."""
    interface = int.from_bytes(blob[16:24], "little")
    return {
        "bytes": len(blob),
        "workspace_bytes": int.from_bytes(blob[32:36], "little"),
        "interface": f"{interface:016x}",
    }


def blob_sources(circuit: Circuit, name: str) -> dict[str, str]:
    """NAME_blob.h and NAME_blob.c: for every network of the circuit's interface."""
    element, unsigned = element_types(circuit)
    words = {
        "NAME_element": element,
        "NAME_blob_bits": unsigned,
        "NAME_blob_value": key_type(circuit),
        "@INTERFACE@": f"0x{interface_of(circuit):016x}",
        "@FLOAT@": str(int(circuit.encoder.is_float)),
    }
    texts = {f"{name}_blob.{ending}": runtime(f"blob.{ending}") for ending in ("h", "c")}
    for word, text in words.items():
        texts = {path: source.replace(word, text) for path, source in texts.items()}
    return {path: named(source, name) for path, source in texts.items()}
