"""The C target's golden vectors on other processors, big-endian and 32-bit ones too, under qemu-user."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from lgnc.diagnostics import Failed
from lgnc.formats.lift import lift
from lgnc.ir import Circuit
from lgnc.ir.circuit import FEATURE_DTYPES
from lgnc.toolchain import run as run_tool
from tests.backends.support import extreme_thresholds, write
from tests.support import random_circuit, random_model

PROFILES = ("host", "mcu", "portable")


@dataclass(frozen=True)
class Processor:
    """triple: of Debian's cross compiler. emulator: of qemu-user. headers: Debian's package of the C library."""

    triple: str
    emulator: str
    headers: str


PROCESSORS = {
    "s390x": Processor("s390x-linux-gnu", "qemu-s390x", "libc6-dev-s390x-cross"),
    "ppc64": Processor("powerpc64-linux-gnu", "qemu-ppc64", "libc6-dev-ppc64-cross"),
    "aarch64": Processor("aarch64-linux-gnu", "qemu-aarch64", "libc6-dev-arm64-cross"),
    "armhf": Processor("arm-linux-gnueabihf", "qemu-arm", "libc6-dev-armhf-cross"),
    "riscv64": Processor("riscv64-linux-gnu", "qemu-riscv64", "libc6-dev-riscv64-cross"),
    "i686": Processor("i686-linux-gnu", "qemu-i386", "libc6-dev-i386-cross"),
}
"""Debian's name of a processor -> what builds and runs its programs."""

RUNS = [
    ("s390x", "-march=z13", "-cpu max"),
    ("ppc64", "-maltivec -mno-vsx", ""),
    ("ppc64", "-mcpu=power8 -mvsx", "-cpu power9"),
    ("aarch64", "", ""),
    ("armhf", "-mfpu=neon", ""),
    ("riscv64", "", ""),
    ("i686", "", ""),
    ("i686", "-msse2", ""),
]
"""(processor, the compiler's flags, the emulator's)."""


def networks() -> dict[str, Circuit]:
    """Name -> a circuit: every feature type, thresholds at the types' ends, and no head."""
    found = {}
    for index, dtype in enumerate(FEATURE_DTYPES):
        found[f"n_{dtype}"] = lift(random_model(index, dtype=dtype, features=70 if index % 2 else 11, classes=7))
        found[f"e_{dtype}"] = extreme_thresholds(dtype)
    return {**found, "headless": random_circuit(1)}


def require(processor: str) -> tuple[str, str]:
    """(compiler, emulator) of a processor; skips without them, and fails under LGNC_REQUIRE_TOOLS=1."""
    of = PROCESSORS[processor]
    found = [shutil.which(f"{of.triple}-gcc"), shutil.which(of.emulator)]
    if None in found or not Path(f"/usr/{of.triple}/lib/libc.a").exists():
        install = f"apt-get install qemu-user gcc-{of.triple} {of.headers}"
        assert os.environ.get("LGNC_REQUIRE_TOOLS") != "1", install
        pytest.skip(f"needs {processor}: {install}")
    return str(found[0]), str(found[1])


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each network and profile, and `all.c`, which runs all of their golden vectors."""
    place = tmp_path_factory.mktemp("processors")
    calls, declared = [], []
    for title, circuit in networks().items():
        for profile in PROFILES[: 1 if title.startswith("e_") else None]:
            name = f"{title}_{profile}"
            (place / name).mkdir()
            write("c", circuit, place / name, name, target_profile=profile)
            included = "".join(f'#include "{name}/{path}.c"\n' for path in (name, f"test/test_{name}"))
            (place / f"{name}.c").write_text(f"#define main {name}_main\n{included}")
            declared.append(f"int {name}_main(void);")
            calls.append(f"    wrong += {name}_main();")
    body = ["int main(void)", "{", "    int wrong = 0;", *calls, "    return wrong;", "}"]
    (place / "all.c").write_text("\n".join([*declared, *body]) + "\n")
    return place


def golden(processor: str, flags: str, machine: str, sources: Path, out: Path) -> bytes:
    """What the program prints: a line for each network. Raises Failed when an answer is wrong."""
    compiler, emulator = require(processor)
    files = sorted(sources.glob("*.c"))
    run_tool([compiler, "-std=c99", "-O1", "-static", "-w", *flags.split(), "-o", out / "all", *files])
    return run_tool([emulator, *machine.split(), out / "all"])


@pytest.mark.parametrize(("processor", "flags", "machine"), RUNS, ids=[" ".join(run[:2]) for run in RUNS])
def test_golden_vectors_pass(processor: str, flags: str, machine: str, sources: Path, tmp_path: Path) -> None:
    printed = golden(processor, flags, machine, sources, tmp_path).decode().splitlines()
    assert len(printed) == len(list(sources.glob("*_*.c"))) > len(networks())
    assert all(line.startswith("ok: ") for line in printed)


def test_vectors_on_a_big_endian_processor_are_seen(sources: Path, tmp_path: Path) -> None:
    """With the guard taken away the transpose is wrong there: the golden vectors say so."""
    changed = tmp_path / "changed"
    shutil.copytree(sources / "n_uint8_host", changed / "n_uint8_host")
    shutil.copy(sources / "n_uint8_host.c", changed)
    (changed / "all.c").write_text("int n_uint8_host_main(void);\nint main(void) { return n_uint8_host_main(); }\n")
    assert golden("ppc64", "-maltivec", "", changed, tmp_path).startswith(b"ok: ")
    guard = "|| !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__"
    path = changed / "n_uint8_host" / "n_uint8_host.c"
    text = path.read_text()
    assert guard in text
    path.write_text(text.replace(guard, ""))
    with pytest.raises(Failed):
        golden("ppc64", "-maltivec", "", changed, tmp_path)
