"""What a backend makes: files as bytes and a manifest. Pure data; `lgnc.folders.write_folder` puts it on the disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lgnc.backends.row import RowColumn
from lgnc.ir.circuit import Circuit

MANIFEST = "manifest.json"
MANIFEST_VERSION = 2


@dataclass(frozen=True)
class Artifact:
    """files: relative path -> bytes. details: what the backend adds to the manifest (costs, entry points)."""

    files: Mapping[str, bytes]
    details: Mapping[str, Any] = field(default_factory=dict)

    def manifest_bytes(self, **facts: Any) -> bytes:
        """`manifest.json`: `facts`, the backend's details, and every file's SHA-256 and the rest's; keys sorted."""
        files = {path: hashlib.sha256(data).hexdigest() for path, data in self.files.items()}
        manifest = {"lgnc_manifest": MANIFEST_VERSION, **facts, **self.details, "files": files}
        manifest["manifest_sha256"] = manifest_digest(manifest)
        return (json.dumps(manifest, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()


def manifest_digest(manifest: Mapping[str, Any]) -> str:
    """The SHA-256 of a manifest's content but this digest: an edited manifest has another."""
    told = {key: value for key, value in manifest.items() if key != "manifest_sha256"}
    return hashlib.sha256(json.dumps(told, sort_keys=True, allow_nan=False).encode()).hexdigest()


@dataclass(frozen=True)
class Options:
    """What every backend is told: the name that its identifiers start with, and target-specific settings.

    row: the columns of the table that the network was trained on, where it was one.
    about: what comments may say of where the circuit came from: 'source_sha256', and 'passes', how it was proven.
    trained: a circuit of the same function before any pass, each gate where its model has it, where that is known.
    """

    name: str = "lgn"
    settings: Mapping[str, Any] = field(default_factory=dict)
    row: tuple[RowColumn, ...] | None = None
    about: Mapping[str, str] = field(default_factory=dict)
    trained: Circuit | None = None


Emit = Callable[[Circuit, Options], Artifact]
