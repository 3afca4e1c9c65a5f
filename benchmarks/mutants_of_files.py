"""Faults planted in emitted files: for each target places in its text, or in its graph, that are changed one by one."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from lgnc.backends.artifact import manifest_digest


class Fault(NamedTuple):
    """kind: 'operator', 'wire' ... file: where it is, '' for all. told: what is changed. plant: changes the folder."""

    kind: str
    file: str
    told: str
    plant: Callable[[Path], None]


Change = Callable[[re.Match[str], Random], str]


def _swap(match: re.Match[str], random: Random) -> str:
    return random.choice([each for each in "&|^" if each != match[0].strip()]).join(match[0].split(match[0].strip()))


def _moved(*steps: int) -> Change:
    """The number between two pieces of text moved by one of the steps, and not below 0."""
    return lambda match, random: f"{match[1]}{max(0, int(match[2]) + random.choice(steps))}{match[3]}"


_step, _other_number = _moved(-1, 1), _moved(-3, -2, 2, 3)


def _swap_or_drop(match: re.Match[str], random: Random) -> str:
    """Another operator, or an inverter gone."""
    return _gone(match, random) if match[0] == "~" else _swap(match, random)


def _gone(match: re.Match[str], random: Random) -> str:  # noqa: ARG001
    return ""


def _byte(match: re.Match[str], random: Random) -> str:
    """A byte of a base64 table changed."""
    data = bytearray(base64.b64decode(match[0]))
    if not data:
        return match[0]
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return base64.b64encode(bytes(data)).decode()


def _digit(match: re.Match[str], random: Random) -> str:
    """A digit of a hexadecimal number with one bit changed."""
    at = random.randrange(len(match[0]))
    return f"{match[0][:at]}{int(match[0][at], 16) ^ 1 << random.randrange(4):x}{match[0][at + 1 :]}"


def _to(text: str) -> Change:
    return lambda match, random: text  # noqa: ARG005


TEXT: dict[str, tuple[tuple[str, str, str, Change], ...]] = {
    "verilog": (
        ("operator", "NAME.v", r" [&|^] ", _swap),
        ("inverter", "NAME.v", r"~(?=n\d)", _gone),
        ("wire", "NAME.v", r"()(?<=\bn)(\d+)(?=\W)()", _other_number),
        ("threshold by one", "NAME.v", r"(> \d+'d)(\d+)(;)", _step),
        ("feature", "NAME.v", r"(= f)(\d+)( >)", _other_number),
        ("register dropped", "NAME.v", r"(?m)^      \w+ <= \w+;\n", _gone),
        ("reset removed", "NAME.v", r"if \(rst\) \w+ <= \d+'d0;\n    else ", _gone),
        ("handshake broken", "NAME.v", r"(?<=assign en = )out_ready \| ~valid(\[\d+\])?", _to("1'b1")),
        ("handshake broken", "NAME.v", r"(?<=assign in_ready = )ready", _to("1'b1")),
        ("swapped classes", "NAME.v", r"class_index(?=\[0\] =)", _gone),
        ("wrapper", "NAME_axis.v", r" [&|] |~(?=\w)", _swap_or_drop),
        ("wrapper", "NAME_serial.v", r" [&|] |~(?=\w)", _swap_or_drop),
        ("wrapper", "NAME_axil.v", r" [&|] |~(?=\w)", _swap_or_drop),
        ("registers", "NAME_axil.v", r"(\d'd)(\d+)(\W)", _step),
        ("registers", "NAME_axil.v", r"(?m)^      \w+ <= [^;]+;\n", _gone),
        *(
            (kind, f"NAME_{family}.v", places, change)
            for family in ("xilinx", "ice40", "ecp5")
            for kind, places, change in (
                ("look-up table", r"(?<='h)[0-9a-f]+", _digit),
                ("pin", r"(\.(?:I\d|[ABCD]|S|DI|CI)\(\w+\[)(\d+)(\])", _step),
                ("pin", r"()(?<=[(, ]n)(\d+)(?=_\d+[)\],])()", _step),
                ("pin", r"(?<=\()1'b[01](?=\))", lambda m, r: "1'b1" if m[0] == "1'b0" else "1'b0"),  # noqa: ARG005
            )
        ),
        ("column", "NAME_row.v", r" [&|] |~(?=\w)", _swap_or_drop),
        ("column", "NAME_row.v", r"('d)(\d+)(\W)", _step),
        ("column", "NAME_row.vh", r"('d)(\d+)(\W)", _step),
        ("assertion", "NAME_props.sv", r" [&|] ", _swap),
        ("assertion", "NAME_axis_props.sv", r" [&|] ", _swap),
        ("testbench vectors", "NAME_vectors.hex", r"(?m)^[0-9a-f](?=[0-9a-f])", _digit),
        ("testbench vectors", "NAME_expected.hex", r"(?m)^[0-9a-f](?=[0-9a-f])", lambda m, r: f"{int(m[0], 16) ^ 1:x}"),  # noqa: ARG005
    ),
    "c": (
        ("table", "NAME.c", r"(?m)(\n    .*?[{ ])(\d+)([,}])", _step),
        ("offset by one", "NAME.c", r"(_BASE \()(\d+)(\))", _step),
        ("offset by one", "NAME.c", r"(    \d+u?, )(\d+)(u, )", _step),
        ("operator", "NAME.c", r" [&|^] ", _swap),
        ("comparison", "NAME.c", r" > (?=\w)", _to(" >= ")),
        ("comparison", "NAME.c", r" < (?=\w)", _to(" <= ")),
        ("shift", "NAME.c", r"(<< |>> )(\d+)(\W)", _step),
        ("number", "NAME.c", r"(, )(\d+)(\);)", _step),
        ("constant", "NAME.c", r"(?<=0x)[0-9a-f]+", _digit),
        *(
            (kind, file, places, change)
            for file in ("NAME_row.c", "NAME_codes.c", "NAME_blob.c")
            for kind, places, change in (
                (f"operator of {file}", r" [&|^] ", _swap),
                (f"comparison of {file}", r" > (?=\w)", _to(" >= ")),
                (f"comparison of {file}", r" < (?=\w)", _to(" <= ")),
                (f"comparison of {file}", r" == ", _to(" != ")),
                (f"number of {file}", r"()(?<=[ (\[])(\d+)(?=[)\]:,; u])()", _step),
            )
        ),
        ("header", "NAME_row.h", r"(?m)(#define \w+ )(\d+)(u?$)", _step),
        ("header", "NAME_codes.h", r"(?m)([{ ])(-?\d+)([,}])", _step),
    ),
    "numpy": (
        ("table byte", "NAME.py", r"(?m)^[A-Za-z0-9+/]{8,}={0,2}$", _byte),
        ("operator", "NAME.py", r" [&|^] ", _swap),
        ("tie rule", "NAME.py", r"\] > best", _to("] >= best")),
        ("gate", "NAME.py", r"bitwise_(and|or|xor)", lambda m, r: f"bitwise_{r.choice(['and', 'or', 'xor'])}"),  # noqa: ARG005
        ("comparison", "NAME.py", r" > (?=THRESHOLD)", _to(" >= ")),
        ("number", "NAME.py", r"()(?<=[ (:\[])(\d+)(?=[)\]:, ])()", _step),
        ("swapped classes", "NAME.py", r"'class 1'", _to("'class 2'")),
    ),
}
"""Target -> (kind, file, places, change)."""


def resign(folder: Path) -> None:
    """Make the manifest agree with every file: the fault is the compiler's, not an editor's."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for name in manifest["files"]:
        manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    manifest["manifest_sha256"] = manifest_digest(manifest)
    path.write_text(json.dumps(manifest))


def text_faults(folder: Path, target: str, name: str, random: Random) -> Iterator[Fault]:
    """Endless faults of a folder's text, each kind as often as the others."""
    while True:
        found = False
        for kind, file, places, change in TEXT[target]:
            path = folder / file.replace("NAME", name)
            places_here = list(re.finditer(places, path.read_text())) if path.is_file() else []
            if not places_here:
                continue
            match = random.choice(places_here)
            new = change(match, random)
            if new == match[0]:
                continue
            found = True
            told = f"{path.name}:{path.read_text().count(chr(10), 0, match.start()) + 1}: {match[0]!r} -> {new!r}"
            yield Fault(kind, path.name, told[:200], _replacing(path.name, match.start(), match.end(), new))
        if not found:
            return


def _replacing(file: str, first: int, last: int, new: str) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        text = (folder / file).read_text()
        (folder / file).write_text(text[:first] + new + text[last:])
        resign(folder)

    return plant


def blob_faults(folder: Path, name: str, random: Random) -> Iterator[Fault]:
    """Endless faults of NAME.bin: a bit changed, and its checksum made to fit."""
    file = f"{name}.bin"
    size = (folder / file).stat().st_size
    while True:
        at, bit = random.randrange(size), random.randrange(8)
        yield Fault("byte", file, f"bit {bit} of byte {at}", partial(_bit, file=file, at=at, bit=bit))


def _bit(folder: Path, file: str, at: int, bit: int) -> None:
    data = bytearray((folder / file).read_bytes())
    data[at] ^= 1 << bit
    (folder / file).write_bytes(data)
    resign(folder)


def onnx_faults(folder: Path, name: str, random: Random) -> Iterator[Fault]:
    """Endless faults of an ONNX graph: a node's operator, its inputs in another order, a number of a table."""
    import onnx

    file = f"{name}.onnx"
    network = onnx.load(folder / file)
    nodes = [k for k, node in enumerate(network.graph.node) if node.op_type in SWAPS]
    while True:
        yield Fault("table", file, "a number", _onnx(file, partial(_number, k=random.randrange(1 << 30))))
        if nodes:
            at, other = random.choice(nodes), random.choice(nodes)
            yield Fault("operator", file, f"node {at}", _onnx(file, partial(_operator, k=at)))
            yield Fault("inputs", file, f"node {other}", _onnx(file, partial(_turned, k=other)))


def faults_of(folder: Path, target: str, name: str, random: Random) -> Iterator[Fault]:
    """Endless faults of a folder: of its text or graph, and in turn of a blob or a graph of rows beside them."""
    kinds = [onnx_faults(folder, name, random) if target == "onnx" else text_faults(folder, target, name, random)]
    if (folder / f"{name}.bin").is_file():
        kinds.append(blob_faults(folder, name, random))
    if (folder / f"{name}_row.onnx").is_file():
        kinds.append(onnx_faults(folder, f"{name}_row", random))
    while True:
        for faults in kinds:
            yield next(faults)


SWAPS = {
    "BitwiseAnd": "BitwiseOr",
    "BitwiseOr": "BitwiseXor",
    "BitwiseXor": "BitwiseAnd",
    "Greater": "GreaterOrEqual",
    "And": "Or",
    "Or": "Xor",
    "Xor": "And",
    "Add": "Sub",
    "ReduceSum": "ReduceMax",
    "ArgMax": "ArgMin",
}


def _onnx(file: str, change: Callable[..., object]) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        import onnx

        network = onnx.load(folder / file)
        change(network)
        onnx.save(network, folder / file)
        resign(folder)

    return plant


def _operator(network: Any, k: int) -> None:
    network.graph.node[k].op_type = SWAPS[network.graph.node[k].op_type]


def _turned(network: Any, k: int) -> None:
    inputs = list(network.graph.node[k].input)
    del network.graph.node[k].input[:]
    network.graph.node[k].input.extend(inputs[::-1])


def _number(network: Any, k: int) -> None:
    """Change one number of one constant by one."""
    from onnx import numpy_helper

    tensors = network.graph.initializer
    tensor = tensors[k % len(tensors)]
    values = numpy_helper.to_array(tensor).copy()
    flat = values.reshape(-1)
    if flat.size:
        at = (k // len(tensors)) % flat.size
        flat[at] = not flat[at] if flat.dtype == bool else flat[at] + 1
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
