"""Images a second of the compiled networks of difflogic and torchlogix: random nets, bool images in, class sums out.

    python benchmarks/inference_peers.py --layers 6 --width 8000 [--environment FOLDER]

Each goes into an environment in FOLDER (build/peers) that borrows this interpreter's torch and numpy. difflogic's setup
wants CUDA for an extension that its compiled networks don't use: a torch of three functions stands in while it is
built. torchlogix's circuits have syntax of Python 3.12: before that, one nested string gets other quotes. Both compile
with gcc -O1, 64 images a word. Prints one JSON object a peer; times are CPU seconds, the least of five.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cpu_training import peer_python

PEERS = ("difflogic==0.1.0", "torchlogix==0.2.2")
FEATURES, CLASSES, IMAGES = 784, 10, 8192

_TORCH = """
from setuptools import Extension
from setuptools.command.build_ext import build_ext as BuildExtension


def CUDAExtension(name, *_, **__):
    return Extension(name, ["absent.c"], optional=True)
"""


def peers_python(folder: Path) -> Path:
    """An interpreter with the peers, and with this one's torch and numpy: made in `folder` at the first call."""
    from lgnc.toolchain import run

    def install(pip: list[str | Path]) -> None:
        run([*pip, "setuptools", "wheel"])
        stand_in = folder / "stand-in"
        (stand_in / "torch" / "utils").mkdir(parents=True)
        for package in ("torch", "torch/utils"):
            (stand_in / package / "__init__.py").touch()
        (stand_in / "torch" / "utils" / "cpp_extension.py").write_text(_TORCH)
        run([*pip, "--no-deps", "--no-build-isolation", *PEERS], env={"PYTHONPATH": str(stand_in.resolve())})

    return peer_python(folder, install)


def difflogic_net(layers: int, width: int) -> Any:
    """difflogic's CompiledLogicNet and how to call it."""
    sys.modules["difflogic_cuda"] = ModuleType("difflogic_cuda")
    import torch

    peer = import_module("difflogic")
    shape = pairwise([FEATURES] + [width] * layers)
    dense = [peer.LogicLayer(a, b, device="cpu", implementation="python") for a, b in shape]
    net = peer.CompiledLogicNet(torch.nn.Sequential(*dense, peer.GroupSum(CLASSES)), num_bits=64)
    return net.compile, net


def torchlogix_net(layers: int, width: int) -> Any:
    """torchlogix's Circuit and how to call it."""
    import torch

    name = "torchlogix.circuit"
    if sys.version_info < (3, 12):
        sys.modules[name] = ModuleType(name)
        package = Path(import_module("importlib.util").find_spec("torchlogix").origin).parent
        text = (package / "circuit.py").read_text()
        text = text.replace('else f"""\n// Packs', "else f'''\n// Packs").replace('}}"""}"""', "}}'''}\"\"\"")
        exec(compile(text, name, "exec"), sys.modules[name].__dict__)
    peer, peer_layers = import_module(name), import_module("torchlogix.layers")
    dense = [peer_layers.LogicDense(a, b) for a, b in pairwise([FEATURES] + [width] * layers)]
    model = torch.nn.Sequential(*dense, peer_layers.GroupSum(CLASSES, 1.0))
    circuit = peer.Circuit.from_model(model, [FEATURES])
    return lambda: circuit.compile(opt_level=1, pack_bits=64), lambda x: circuit(x, use_compiled=True)


NETS = {"difflogic": difflogic_net, "torchlogix": torchlogix_net}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--width", type=int, default=8000)
    parser.add_argument("--environment", type=Path, default=Path("build/peers"))
    parser.add_argument("--worker", choices=sorted(NETS))
    options = parser.parse_args()
    if options.worker is None:
        from lgnc.toolchain import run

        python = peers_python(options.environment)
        for peer in NETS:
            size = ["--layers", str(options.layers), "--width", str(options.width)]
            printed = run([python, __file__, "--worker", peer, *size], timeout=7200)
            print(printed.decode().splitlines()[-1], flush=True)
        return
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    started = sum(import_module("os").times()[:4])
    build, call = NETS[options.worker](options.layers, options.width)
    build()
    built = sum(import_module("os").times()[:4]) - started
    images = np.random.default_rng(0).integers(0, 2, (IMAGES, FEATURES)).astype(np.bool_)
    times = []
    for _ in range(5):
        before = time.process_time()
        call(images)
        times.append(time.process_time() - before)
    print(json.dumps({"engine": options.worker, "first_answer_s": built, "images_per_second": IMAGES / min(times)}))


if __name__ == "__main__":
    main()
