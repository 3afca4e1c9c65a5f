"""C folders as shared libraries, compiled once."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from lgnc.backends.c.names import check_c_name
from lgnc.backends.c.text import named, runtime
from lgnc.sim.cache import built
from lgnc.sim.manifest import Manifest
from lgnc.toolchain import require_tool, tool_version
from lgnc.toolchain import run as run_tool

FLAGS = ("-std=c99", "-O3", "-march=native", "-shared", "-fPIC")


def shared_library(folder: Path, manifest: Manifest) -> Path:
    """The compiled library of a C folder, from the cache or made now.

    It is named by its sources, the compiler with its version, its flags and the processor. Raises ToolMissing without
    a compiler, Failed, with its message, when it fails, and BadInput for a cache that is not the user's own.
    """
    compiler = require_tool("cc")
    name = check_c_name(manifest.name)
    sources = {f"{name}.{ending}": manifest.read(folder, f"{name}.{ending}") for ending in ("h", "c")}
    main = "facts.c" if name != "facts" else "facts_of.c"
    sources[main] = named(runtime("facts.c"), name).encode()
    about = (os.path.realpath(compiler), tool_version("cc"), FLAGS, _machine(), sorted(sources.items()))

    def make(build: Path) -> Path:
        for file, data in sources.items():
            (build / file).write_bytes(data)
        run_tool([compiler, *FLAGS, "-o", "library.so", main], cwd=build)
        return build / "library.so"

    return built("c", ".so", about, make)


def _machine() -> str:
    """What -march=native depends on: a cache that moves to another processor must not be trusted."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    flags = [line for line in lines if line.startswith(("flags", "Features"))][:1]
    return " ".join([platform.machine(), platform.node(), *flags])
