"""What a backend makes: files as bytes and a manifest. Pure data; `lgnc.files.write_folder` puts it on the disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lgnc.ir.circuit import Circuit

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1


@dataclass(frozen=True)
class Artifact:
    """files: relative path -> bytes. details: what the backend adds to the manifest (costs, entry points)."""

    files: Mapping[str, bytes]
    details: Mapping[str, Any] = field(default_factory=dict)

    def manifest_bytes(self, **facts: Any) -> bytes:
        """`manifest.json`: `facts` and the backend's details, keys sorted."""
        manifest = {"lgnc_manifest": MANIFEST_VERSION, **facts, **self.details, "files": sorted(self.files)}
        return (json.dumps(manifest, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()


@dataclass(frozen=True)
class Options:
    """What every backend is told: the name that its identifiers start with, and target-specific settings."""

    name: str = "lgn"
    settings: Mapping[str, Any] = field(default_factory=dict)


Emit = Callable[[Circuit, Options], Artifact]
