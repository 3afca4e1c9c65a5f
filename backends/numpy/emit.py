"""The numpy target: NAME.py, a module that needs numpy alone. See docs/targets-numpy.md."""

from __future__ import annotations

import base64
import keyword
import re
import sys
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgnc.backends.artifact import Artifact, Options
from lgnc.backends.normal import normal_form
from lgnc.backends.numpy.target import TARGET
from lgnc.backends.thresholds import ELEMENT, native_thresholds
from lgnc.diagnostics import BadInput
from lgnc.ir.circuit import Circuit
from lgnc.ir.simulate import slices


def emit(circuit: Circuit, options: Options) -> Artifact:
    """NAME.py, with `predict` and `scores`, or `outputs` for a circuit without a head.

    Raises BadInput for a name that is not a Python module's, or is that of a module which it would hide.
    """
    TARGET.read(options.settings)
    name = _check_name(options.name)
    head = circuit.head
    digest, circuit = circuit.digest, normal_form(circuit)
    parts = [_docstring(circuit, digest), _runtime("module.py.in"), "\n\n", _tables(circuit)]
    parts.append(_runtime("outputs.py.in" if head is None else "head.py.in"))
    if circuit.encoder.quantiser is not None:
        parts.append(_runtime("quantise.py.in"))
    text = "".join(parts)
    return Artifact({f"{name}.py": text.encode("ascii")}, {"module": f"{name}.py"})


def _check_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", name) or keyword.iskeyword(name):
        fix = "use letters, digits and '_', starting with a letter"
        raise BadInput(f"'{name}' is not a Python module name", where="--name", fix=fix)
    if name == "numpy" or name in sys.stdlib_module_names:
        raise BadInput(f"a module '{name}' would hide Python's own", where="--name", fix="choose another name")
    return name


def _runtime(name: str) -> str:
    return (files("lgnc.backends.numpy") / "runtime" / name).read_text("ascii")


def _docstring(circuit: Circuit, digest: str) -> str:
    head, enc = circuit.head, circuit.encoder
    what = f"{len(circuit.outputs)} outputs" if head is None else f"{head.classes} classes"
    calls = "outputs(features)" if head is None else "predict(features) and scores(features)"
    codes = "" if enc.quantiser is None else "Features are codes of values, which quantise(values) makes.\n"
    return (
        f'"""A logic gate network: {len(enc.names)} {enc.dtype} features, {circuit.gates} gates, {what}.\n\n'
        f"Call {calls}, features being [n, {len(enc.names)}] rows. Written by lgnc; MIT licence.\n{codes}"
        f'Circuit SHA-256 {digest}.\n"""\n\n'
    )


def _base64(name: str, values: NDArray[Any], note: str, shape: str = "") -> str:
    """One table as an assignment: little-endian numbers, base64, 100 characters a line."""
    little = values.astype(values.dtype.newbyteorder("<"))
    text = base64.b64encode(little.tobytes()).decode()
    lines = "\n".join(text[at : at + 100] for at in range(0, len(text), 100))
    return f'# {note}\n{name} = _table("""\n{lines}\n""", "{little.dtype.str}"){shape}\n'


def _names(names: tuple[str, ...]) -> str:
    """A tuple of strings, one per line, as Python text in ASCII."""
    return "(\n" + "".join(f"    {name!a},\n" for name in names) + ")"


def _tables(circuit: Circuit) -> str:
    enc, head = circuit.encoder, circuit.head
    runs = np.array([(op, last) for op, _, last in slices(circuit)], np.int32).reshape(-1, 2)
    fanin = np.stack([circuit.a, circuit.b], axis=1)
    element = np.dtype(ELEMENT.get(enc.dtype, enc.dtype))
    parts = [
        f'DTYPE = np.dtype("{enc.dtype}")\n'
        f"FEATURES = {len(enc.names)}\nFEATURE_NAMES = {_names(enc.names)}\n"
        f"INPUTS = {enc.bits}  # nodes: encoder bits first, then gates\n",
        _base64("FEATURE", enc.feature, "Encoder bit i is features[FEATURE[i]] > THRESHOLD[i]."),
        _base64("THRESHOLD", native_thresholds(enc), f"In the features' own unit ({element})."),
        _base64("RUNS", runs, "Gates in runs: (gate number, end of the run).", ".reshape(-1, 2)"),
        _base64("FANIN", fanin, "The two nodes that each gate reads.", ".reshape(-1, 2)"),
        _base64("LITERALS", circuit.outputs, "Outputs: 2 * node + inverted."),
    ]
    if enc.quantiser is not None:
        parts += [
            _base64(
                "CODE_SCALE", enc.quantiser.scale, "What a step of a feature's code is, in the feature's own unit."
            ),
            _base64(
                "CODE_OFFSET", enc.quantiser.offset, "In codes: what is subtracted from value / CODE_SCALE, rounded."
            ),
        ]
    if head is None:
        parts.append(f"OUTPUT_NAMES = {_names(circuit.output_names)}\n")
    else:
        parts += [
            f"CLASSES = {head.classes}\nCLASS_NAMES = {_names(head.names)}\n",
            _base64("STARTS", head.starts, "Class c counts LITERALS[STARTS[c] : STARTS[c + 1]]."),
            _base64("OFFSET", head.offset, "What each class's count starts from."),
        ]
    return "".join(parts)
