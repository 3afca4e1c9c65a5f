"""The cases of the fault campaign: good files of every kind, and what is made of them for a command to read."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from fault_damage import EXTREMES, damaged_bytes, damaged_json, damaged_safetensors, damaged_text, sealed

from lgnc.backends.table import TARGETS

Made = list[str]
"""A command line over the files that were made."""


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
