"""A fault campaign: damaged and hostile files given to every command, each in a process of its own.

    python benchmarks/faults.py [--inputs 10000] [--seconds S] [--seed N] [--plant traceback|crash|hang|memory|escape]

A file of each kind (models, circuits, tables, arrays, settings, checkpoints, certificates, compiled folders) is damaged
by its structure: values of a manifest, record or tensor are dropped, retyped, made extreme; texts lose or double lines,
bytes flip, ends are missing; archives hold far more than they weigh. Then a command reads it. What must not happen: a
traceback or exit code 70, death by a signal, more than 20 CPU seconds, more than 2 GB, control characters in what is
printed, an exit code beyond 0 to 3, more than one message. Prints a line for each fault, keeps its files in --keep, and
exits 1 if there was one. --plant gives every command a fault of that kind, to see that the campaign notices.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import io
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lgnc.backends.table import TARGETS

MOST_BYTES = 2 << 30
ROOM_BYTES = 6 << 30
"""Address space that a child may take beyond what it starts with: keeps the machine alive when a bomb goes off."""

EXTREMES: tuple[Any, ...] = (
    0, -1, 1, 2, 3, 7, 127, 255, 32767, 65536, 2**31 - 1, 2**31, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63),
    10**400, 0.5, -0.0, 1e308, float("inf"), float("-inf"), float("nan"), None, True, False, "", "system", "x" * 5000,
    "a\nb", "\x1b[31m",
    "\u202e", "\ud800", "../x", "/etc/passwd", "NaN", "$x_$", "1e999", [], {}, [[]], [None], {"": None}, [0] * 1000,
)  # fmt: skip

Made = list[str]
"""A command line over the files that were made."""


@dataclass(frozen=True)
class Verdict:
    """How one input went. fault: what is wrong, or nothing."""

    code: int
    fault: str
    cpu: float
    rss: int
    text: str


# --- running one command ---------------------------------------------------------------------------------------------


def run_apart(arguments: Made, place: Path, seconds: int, plant: str | None) -> Verdict:
    """Run a command line in a forked child, in the folder `place`."""
    log = place / ".log"
    pid = os.fork()
    if not pid:
        _child(arguments, place, log, seconds, plant)
    _, status, used = os.wait4(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    text = log.read_bytes().decode("utf-8", "replace") if log.exists() else ""
    cpu = used.ru_utime + used.ru_stime
    rss = used.ru_maxrss * 1024
    return Verdict(code, _fault(code, cpu, rss, text, seconds), cpu, rss, text)


def _child(arguments: Made, place: Path, log: Path, seconds: int, plant: str | None) -> None:
    """Never returns."""
    code = 120
    try:
        os.chdir(place)
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 2))
        own = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (own + ROOM_BYTES, own + ROOM_BYTES))
        signal.alarm(seconds * 10)
        if plant:
            _planted(plant)
        from lgnc.cli.main import run

        code = run(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _planted(kind: str) -> None:
    if kind == "traceback":
        raise ValueError("planted")
    if kind == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "hang":
        while True:
            pass
    if kind == "memory":
        np.ones(9 << 25)
    if kind == "escape":
        sys.stderr.write("lgnc: \x1b[31m\n")


def _fault(code: int, cpu: float, rss: int, text: str, seconds: int) -> str:
    if code in (-signal.SIGXCPU, -signal.SIGALRM) or cpu > seconds:
        return f"more than {seconds} s"
    if rss > MOST_BYTES:
        return f"{rss / 1e9:.1f} GB"
    if code < 0:
        return f"signal {-code}"
    if "Traceback" in text or code in (70, 120):
        return "traceback"
    if code not in (0, 1, 2, 3):
        return f"exit code {code}"
    if any((ord(char) < 32 and char not in "\n\t") or 0x7F <= ord(char) < 0xA0 for char in text):
        return "control characters"
    if sum(line.startswith("lgnc: ") for line in text.splitlines()) > 1:
        return "more than one message"
    return ""


# --- damage ----------------------------------------------------------------------------------------------------------


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


# --- files to damage -------------------------------------------------------------------------------------------------


def seeds(place: Path) -> None:
    """Write a good file of every kind to `place`, by lgnc's own commands."""
    from lgnc.cli.main import run

    rng = np.random.default_rng(0)
    rows = rng.integers(-50, 50, (80, 3))
    lines = [f"{a},{b / 4},{'red' if c > 0 else 'blue'},{'yes' if a + c > 0 else 'no'}" for a, b, c in rows]
    (place / "table.csv").write_text("\n".join(["first,second,colour,answer", *lines, ""]))
    np.savez(place / "images.npz", x=rng.integers(0, 255, (60, 4, 4), dtype=np.uint8), y=np.arange(60) % 3)
    (place / "settings.toml").write_text(
        'layers = 1\nwidth = 24\nepochs = 1\nlr = 0.05\nmethod = "hard-st"\nencoder = "thermometer:3"\n'
    )
    small = ["--layers", "1", "--width", "24", "--epochs", "1", "--threads", "1"]
    commands = [
        ["train", "table.csv", "-o", "net.lgn", *small, "--checkpoint", "net.checkpoint"],
        ["opt", "net.lgn", "-o", "net.lgir"],
        ["opt", "net.lgn", "-o", "gates.lgir", "-p", "lower_head"],
        ["opt", "gates.lgir", "-o", "gates.aig"],
        ["opt", "gates.lgir", "-o", "gates.aag"],
        ["opt", "gates.lgir", "-o", "gates.blif"],
        ["verify", "net.lgn", "net.lgir", "--certificate", "net.cert"],
        *[["compile", "net.lgn", "-t", target, "-o", target, "--name", "net"] for target in TARGETS],
    ]
    with contextlib.suppress(ImportError):
        import pyarrow
        from pyarrow import parquet

        columns = {"a": rows[:, 0], "b": rows[:, 1] / 4, "y": np.where(rows[:, 2] > 0, "yes", "no")}
        parquet.write_table(pyarrow.table(columns), place / "table.parquet")
    here = os.getcwd()
    os.chdir(place)
    try:
        for command in commands:
            with contextlib.redirect_stdout(io.StringIO()):
                code = run(command)
            if code:
                raise SystemExit(f"lgnc {' '.join(command)}: exit code {code}")
    finally:
        os.chdir(here)


Case = Callable[[Path, Path, random.Random], Made]
"""(seeds, place, randomness) -> the command to run in `place`, after the damaged files are written there."""

SMALL = ["--layers", "1", "--width", "24", "--epochs", "1", "--threads", "1", "-o", "out.lgn"]


def manifest(seed: Path, place: Path, rng: random.Random) -> Made:
    target = rng.choice(tuple(TARGETS))
    shutil.copytree(seed / target, place / target)
    path = place / target / "manifest.json"
    damaged = damaged_json(json.loads(path.read_text()), rng)
    if rng.random() < 0.8:
        damaged = sealed(damaged, place / target)
    path.write_text(json.dumps(damaged), errors="surrogatepass")
    verbs = [["info", target], ["info", "--json", target], ["verify", str(seed / "net.lgn"), target]]
    verbs += [
        ["simulate", target, "--data", str(seed / "table.csv")],
        ["compile", str(seed / "net.lgn"), "-t", "numpy", "-o", target],
    ]
    return rng.choice(verbs)


def folder_file(seed: Path, place: Path, rng: random.Random) -> Made:
    target = rng.choice(tuple(TARGETS))
    shutil.copytree(seed / target, place / target)
    path = rng.choice([each for each in sorted((place / target).rglob("*")) if each.is_file()])
    path.write_bytes(damaged_bytes(path.read_bytes(), rng))
    listed = place / target / "manifest.json"
    if path != listed and rng.random() < 0.7:
        listed.write_text(json.dumps(sealed(json.loads(listed.read_text()), place / target)))
    return rng.choice(
        (
            ["info", target],
            ["verify", str(seed / "net.lgn"), target],
            ["simulate", target, "--data", str(seed / "table.csv")],
        )
    )


def model(seed: Path, place: Path, rng: random.Random) -> Made:
    (place / "bad.lgn").write_bytes(damaged_safetensors((seed / "net.lgn").read_bytes(), rng))
    verbs = [
        ["info", "bad.lgn"],
        ["info", "--json", "bad.lgn"],
        ["opt", "bad.lgn", "-o", "out.lgir"],
        ["verify", "bad.lgn", str(seed / "net.lgir")],
    ]
    verbs += [["compile", "bad.lgn", "-t", rng.choice(tuple(TARGETS)), "-o", "out"]]
    return rng.choice([*verbs, ["simulate", "bad.lgn", "--data", str(seed / "table.csv")]])


def checkpoint(seed: Path, place: Path, rng: random.Random) -> Made:
    (place / "bad.checkpoint").write_bytes(damaged_safetensors((seed / "net.checkpoint").read_bytes(), rng))
    return ["train", str(seed / "table.csv"), *SMALL, "--checkpoint", "bad.checkpoint", "--resume"]


def circuit(seed: Path, place: Path, rng: random.Random) -> Made:
    name = rng.choice(("net.lgir", "gates.lgir", "gates.aig", "gates.aag", "gates.blif"))
    data = (seed / name).read_bytes()
    bad = "bad" + Path(name).suffix
    if name.endswith(".aig") or rng.random() < 0.3:
        (place / bad).write_bytes(damaged_bytes(data, rng))
    else:
        (place / bad).write_bytes(damaged_text(data.decode(), rng).encode("utf-8", "surrogatepass"))
    verbs = [
        ["info", bad],
        ["opt", bad, "-o", "out.lgir"],
        ["opt", bad, "-o", "out.aag"],
        ["verify", bad, str(seed / name)],
    ]
    return rng.choice([*verbs, ["compile", bad, "-t", rng.choice(tuple(TARGETS)), "-o", "out"]])


def certificate(seed: Path, place: Path, rng: random.Random) -> Made:
    text = (seed / "net.cert").read_text()
    (place / "bad.cert").write_text(damaged_text(text, rng), errors="surrogatepass")
    return ["verify", str(seed / "net.lgn"), str(seed / "net.lgir"), "--check", "bad.cert"]


def table(seed: Path, place: Path, rng: random.Random) -> Made:
    text = (seed / "table.csv").read_text()
    text = text.replace(",", rng.choice((",", ",", ";", "\t", "|", " ")))
    data = damaged_text(text, rng).encode(rng.choice(("utf-8", "utf-8", "utf-16", "latin-1")), "replace")
    if rng.random() < 0.3:
        data = damaged_bytes(data, rng)
    (place / "bad.csv").write_bytes(data)
    simulate = ["simulate", str(seed / "net.lgn"), "--data", "bad.csv"]
    return rng.choice(
        (["train", "bad.csv", *SMALL], simulate, ["train", "bad.csv", *SMALL, "--label", str(rng.choice(EXTREMES))])
    )


def settings(seed: Path, place: Path, rng: random.Random) -> Made:
    text = (seed / "settings.toml").read_text()
    if rng.random() < 0.5:
        key = rng.choice(text.split("\n")).split(" ")[0] or "x"
        value = rng.choice(
            (
                "9" * 5000,
                "[" * 2000,
                "nan",
                "inf",
                "-1",
                "'3'",
                "[1]",
                "1e400",
                "0x" + "f" * 400,
                "{a={b=1}}",
                '"\\u001b"',
            )
        )
        text += f"\n{key} = {value}\n" if rng.random() < 0.3 else "".join(
            f"{line.split(' ')[0]} = {value}\n" if line.startswith(key) else line + "\n" for line in text.split("\n")
        )  # fmt: skip
    else:
        text = damaged_text(text, rng)
    (place / "bad.toml").write_text(text, errors="surrogatepass")
    return ["train", str(seed / "table.csv"), "-o", "out.lgn", "--threads", "1", "--config", "bad.toml"]


def arrays(seed: Path, place: Path, rng: random.Random) -> Made:
    name = rng.choice(("images.npz", "table.parquet"))
    if not (seed / name).exists():
        name = "images.npz"
    bad = "bad" + Path(name).suffix
    (place / bad).write_bytes(damaged_bytes((seed / name).read_bytes(), rng))
    if name == "images.npz" and rng.random() < 0.6:
        _npz(place / bad, rng)
    return rng.choice((["train", bad, *SMALL], ["simulate", str(seed / "net.lgn"), "--data", bad]))


def _npz(path: Path, rng: random.Random) -> None:
    """An archive whose members' headers say what they like."""
    shape = rng.choice(
        (
            "(60, 4, 4)",
            "(60,)",
            "(0, 4)",
            "(10, 20000000)",
            "(3000000000, 4)",
            "(60, -4)",
            "()",
            "(1,)*99",
            "(60, 4, 4, 4, 4)",
        )
    )
    dtype = rng.choice(
        (
            "|u1",
            "<f8",
            "|O",
            "<U3",
            "<U1000000",
            "<c16",
            "<M8[ns]",
            ">i8",
            "|S4",
            "<f2",
            "[('a','<i4')]",
            "|b1",
            "garbage",
        )
    )
    header = f"{{'descr': '{dtype}', 'fortran_order': {rng.choice(('False', 'True', '0', '['))}, 'shape': {shape}, }}"
    body = f"{header:<117}\n".encode()
    data = b"\x93NUMPY\x01\x00" + len(body).to_bytes(2, "little") + body + bytes(rng.choice((0, 60, 960, 10**7)))
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("x.npy", data)
        if rng.random() < 0.9:
            labels = io.BytesIO()
            np.save(labels, np.arange(60) % 3)
            archive.writestr("y.npy", labels.getvalue())


def bomb(_: Path, place: Path, rng: random.Random) -> Made:
    """Small files of large content."""
    kind = rng.randrange(5)
    if kind == 0:
        with zipfile.ZipFile(place / "bad.npz", "w", rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))) as archive:
            rows, width = rng.choice(((10, 20_000_000), (40_000_000, 4), (100, 1000 * 1000)))
            header = (
                f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({rows}, {width}), }}".ljust(117).encode() + b"\n"
            )
            with archive.open("x.npy", "w", force_zip64=True) as member:
                member.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
                for _piece in range(rows * width >> 20):
                    member.write(bytes(1 << 20))
            labels = io.BytesIO()
            np.save(labels, np.arange(rows, dtype=np.int64) % 3 if rows < 1000 else np.zeros(10, np.int64))
            archive.writestr("y.npy", labels.getvalue())
        return ["train", "bad.npz", *SMALL]
    if kind == 1:
        (place / "bad.csv").write_text(",".join(["a"] * rng.choice((100_000, 3_000_000))) + "\n" + "1," * 5 + "x\n")
        return ["train", "bad.csv", *SMALL]
    if kind == 2:
        with gzip.open(place / "bad.csv.gz", "wb") as out:
            out.write(b"a,b,y\n")
            for _piece in range(300):
                out.write(b"1,2,x\n3,4,z\n" * 100_000)
        return ["train", "bad.csv.gz", *SMALL]
    if kind == 3:
        digit = rng.choice(("1", "1_", "+", "1.", "0x", " ", "1e", ",", '"', "-"))
        (place / "bad.csv").write_text("a,y\n" + digit * 130_000 + ",x\n1,z\n" * 3)
        return ["train", "bad.csv", *SMALL]
    cells = "\n".join(f"v{index},{index % 2}" for index in range(rng.choice((20_000, 200_000))))
    (place / "bad.csv").write_text("text,y\n" + cells + "\n")
    return ["train", "bad.csv", *SMALL]


def experiment(seed: Path, place: Path, rng: random.Random) -> Made:
    header = "method,temperature,seed,test_accuracy,train_mode_accuracy,selection_gap,computation_gap,gates,epochs"
    rows = ["hard-st,1,0,0.9,0.9,0,0,24,1,0.06,1,d4797e2bbdf7", "hard-st,0.5,0,abc,1e999,,nan,y,1,0.06,1,d4797e2bbdf7"]
    text = "\n".join([f"{header},c_ema,tau_b,settings", *rows, ""])
    (place / "gap.csv").write_text(damaged_text(text, rng), errors="surrogatepass")
    options = ["--methods", "hard-st", "--temperatures", "1", "--seeds", "1", "--no-cage"]
    options += ["--config", str(seed / "settings.toml")]
    return ["experiment", "gap", "--data", str(seed / "table.csv"), *options, "-o", "gap.csv"]


CASES: dict[str, tuple[Case, int]] = {
    "manifest": (manifest, 6),
    "folder": (folder_file, 3),
    "model": (model, 6),
    "checkpoint": (checkpoint, 4),
    "circuit": (circuit, 8),
    "certificate": (certificate, 3),
    "table": (table, 6),
    "settings": (settings, 4),
    "arrays": (arrays, 4),
    "bomb": (bomb, 1),
    "experiment": (experiment, 1),
}
"""Name -> (case, its share)."""


def campaign(options: argparse.Namespace) -> int:
    """Run the inputs; returns the number of faults."""
    import lgnc.train  # noqa: F401
    from lgnc.cli import compile, info, opt, simulate, train, verify  # noqa: F401

    with contextlib.suppress(ImportError):
        import torch

        torch.set_num_threads(1)
    names = [name for name in CASES if not options.only or name in options.only.split(",")]
    weights = [CASES[name][1] for name in names]
    count: Counter[str] = Counter()
    codes: Counter[int] = Counter()
    worst_cpu, worst_rss = 0.0, 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        seed = Path(folder, "seeds")
        seed.mkdir()
        pid = os.fork()
        if not pid:
            try:
                seeds(seed)
            except BaseException as error:
                print(repr(error), flush=True)
                os._exit(1)
            os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
            raise SystemExit("the files to damage could not be made")
        for number in range(options.inputs):
            if options.seconds and time.monotonic() - began > options.seconds:
                break
            rng = random.Random(f"{options.seed} {number}")
            name = rng.choices(names, weights)[0]
            place = Path(folder, "place")
            place.mkdir()
            arguments = CASES[name][0](seed, place, rng)
            verdict = run_apart(arguments, place, options.limit, options.plant)
            count[name] += 1
            codes[verdict.code] += 1
            worst_cpu, worst_rss = max(worst_cpu, verdict.cpu), max(worst_rss, verdict.rss)
            if verdict.fault:
                count["faults"] += 1
                kept = f"{options.seed}-{number}"
                print(
                    f"{kept} {name}: {verdict.fault}: lgnc {' '.join(arguments)[:300]!r}: {verdict.text[-300:]!r}",
                    flush=True,
                )
                if options.keep:
                    shutil.copytree(place, options.keep / kept, dirs_exist_ok=True)
            shutil.rmtree(place)
    tried = sum(codes.values())
    print(f"inputs {tried}, faults {count['faults']}, exit codes {dict(sorted(codes.items()))}")
    print(f"by kind {dict(count)}; most CPU {worst_cpu:.1f} s, most memory {worst_rss / 1e9:.2f} GB")
    return count["faults"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, help="stop after this time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help=f"of {', '.join(CASES)}")
    parser.add_argument("--keep", type=Path, help="a folder for the files of each fault")
    parser.add_argument("--limit", type=int, default=20, help="CPU seconds for an input")
    parser.add_argument("--plant", choices=("traceback", "crash", "hang", "memory", "escape"))
    return int(campaign(parser.parse_args()) > 0)


if __name__ == "__main__":
    sys.exit(main())
