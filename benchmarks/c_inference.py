"""Images a second of the C, numpy and ONNX targets on nets of random gates, one thread, features in, classes out.

usage: python benchmarks/c_inference.py [--shape LAYERSxWIDTH ...] [--circuit FILE ...] [--threads N] [--peers FOLDER]
                                        [--first SHAPE ...] [--json FILE]

Each shape is measured as it is and optimised at -O2. --circuit: also a model or circuit file, at -O2. --peers: also the
compiled nets of difflogic and torchlogix (inference_peers.py, which sets them up in FOLDER) of the first shape, as it
is, in the same run; their gcc takes minutes. --first: the time from a file to the first class, of these shapes, with an
empty cache.
`stage` lines time parts of the C code by themselves on one block that is in the cache, and give the floor: the time to
read two rows and write one, a gate, when every row is in the first-level cache.
Times are CPU seconds, the least of several runs. Images are uint8, 40,960 of them, so they come from memory.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.artifact import Options
from lgnc.backends.table import target_of
from lgnc.flows.compile import compile_circuit
from lgnc.formats import load_source, save_circuit
from lgnc.formats.source import Source
from lgnc.ir import Circuit, Encoder, Head, in_order, simulate
from lgnc.sim.load import load
from lgnc.toolchain import require_tool
from lgnc.toolchain import run as run_tool

IMAGES, FEATURES, CLASSES = 40960, 784, 10


def random_net(layers: int, width: int) -> Circuit:
    """Random gates and wiring, each layer reading the one before; one threshold a pixel."""
    rng = np.random.default_rng(0)
    names = tuple(f"pixel {k}" for k in range(FEATURES))
    encoder = Encoder(names, "uint8", np.arange(FEATURES, dtype=np.int32), np.full(FEATURES, 127))
    before = FEATURES + width * np.arange(layers)
    low, high = np.repeat(np.maximum(0, before - width), width), np.repeat(before, width)
    low[:width] = 0
    a, b = (rng.integers(low, high).astype(np.int32) for _ in range(2))
    op = rng.integers(0, 16, layers * width).astype(np.uint8)
    outputs = 2 * np.arange(before[-1], before[-1] + width, dtype=np.int32)
    starts = np.linspace(0, width, CLASSES + 1).astype(np.int32)
    head = Head(tuple(map(str, range(CLASSES))), starts, np.zeros(CLASSES, np.int32))
    return in_order(encoder, op, a, b, outputs, head)


def measure(target: str, circuit: Circuit, images: NDArray[Any], threads: int) -> dict[str, Any]:
    """Compile to a folder, check 1,000 classes against the IR's meaning, time all images."""
    with tempfile.TemporaryDirectory() as folder:
        before = time.process_time()
        compiled = compile_circuit(Source(circuit, "0" * 64), target, level=0, prove=False)
        compiled.write(Path(folder, "net"))
        emitted = time.process_time() - before
        started = time.perf_counter()
        network = load(Path(folder, "net"), threads=threads) if target == "c" else load(Path(folder, "net"))
        assert np.array_equal(network.predict(images[:1000]), simulate(circuit, images[:1000])[1])
        loaded = time.perf_counter() - started
        some = images if target == "c" else images[:8192]
        clock = time.perf_counter if threads > 1 else time.process_time
        times = []
        for _ in range(40 if target == "c" else 3):
            before = clock()
            network.predict(some)
            times.append(clock() - before)
    rate = len(some) / min(times)
    return {
        "engine": target,
        "threads": threads,
        "emit_s": emitted,
        "first_answer_s": loaded,
        "images_per_second": rate,
    }


def first_prediction(circuit: Circuit) -> dict[str, Any]:
    """Seconds from a circuit's file to its first class, cc and all; CPU seconds of this process and of cc."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "net.lgir")
        save_circuit(circuit, path)
        images = np.zeros((1, len(circuit.encoder.names)), circuit.encoder.dtype)
        wall, cpu = time.perf_counter(), sum(os.times()[:4])
        compile_circuit(load_source(path), "c", level=0, prove=False).write(Path(folder, "net"))
        load(Path(folder, "net")).predict(images)
        return {
            "engine": "c, first prediction",
            "wall_s": time.perf_counter() - wall,
            "cpu_s": sum(os.times()[:4]) - cpu,
        }


def measure_peers(environment: Path, layers: int, width: int) -> list[dict[str, Any]]:
    """The compiled nets of difflogic and torchlogix, of the same shape: bool images in, class sums out."""
    script = Path(__file__).with_name("inference_peers.py")
    size = ["--layers", str(layers), "--width", str(width), "--environment", str(environment)]
    lines = run_tool([sys.executable, script, *size], timeout=7200).decode().splitlines()
    return [json.loads(line) for line in lines]


_STAGES = r"""
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "net.c"
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}
#define TIME(label, statement)                                           \
    do {                                                                 \
        double best = 1e18;                                              \
        int r;                                                           \
        for (r = 0; r < 200; r++) {                                      \
            double t = now();                                            \
            statement;                                                   \
            t = now() - t;                                               \
            best = t < best ? t : best;                                  \
        }                                                                \
        printf("%s %.3f\n", label, best);                                \
    } while (0)
static void floor_of(uint64_t *rows, size_t gates)
{
    net_vec *v = (net_vec *)(void *)rows;
    size_t i, part;
    for (i = 0; i < gates; i++) {
        const size_t k = i % 128u * NET_PARTS;
        for (part = 0; part < NET_PARTS; part++) {
            v[256u * NET_PARTS + k + part] = v[k + part] & v[128u * NET_PARTS + k + part];
        }
        __asm__ volatile("" : : : "memory");
    }
}
int main(void)
{
    net_element *x = calloc(NET_BLOCK * NET_FEATURES, sizeof *x);
    unsigned char *workspace = malloc(NET_WORKSPACE + 65536u);
    uint64_t *v = net_rows(workspace), index[NET_INDEX_PLANES * NET_WORDS];
    TIME("encode", net_encode(x, NET_BLOCK, v));
    TIME("gates_and_counts", net_evaluate(v, 0, 0));
    TIME("argmax", net_best(v + NET_ROWS * NET_WORDS, index));
    TIME("floor", floor_of(v, sizeof net_gate / sizeof net_gate[0] / 3u));
    return 0;
}
"""


def stages(circuit: Circuit) -> dict[str, float]:
    """Microseconds a block of 512 images of each part of the C code, and of the floor of its gates."""
    artifact = target_of("c").emit(circuit, Options("net"))
    with tempfile.TemporaryDirectory() as folder:
        for name in ("net.h", "net.c"):
            Path(folder, name).write_bytes(artifact.files[name])
        Path(folder, "stages.c").write_text(_STAGES)
        flags = ["-std=c99", "-O3", "-march=native", "-w"]
        run_tool([require_tool("cc"), *flags, "-o", f"{folder}/stages", f"{folder}/stages.c"])
        lines = run_tool([f"{folder}/stages"]).decode().split("\n")
    return {name: float(value) for name, value in (line.split() for line in lines if line)}


def nets(options: argparse.Namespace) -> Iterator[tuple[str, Circuit]]:
    """The circuits asked for, with a name each."""
    for shape in options.shape:
        layers, width = map(int, shape.split("x"))
        circuit = random_net(layers, width)
        yield f"{layers} x {width} as is", circuit
        yield (
            f"{layers} x {width} at -O2",
            compile_circuit(Source(circuit, "0" * 64), "c", level=2, prove=False).circuit,
        )
    for path in options.circuit:
        yield path.name, compile_circuit(load_source(path), "c", level=2, prove=False).circuit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", nargs="*", default=["6x8000", "2x8000", "2x4000"])
    parser.add_argument("--circuit", nargs="*", type=Path, default=[])
    parser.add_argument("--first", nargs="*", default=[], metavar="SHAPE")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--peers", type=Path, metavar="FOLDER")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for shape in options.first:
        layers, width = map(int, shape.split("x"))
        row = first_prediction(random_net(layers, width))
        rows.append({"net": f"{layers} x {width} as is", **row})
        print(f"{shape}: file to first prediction {row['wall_s']:.2f} s, {row['cpu_s']:.2f} CPU s", flush=True)
    for name, circuit in nets(options):
        shape = (IMAGES, len(circuit.encoder.names))
        images = np.random.default_rng(1).integers(0, 256, shape).astype(circuit.encoder.dtype)
        for target in ("c", "numpy", "onnx"):
            row = measure(target, circuit, images, 1)
            rows.append({"net": name, "gates": circuit.gates, **row})
            rate, first = row["images_per_second"] / 1e6, row["first_answer_s"]
            print(f"{name:18} {circuit.gates:6,} gates  {target:6} {rate:8.3f} M images/s, ready in {first:.2f} s")
        if options.threads > 1:
            row = measure("c", circuit, images, options.threads)
            rows.append({"net": name, "gates": circuit.gates, **row})
            rate = row["images_per_second"] / 1e6
            print(f"{name:18} {options.threads} threads          {rate:8.3f} M images/s, wall clock")
        parts = stages(circuit)
        rows.append({"net": name, "engine": "c stages", **parts})
        print(f"{name:18} us a block of 512: " + ", ".join(f"{part} {value:.1f}" for part, value in parts.items()))
    if options.peers:
        layers, width = map(int, options.shape[0].split("x"))
        for row in measure_peers(options.peers, layers, width):
            rows.append({"net": f"{layers} x {width} random", **row})
            rate, first = row["images_per_second"], row["first_answer_s"]
            alone = [ours for ours in rows if ours["engine"] == "c" and ours["threads"] == 1]
            ratios = [f"{ours['images_per_second'] / rate:.1f}" for ours in alone][:2]
            said = f"{rate / 1e6:.3f} M images/s, compiled in {first:.0f} CPU s: ours is {' and '.join(ratios)}"
            print(f"{row['engine']:11} {said} times as fast, as is and at -O2")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
