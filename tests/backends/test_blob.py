"""NAME.bin: what a device takes, what it refuses, and that nothing in a blob makes it read or write elsewhere."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lgnc
from lgnc.cli.main import run as command_line
from lgnc.diagnostics import BadInput
from lgnc.flows.compare import verify
from lgnc.flows.stations.c_blob import blob
from lgnc.formats.lgn import save_model
from lgnc.formats.lift import lift
from lgnc.ir import Circuit, simulate
from lgnc.ir.quantiser import Quantiser
from lgnc.readback.blob import read_blob
from lgnc.toolchain import find_tool, require_tool, run
from lgnc.verify.prove import prove
from lgnc.verify.verdict import Station
from tests.backends.support import CASES, emitted, visit_of, write
from tests.flows.test_stations import station
from tests.support import needs, random_circuit, random_features, random_model, sanitized

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
WITH_HEAD = [(name, circuit) for name, circuit in CASES if circuit.head is not None]


def blob_of(circuit: Circuit) -> bytes:
    return emitted("c", circuit, target_profile="mcu", blob=True).files["net.bin"]


@pytest.mark.parametrize("circuit", [each for _, each in WITH_HEAD], ids=[name for name, _ in WITH_HEAD])
def test_a_blob_reads_back_as_the_circuit(circuit: Circuit) -> None:
    assert prove(circuit, read_blob(blob_of(circuit), circuit, "net.bin")).equal is True


def look(out: Path, circuit: Circuit) -> Station:
    """What the station says of a folder."""
    return blob(visit_of(out, circuit))


@needs("cc")
@pytest.mark.parametrize("dtype", ["bool", "int64", "float32"])
def test_the_station_runs_the_loader(dtype: str, tmp_path: Path) -> None:
    circuit = lift(random_model(3, dtype=dtype, classes=4))
    write("c", circuit, tmp_path, target_profile="mcu", blob=True)
    good = look(tmp_path, circuit)
    assert (good.ok, good.how) == (True, "tested")
    assert "net_blob.c gives the same on 256 rows, and refuses 4" in good.detail


@needs("cc")
def test_the_station_sees_faults_of_the_blob_and_of_its_loader(tmp_path: Path) -> None:
    circuit = lift(random_model(3, dtype="int16", classes=4))
    write("c", circuit, tmp_path, target_profile="mcu", blob=True)
    data, text = (tmp_path / "net.bin").read_bytes(), (tmp_path / "net_blob.c").read_text()
    (tmp_path / "net.bin").write_bytes(signed(data[:-4] + bytes([data[-4] ^ 1]) + data[-3:]))
    assert "net.bin differs" in look(tmp_path, circuit).detail
    (tmp_path / "net.bin").write_bytes(data[:-4] + bytes([data[-4] ^ 1]) + data[-3:])
    assert "checksum" in look(tmp_path, circuit).detail
    (tmp_path / "net.bin").write_bytes(data)
    for old, new, told in (
        ("a & ~b", "a & b", "scores of 256 rows"),
        ("return net_blob_CHECKSUM", "size = size", "takes a damaged blob"),
        ("return net_blob_ROOM", "room = room", "takes a damaged blob, or one without room"),
        ("'B'", "'C'", "refuses net.bin: fault 2"),
    ):
        assert old in text
        (tmp_path / "net_blob.c").write_text(text.replace(old, new))
        wrong = look(tmp_path, circuit)
        assert wrong.ok is False
        assert told in wrong.detail


@needs("cc")
def test_verify_asks_about_the_blob(tmp_path: Path) -> None:
    save_model(random_model(3, classes=4), tmp_path / "m.lgn")
    settings: dict[str, Any] = {"target_profile": "mcu", "blob": True}
    lgnc.compile(tmp_path / "m.lgn", "c", tmp_path / "out", name="net", prove=False, **settings)
    verdict = verify(tmp_path / "m.lgn", tmp_path / "out")
    assert (verdict.equal, station(verdict, "blob").ok) == (True, True)


def signed(data: bytes) -> bytes:
    """The bytes with the checksum that they should have."""
    return data[:12] + zlib.crc32(data[16:]).to_bytes(4, "little") + data[16:]


MAIN = """
#include "net_blob.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Arguments: blobs, each opened in a block of its very size; prints the fault of each, or the classes of the rows. */
int main(int count, char **names)
{
    static const ELEMENT rows[ROWS][NET_FEATURES] = {VALUES};
    int k;
    for (k = 1; k < count; k++) {
        FILE *file = fopen(names[k], "rb");
        unsigned char *blob = malloc(1u << 20);
        size_t size = fread(blob, 1, 1u << 20, file), i;
        struct net_net net;
        unsigned char *workspace;
        int fault;
        fclose(file);
        blob = realloc(blob, size + (size == 0u));
        fault = net_open(&net, blob, size, 5000);
        printf("%d", fault);
        if (fault == net_blob_GOOD) {
            workspace = malloc(net.rows + 1u);
            for (i = 0; i < ROWS; i++) {
                printf(" %d", (int)net_net_predict(&net, workspace, rows[i]));
            }
            free(workspace);
        }
        printf("\\n");
        free(blob);
    }
    return 0;
}
"""


def device(at: Path, circuit: Circuit, *flags: str) -> Path:
    """A program that has the loader of the circuit's interface, and some rows."""
    write("c", circuit, at, target_profile="mcu", blob=True)
    rows = random_features(circuit, 20)
    values = ", ".join("{" + ", ".join(map(str, row)) + "}" for row in rows.astype(np.int64).tolist())
    text = MAIN.replace("ELEMENT", "uint8_t").replace("ROWS", "20").replace("VALUES", values)
    (at / "main.c").write_text(text)
    run([require_tool("cc"), "-std=c99", "-O1", *flags, "-o", at / "main", at / "main.c", at / "net_blob.c"])
    return at / "main"


@needs("cc")
def test_a_device_takes_another_network_and_refuses_what_is_none(tmp_path: Path) -> None:
    first, second = (lift(random_model(seed, features=9, classes=3, width=60)) for seed in (1, 2))
    program = device(tmp_path, first)
    renamed = replace(first.encoder, names=(*first.encoder.names[:-1], "other"))
    good = blob_of(first)
    blobs = {
        "first": good,
        "second": blob_of(second),
        "renamed": blob_of(first.with_(encoder=renamed)),
        "type": blob_of(lift(random_model(1, dtype="int16", features=9, classes=3, width=60))),
        "empty": b"",
        "short": good[:-1],
        "long": good + b"\0",
        "foreign": b"\x7fELF" + good[4:],
        "version": good[:4] + b"\2" + good[5:],
        "flipped": good[:-1] + bytes([good[-1] ^ 128]),
        "rows": signed(good[:32] + (6000).to_bytes(4, "little") + good[36:]),
        "fewer": signed(good[:32] + (1).to_bytes(4, "little") + good[36:]),
    }
    for name, data in blobs.items():
        (tmp_path / f"{name}.bin").write_bytes(data)
    printed = run([program, *(tmp_path / f"{name}.bin" for name in blobs)]).decode().splitlines()
    found = dict(zip(blobs, printed, strict=True))
    for name, circuit in (("first", first), ("second", second)):
        classes = simulate(circuit, random_features(first, 20))[1].tolist()
        assert found.pop(name) == " ".join(map(str, [0, *classes]))
    assert found == {
        "renamed": "4", "type": "4", "empty": "1", "short": "1", "long": "1", "foreign": "2", "version": "3",
        "flipped": "5", "rows": "6", "fewer": "7",
    }  # fmt: skip


def test_blobs_of_other_codes_are_of_another_interface() -> None:
    """A device makes codes of what it measures with one scale and offset for each feature: it must not take others."""
    circuit = lift(random_model(1, dtype="int16", features=9, classes=3, width=60))
    scale, offset = np.full(9, 0.5), np.arange(9)
    seen = set()
    for quantiser in (None, Quantiser(scale, offset), Quantiser(2 * scale, offset), Quantiser(scale, offset + 1)):
        of_codes = circuit.with_(encoder=replace(circuit.encoder, quantiser=quantiser))
        files = emitted("c", of_codes, target_profile="mcu", blob=True).files
        interface = files["net.bin"][16:24]
        assert f"0x{int.from_bytes(interface, 'little'):016x}".encode() in files["net_blob.h"]
        seen.add(interface)
    assert len(seen) == 4


FUZZ = """
#include "net_blob.c"
#include <stdio.h>
#include <stdlib.h>

static uint32_t state = 1;
static uint32_t any(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % limit;
}

/* Changes bytes and lengths of a blob, signs it anew most of the time, and runs what is taken. */
int main(int count, char **names)
{
    static unsigned char good[1u << 16];
    FILE *file = fopen(names[count - 1], "rb");
    const size_t size = fread(good, 1, sizeof good, file);
    unsigned long taken = 0, seen[8] = {0};
    unsigned round, k;
    for (round = 0; round < 40000u; round++) {
        const size_t length = any(8) == 0u ? any((uint32_t)size + 9u) : size;
        unsigned char *blob = calloc(length + 1u, 1), *exact = malloc(length + (length == 0u));
        net_element *row = malloc(NET_FEATURES * sizeof *row);
        int32_t *scores = malloc(NET_CLASSES * sizeof *scores);
        struct net_net net;
        uint32_t crc;
        int fault;
        memcpy(blob, good, length < size ? length : size);
        for (k = any(4); k != 0u && length > 0u; k--) {
            const uint32_t at = any(3) == 0u && length > 52u ? 24u + any(28) : any((uint32_t)length);
            blob[at] = (unsigned char)(any(2) == 0u ? any(256) : blob[at] + 1u);
        }
        if (length >= 16u && any(16) != 0u) {
            for (k = 0; k < 4u; k++) {
                blob[8u + k] = (unsigned char)(length >> (8u * k));
            }
            crc = net_blob_crc(blob + 16, length - 16u);
            for (k = 0; k < 4u; k++) {
                blob[12u + k] = (unsigned char)(crc >> (8u * k));
            }
        }
        memcpy(exact, blob, length);
        fault = net_open(&net, exact, length, 4096);
        seen[fault]++;
        if (fault == net_blob_GOOD) {
            unsigned char *workspace = calloc(net.rows + (net.rows == 0u), 1);
            for (k = 0; k < NET_FEATURES; k++) {
                row[k] = (net_element)any(256);
            }
            net_net_scores(&net, workspace, row, scores);
            taken += (unsigned)net_net_predict(&net, workspace, row) < NET_CLASSES;
            free(workspace);
        }
        free(blob);
        free(exact);
        free(row);
        free(scores);
    }
    for (k = 1; k < 8u && seen[k] != 0u; k++) {
    }
    printf("%lu %lu %d\\n", taken, seen[0], k == 8u);
    return 0;
}
"""


@needs("cc")
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_no_blob_makes_the_loader_reach_elsewhere(dtype: str, tmp_path: Path) -> None:
    """40,000 damaged blobs, most with a right checksum, under AddressSanitizer; every kind of fault is met."""
    circuit = lift(random_model(5, dtype=dtype, features=9, classes=3, width=40))
    flag = sanitized(require_tool("cc"), "address,undefined", tmp_path)
    write("c", circuit, tmp_path, target_profile="mcu", blob=True)
    element = {"uint8": "uint8_t", "float64": "double"}[dtype]
    (tmp_path / "fuzz.c").write_text(FUZZ.replace("net_element", element))
    options = [flag, "-fno-sanitize-recover=all", "-O1", "-g"]
    run([require_tool("cc"), "-std=c99", *options, "-o", tmp_path / "fuzz", tmp_path / "fuzz.c"])
    taken, good, every = map(int, run([tmp_path / "fuzz", tmp_path / "net.bin"]).split())
    assert (taken, every) == (good, 1)
    assert good > 5_000


@needs("cc")
def test_the_loader_compiles_without_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for compiler in ("gcc", "clang"):
        monkeypatch.setenv("CC", compiler)
        if (path := find_tool("cc")) is None:
            continue
        for dtype in ("bool", "int8", "int16", "int32", "int64", "float32", "float64"):
            write("c", lift(random_model(1, dtype=dtype)), tmp_path, target_profile="mcu", blob=True)
            run([path, *STRICT, "-fsyntax-only", tmp_path / "net_blob.c"])


def test_where_there_is_no_blob_it_is_refused() -> None:
    with pytest.raises(BadInput, match="--blob: only the mcu form"):
        emitted("c", random_circuit(2, classes=3), blob=True)
    with pytest.raises(BadInput, match="--blob: the circuit has no head"):
        emitted("c", random_circuit(1), target_profile="mcu", blob=True)
    with pytest.raises(BadInput, match="--blob: blob is yes, not True or False"):
        emitted("c", random_circuit(2, classes=3), target_profile="mcu", blob="yes")


def test_the_command_line_takes_the_flag(tmp_path: Path) -> None:
    save_model(random_model(1), tmp_path / "m.lgn")
    words = ["compile", str(tmp_path / "m.lgn"), "-t", "c", "--name", "net", "--no-prove", "--target-profile", "mcu"]
    assert command_line([*words, "-o", str(tmp_path / "out"), "--blob"]) == 0
    assert command_line([*words, "-o", str(tmp_path / "plain")]) == 0
    assert (tmp_path / "out" / "net.bin").is_file()
    assert not (tmp_path / "plain" / "net.bin").exists()
