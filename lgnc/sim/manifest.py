"""The manifest of a compiled folder as a typed object, every value checked before anything relies on it.

See docs/manifest.md. What engines and commands read has a field here; the rest stays in `facts` for people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lgnc.backends.artifact import MANIFEST, MANIFEST_VERSION, manifest_digest
from lgnc.backends.c.boards import BOARDS
from lgnc.backends.c.text import TYPES
from lgnc.backends.table import TARGETS
from lgnc.backends.thresholds import ELEMENT
from lgnc.diagnostics import BadInput, unknown
from lgnc.files import read_file
from lgnc.formats.record import training_fault
from lgnc.ir.circuit import FEATURE_DTYPES, Circuit, Encoder
from lgnc.ir.quantiser import LARGEST_OFFSET, Quantiser, quantiser_faults
from lgnc.ownership import file_hash, listed_files, locate
from lgnc.sim.fields import Fields

_SHA256 = ("[0-9a-f]{64}", "a SHA-256")
_NAME = ("[A-Za-z_][A-Za-z0-9_]{0,99}", "a name of letters, digits and '_'")
_SIZE = 2**31 - 1
_WORKSPACE = 2**40


@dataclass(frozen=True)
class EncoderFacts:
    """dtype: of the features. features: their names, in order. bits: comparisons of features with thresholds.
    quantiser: of features that are codes of values.
    """

    dtype: str
    features: tuple[str, ...]
    bits: int
    quantiser: Quantiser | None = None


@dataclass(frozen=True)
class CFacts:
    """profile, element: as compiled, and the C type of a feature. block: samples evaluated together. workspace_bytes:
    of one call. entry: 'predict', 'scores' or 'outputs', and each with '_packed' -> the function's name. output_count:
    outputs, or literals of the head. board: one of BOARDS, or None. flash_bytes: of the network there, as foretold.
    """

    profile: str
    element: str
    block: int
    workspace_bytes: int
    entry: Mapping[str, str]
    output_count: int
    board: str | None
    flash_bytes: int


@dataclass(frozen=True)
class VerilogFacts:
    """port: 'bits' or 'features', the input, `width` bits. feature, threshold: what each bit compares, for 'bits'.
    outputs: (port, width) of each result, the first lowest. score: (width, base) of a class's score, when there is
    one. serial: whether literals are counted one per clock.
    """

    port: str
    width: int
    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    outputs: tuple[tuple[str, int], ...]
    score: tuple[int, int] | None
    serial: bool


@dataclass(frozen=True, eq=False)
class Manifest:
    """What a compiled folder says of itself. classes, tau: None without a head. files: with their SHA-256, None in
    version 1. c, verilog: what those targets add. training: data set, seed and test fraction. facts: all that was read.
    """

    version: int
    target: str
    name: str
    files: Mapping[str, str | None]
    source_sha256: str
    circuit_sha256: str
    encoder: EncoderFacts
    classes: tuple[str, ...] | None
    tau: float | None
    outputs: tuple[str, ...]
    columns: Mapping[str, Any]
    training: Mapping[str, Any]
    whole: Mapping[str, int] | None
    c: CFacts | None
    verilog: VerilogFacts | None
    facts: Mapping[str, Any]

    def read(self, folder: Path, name: str) -> bytes:
        """The bytes of a listed file. Raises BadInput when it is missing, a link, or not as lgnc wrote it."""
        if name not in self.files:
            raise BadInput(f"does not list '{name}'", where=str(folder / MANIFEST), fix="compile it again")
        path = locate(folder, name)
        if not path.exists():
            raise BadInput(f"file '{name}' of the manifest is missing", where=str(folder), fix="compile it again")
        data = read_file(path)
        if self.files[name] not in (None, hashlib.sha256(data).hexdigest()):
            raise _edited(folder, name)
        return data

    def edited(self, folder: Path) -> list[str]:
        """The files that are missing or not as lgnc wrote them. Raises BadInput when a link is in their place."""
        found = ((name, wanted, file_hash(folder, name)) for name, wanted in self.files.items())
        return [name for name, wanted, now in found if now is None or wanted not in (None, now)]

    def check_circuit(self, circuit: Circuit, where: Path) -> None:
        """Raise BadInput unless `circuit`, of the folder's own .lgir, is the one that the manifest speaks of."""
        head = None if circuit.head is None else circuit.head.names
        same = (circuit.encoder.dtype, circuit.encoder.names, head) == (
            self.encoder.dtype,
            self.encoder.features,
            self.classes,
        )
        if not same or circuit.digest != self.circuit_sha256:
            raise BadInput("is not the circuit of the folder's manifest", where=str(where), fix="compile it again")


def _edited(folder: Path, name: str) -> BadInput:
    what = f"file '{name}' was edited since it was compiled"
    return BadInput(what, where=str(folder), fix=f"compile it again: yours is then kept as {name}.edited")


def parse_manifest(fields: Fields) -> Manifest:
    """The manifest of a JSON object. Raises BadInput that names the entry and what it should be."""
    files = listed_files(fields.values, Path(fields.where))
    if str(fields.values.get("target")) not in TARGETS:
        raise unknown("target", str(fields.values.get("target")), TARGETS, where=fields.where)
    target, name = fields.one_of("target", tuple(TARGETS)), fields.text("name", *_NAME)
    encoder = _encoder(fields.fields("encoder"))
    classes = None if fields.take("classes", lambda v: v != [], "names or null") is None else fields.names("classes")
    outputs = fields.names("outputs")
    if classes is not None and outputs:
        raise fields.refuse("outputs", "an empty list, since there are classes")
    _check_facts(fields)
    stats = fields.fields("stats") if fields.values.get("stats") is not None else None
    manifest = Manifest(
        version=fields.integer("lgnc_manifest"),
        target=target,
        name=name,
        files=files,
        source_sha256=fields.text("source_sha256", *_SHA256),
        circuit_sha256=fields.text("circuit_sha256", *_SHA256),
        encoder=encoder,
        classes=classes,
        tau=_tau(fields, classes),
        outputs=outputs,
        columns=fields.fields("columns").values,
        training=_training(fields.fields("training")),
        whole=None if stats is None else _stats(stats),
        c=_c(fields, name, encoder, classes, outputs) if target == "c" else None,
        verilog=_verilog(fields.fields("verilog"), name, encoder, classes, outputs) if target == "verilog" else None,
        facts=fields.values,
    )
    if manifest.version == MANIFEST_VERSION and fields.text("manifest_sha256") != manifest_digest(fields.values):
        raise BadInput("was edited since it was compiled", where=fields.where, fix="compile it again")
    return manifest


def _encoder(fields: Fields) -> EncoderFacts:
    dtype, names = fields.one_of("dtype", FEATURE_DTYPES), fields.names("features")
    quantiser = None
    if fields.values.get("quantiser") is not None:
        told = fields.fields("quantiser")
        scale, offset = told.numbers("scale"), told.integers("offset", -LARGEST_OFFSET, LARGEST_OFFSET)
        quantiser = Quantiser(np.array(scale, np.float64), np.array(offset, np.int64))
        for fault in quantiser_faults(quantiser, len(names), dtype):
            raise fields.refuse("quantiser", f"one for its features: {fault}")
    return EncoderFacts(dtype, names, fields.integer("bits", 0, _SIZE), quantiser)


def _tau(fields: Fields, classes: tuple[str, ...] | None) -> float | None:
    wanted = "null" if classes is None else "a positive number"
    tau = fields.take("tau", lambda v: v is None if classes is None else type(v) in (int, float) and v > 0, wanted)
    return None if tau is None else float(tau)


def _training(fields: Fields) -> Mapping[str, Any]:
    if what := training_fault(fields.values, "training"):
        raise BadInput(what, where=fields.where, fix="compile it again")
    return fields.values


def _check_facts(fields: Fields) -> None:
    """What people read: the right types, so that it can be shown."""
    fields.text("lgnc")
    fields.fields("options")
    for key in ("gates_before", "gates", "depth", "head_literals"):
        fields.fields("costs").integer(key)
    verified = fields.fields("verified")
    verified.text("passes")
    for row in verified.rows("stations") if "stations" in verified.values else ():
        for key in ("station", "how", "detail"):
            row.text(key)
        row.take("ok", lambda v: v is None or type(v) is bool, "true, false or null")
    if fields.values.get("rewriter") is not None:
        fields.text("rewriter")


def _stats(fields: Fields) -> Mapping[str, int]:
    """Gates, depth and tables of the whole circuit after the passes."""
    for key in ("before", "after"):
        side = fields.fields(key)
        for count in ("gates", "depth", "max_fanout"):
            side.integer(count)
            side.fields("whole").integer(count)
        parts = side.fields("parts")
        for part in parts.values:
            parts.counts(part)
    for row in fields.rows("passes"):
        row.text("name")
        row.integer("gates")
        row.integer("depth")
    return fields.fields("after").counts("whole")


def _c(
    fields: Fields, name: str, encoder: EncoderFacts, classes: tuple[str, ...] | None, outputs: tuple[str, ...]
) -> CFacts:
    fields.text("name", "[A-Za-z][A-Za-z0-9_]{0,62}", "a C identifier")
    entry, calls = fields.fields("entry"), ("outputs",) if classes is None else ("predict", "scores")
    packed = tuple(f"{call}_packed" for call in calls) if encoder.dtype == "bool" else ()
    wanted = (calls, calls + packed)
    if tuple(sorted(entry.values)) not in [tuple(sorted(each)) for each in wanted]:
        raise fields.refuse("entry", f"functions for {', '.join(calls)}")
    for call in entry.values:
        entry.one_of(call, (f"{name}_{call}_in",))
    element, board = TYPES[ELEMENT.get(encoder.dtype, encoder.dtype)][0], fields.values.get("board")
    if board is not None and board not in list(BOARDS):
        raise unknown("board", str(board), BOARDS, where=fields.where)
    return CFacts(
        profile=fields.text("target_profile"),
        element=fields.one_of("element", (element,)),
        block=fields.integer("block", 1, _SIZE),
        workspace_bytes=fields.integer("workspace_bytes", 1, _WORKSPACE),
        entry=dict(entry.values),
        output_count=fields.integer("output_count", *((0, _SIZE) if classes else (len(outputs), len(outputs)))),
        board=board,
        flash_bytes=0 if board is None else fields.integer("flash_bytes", 0, _SIZE),
    )


def _verilog(
    fields: Fields, name: str, encoder: EncoderFacts, classes: tuple[str, ...] | None, outputs: tuple[str, ...]
) -> VerilogFacts:
    fields.one_of("top", (name,))
    source, bits = fields.fields("input"), encoder.dtype.startswith("float")
    width = (
        encoder.bits
        if bits
        else len(encoder.features)
        * Encoder((), encoder.dtype, np.zeros(0, np.int32), np.zeros(0, np.int64)).feature_bits
    )
    feature = source.integers("feature", 0, len(encoder.features) - 1) if bits else ()
    threshold = source.numbers("threshold") if bits else ()
    if bits and not len(feature) == len(threshold) == width:
        raise source.refuse("feature", f"{width} features with as many thresholds")
    score = fields.fields("score") if classes is not None else None
    each = 0 if score is None else score.integer("width", 1, 40)
    return VerilogFacts(
        port=source.one_of("port", ("bits" if bits else "features",)),
        width=source.integer("width", width, width),
        feature=feature,
        threshold=threshold,
        outputs=_result_ports(fields, len(classes or ()), len(outputs), each),
        score=None if score is None else (each, score.integer("base", -_SIZE - 1, _SIZE)),
        serial=fields.values.get("popcount") == "serial",
    )


def _result_ports(fields: Fields, classes: int, outputs: int, score: int) -> tuple[tuple[str, int], ...]:
    """(port, width) of each result. score: bits of one class's."""
    widths = {"class_index": max(1, (classes - 1).bit_length()), "scores": classes * score}
    if not classes:
        widths = {"outputs": outputs}
    rows = fields.rows("outputs")
    names = [row.one_of("port", tuple(widths)) for row in rows]
    if not names or len(set(names)) < len(names):
        raise fields.refuse("outputs", "a list of different ports")
    return tuple(
        (name, row.integer("width", widths[name], widths[name])) for name, row in zip(names, rows, strict=True)
    )
