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
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fault_cases import CASES, Made, seeds

MOST_BYTES = 2 << 30
ROOM_BYTES = 6 << 30
"""Address space that a child may take beyond what it starts with: keeps the machine alive when a bomb goes off."""


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
