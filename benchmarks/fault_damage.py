"""Damage by structure: JSON values, lines, bytes and tensors, under checksums that fit again where there are any."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

EXTREMES: tuple[Any, ...] = (
    0, -1, 1, 2, 3, 7, 127, 255, 32767, 65536, 2**31 - 1, 2**31, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63),
    10**400, 0.5, -0.0, 1e308, float("inf"), float("-inf"), float("nan"), None, True, False, "", "system", "x" * 5000,
    "a\nb", "\x1b[31m",
    "\u202e", "\ud800", "../x", "/etc/passwd", "NaN", "$x_$", "1e999", [], {}, [[]], [None], {"": None}, [0] * 1000,
)  # fmt: skip


def damaged_json(value: Any, rng: random.Random) -> Any:
    """A copy of a JSON value with one to three places dropped, doubled, retyped or made extreme."""
    value = json.loads(json.dumps(value))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = list(_places(value))
        if not places:
            break
        holder, key = rng.choice(places)
        change = rng.randrange(6)
        if change == 0:
            del holder[key]
        elif change == 1 and isinstance(holder, dict):
            holder[f"{key}{rng.choice(('x', ' ', '_'))}"] = holder.pop(key)
        elif change == 2 and isinstance(holder, list):
            holder.extend([holder[key]] * rng.choice((1, 3, 1000)))
        elif change == 3 and isinstance(holder[key], (int, float)) and not isinstance(holder[key], bool):
            holder[key] = holder[key] + rng.choice((-1, 1, 8, 2**16, 2**40))
        elif change == 4 and isinstance(holder[key], str):
            holder[key] = damaged_text(holder[key], rng)
        else:
            holder[key] = rng.choice(EXTREMES)
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys: Any = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def damaged_text(text: str, rng: random.Random) -> str:
    """Lines dropped, doubled, swapped or cut; words made extreme; numbers changed; strange characters."""
    lines = text.split("\n")
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(lines))
        words = lines[at].split(" ")
        word = rng.randrange(len(words))
        change = rng.randrange(9)
        if change == 0:
            del lines[at]
        elif change == 1:
            lines[at:at] = [lines[at]] * rng.choice((1, 2, 5000))
        elif change == 2:
            lines = lines[:at]
        elif change == 3:
            lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
        elif change == 4:
            words[word] = str(rng.choice(EXTREMES))
            lines[at] = " ".join(words)
        elif change == 5 and words[word].lstrip("-").isdigit():
            words[word] = str(int(words[word][:300]) + rng.choice((-1, 1, 1000, 2**31, 2**63)))
            lines[at] = " ".join(words)
        elif change == 6:
            lines[at] += rng.choice(
                ("\x1b[2J", "\0", "\r", "\u202e", "\x85", "é", "\U0010ffff", "'", '"', ",,,,", "9" * 6000)
            )
        elif change == 7:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        else:
            lines[at] = lines[at] * rng.choice((2, 50, 2000))
        if not lines:
            return ""
    return "\n".join(lines)


def damaged_bytes(data: bytes, rng: random.Random) -> bytes:
    """Bits flipped, bytes overwritten, pieces missing, doubled or put behind."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if not made:
            break
        at = rng.randrange(len(made))
        change = rng.randrange(6)
        if change == 0:
            made[at] ^= 1 << rng.randrange(8)
        elif change == 1:
            made[at : at + 8] = rng.choice((0, 1, 2**31, 2**63 - 1, 2**64 - 1)).to_bytes(8, "little")
        elif change == 2:
            del made[at:]
        elif change == 3:
            del made[at : at + rng.randrange(1, 64)]
        elif change == 4:
            made[at:at] = made[at : at + rng.randrange(1, 200)]
        else:
            made[at] = rng.randrange(256)
    return bytes(made)


def damaged_safetensors(data: bytes, rng: random.Random) -> bytes:
    """Header values, tensor values, or bytes."""
    size = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + size]), bytearray(data[8 + size :])
    change = rng.randrange(4)
    if change == 0:
        return damaged_bytes(data, rng)
    if change == 1:
        header = damaged_json(header, rng)
    elif change == 2:
        key = rng.choice(list(header["__metadata__"]))
        with contextlib.suppress(ValueError):
            header["__metadata__"][key] = json.dumps(damaged_json(json.loads(header["__metadata__"][key]), rng))
    else:
        tensors = [name for name in header if name != "__metadata__"]
        first, last = header[rng.choice(tensors)]["data_offsets"]
        for _ in range(rng.choice((1, 4))):
            if last > first:
                at = rng.randrange(first, last)
                body[at : at + 4] = rng.choice((0, 1, 2**15, 2**31 - 1, 2**32 - 1, 0x7F800000)).to_bytes(4, "little")
    text = json.dumps(header).encode("utf-8", "surrogatepass")
    return resigned(len(text).to_bytes(8, "little") + text + bytes(body[: len(data) - 8 - size]))


def resigned(data: bytes) -> bytes:
    """The same file with checksums that fit, so that what they hide is reached; as it is where it cannot be read."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    from lgnc.formats.lgn import checksum

    size = int.from_bytes(data[:8], "little")
    try:
        header, tensors = json.loads(data[8 : 8 + size]), load(data)
        told = header["__metadata__"]
        if "sha256" in told:  # a checkpoint's stands beside its text
            (text,) = (value for key, value in told.items() if key != "sha256")
            told["sha256"] = checksum(text, tensors)
        else:  # a model's ends its text
            (key,) = told
            inner = json.loads(told[key])
            inner.pop("sha256", None)
            text = json.dumps(inner, sort_keys=True)
            told[key] = f'{text[:-1]}, "sha256": "{checksum(text, tensors)}"}}'
        words = json.dumps(header).encode("utf-8", "surrogatepass")
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError):
        return data
    return len(words).to_bytes(8, "little") + words + data[8 + size :]


def sealed(manifest: Any, folder: Path) -> Any:
    """A manifest with the hashes of the folder's files and of itself, where it has places for them."""
    from lgnc.backends.artifact import manifest_digest

    if not isinstance(manifest, dict):
        return manifest
    if isinstance(manifest.get("files"), dict):
        for name in manifest["files"]:
            with contextlib.suppress(OSError, ValueError):
                manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    with contextlib.suppress(ValueError, TypeError):
        manifest["manifest_sha256"] = manifest_digest(manifest)
    return manifest
