"""What a folder says, held against its circuit: hashes, names, the manifest, and every file that nothing runs."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from lgnc import __version__
from lgnc.backends.artifact import MANIFEST, Artifact, Options
from lgnc.backends.c.names import comment
from lgnc.backends.table import target_of
from lgnc.diagnostics import LgncError
from lgnc.flows.names import differences
from lgnc.flows.row_columns import row_columns
from lgnc.flows.stations.visit import Visit
from lgnc.formats.lift import lift_in_place
from lgnc.ir.circuit import Encoder
from lgnc.ownership import JOURNAL, PLAN
from lgnc.verify.verdict import Station, not_checked

_KEYS: dict[str, Any] = {
    **dict.fromkeys((
        "bitstream", "circuit_sha256", "classes", "columns", "files", "lgnc", "lgnc_manifest", "manifest_sha256",
        "name", "options", "outputs", "rewriter", "source_sha256", "stats", "synthesis", "target", "tau", "training",
    )),
    "costs": dict.fromkeys(("gates_before", "gates", "depth", "head_literals")),
    "encoder": dict.fromkeys(("dtype", "features", "bits", "quantiser")),
    "verified": dict.fromkeys(("passes", "stations")),
}  # fmt: skip
"""The keys of every target's manifest; None where what lies under one is its own."""

Names = tuple[Sequence[str], Sequence[str]]
"""Features, then classes or outputs."""


def files(visit: Visit) -> Station:
    """Every listed file has its hash: the folder is not read otherwise. What else lies there is named."""
    own = {*visit.manifest.files, MANIFEST, PLAN, JOURNAL}
    found = (path.relative_to(visit.path).as_posix() for path in visit.path.rglob("*") if not path.is_dir())
    strange = sorted(name for name in found if name not in own)
    told = f"{len(visit.manifest.files)} files have the SHA-256 that the manifest lists"
    if visit.manifest.version < 2:
        return not_checked("files", "the manifest, of an older lgnc, has no hashes: compile it again")
    if strange:
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        return not_checked("files", f"{told}; not listed there: {', '.join(strange[:3])}{more}")
    return Station("files", True, "read", told)


def names(visit: Visit) -> Station:
    """Features and classes are called what the other side calls them, in the manifest and in the emitted files."""
    wrong = differences(visit.other.circuit, visit.circuit) + _names_inside(visit)
    circuit = visit.circuit
    classes = 0 if circuit.head is None else circuit.head.classes
    told = f"{len(circuit.encoder.names)} features and {classes} classes, in their order"
    return Station("names", not wrong, "read", "; ".join(wrong) or told)


def _names_inside(visit: Visit) -> list[str]:
    """What the emitted file calls otherwise than the folder's circuit does."""
    reader = {"c": _c_names, "numpy": _numpy_names, "onnx": _onnx_names}.get(visit.manifest.target)
    if reader is None:
        return []
    file, found = reader(visit)
    circuit = visit.circuit
    wanted = circuit.encoder.names, circuit.output_names if circuit.head is None else circuit.head.names
    kinds = "feature", "output" if circuit.head is None else "class"
    if visit.manifest.target == "c":
        wanted = tuple(_in_header(circuit.encoder)), tuple(comment(name) for name in wanted[1][:256])
    return [
        f"{file} does not have the names of the {kind} list: '{_first(own, said)}'"
        for kind, own, said in zip(kinds, wanted, found, strict=True)
        if list(own) != list(said)
    ]


def _first(own: Sequence[str], said: Sequence[str]) -> str:
    return next((mine for k, mine in enumerate(own) if k >= len(said) or said[k] != mine), f"{len(said)} names")


def _in_header(encoder: Encoder) -> list[str]:
    """What NAME.h says of its first features: the names, and the scale and the offset of those that are codes."""
    names = [comment(name) for name in encoder.names[:32]]
    if encoder.quantiser is None:
        return names
    return [f"{name} ({step})" for name, step in zip(names, encoder.quantiser.texts(), strict=False)]


def _c_names(visit: Visit) -> tuple[str, Names]:
    """The names in the comment at the head of NAME.h, which has no more than 32 features."""
    file = f"{visit.name}.h"
    head = visit.manifest.read(visit.path, file).decode("ascii", errors="replace").split("*/")[0]
    found = [re.findall(rf"^   (?:{kind}) \d+: (.*)$", head, re.MULTILINE) for kind in ("feature", "class|output")]
    return file, (found[0], found[1])


def _numpy_names(visit: Visit) -> tuple[str, Names]:
    """The tuples of names in NAME.py, which is parsed and not run."""
    file = f"{visit.name}.py"
    try:
        tree = ast.parse(visit.manifest.read(visit.path, file))
    except (SyntaxError, ValueError, RecursionError):
        return file, ((), ())
    found: dict[str, Sequence[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except (ValueError, TypeError):
                continue
    which = "OUTPUT_NAMES" if visit.circuit.head is None else "CLASS_NAMES"
    return file, (found.get("FEATURE_NAMES", ()), found.get(which, ()))


def _onnx_names(visit: Visit) -> tuple[str, Names]:
    """The lists of names in the metadata of NAME.onnx."""
    import onnx

    file = f"{visit.name}.onnx"
    try:
        model = onnx.load_from_string(visit.manifest.read(visit.path, file))
        facts = {each.key: json.loads(each.value) for each in model.metadata_props if each.value.startswith("[")}
    except Exception:
        return file, ((), ())
    which = "outputs" if visit.circuit.head is None else "classes"
    return file, (facts.get("features", ()), facts.get(which, ()))


def manifest(visit: Visit, again: Artifact | LgncError) -> Station:
    """What the manifest says of the circuit, of the model and of the files is what they are."""
    wrong = [f"{key} is {said!r:.60}, not {true!r:.60}" for key, said, true in _facts(visit) if said != true]
    if isinstance(again, Artifact):
        wrong += _different("", json.loads(json.dumps(again.details)), visit.manifest.facts)
        wrong += _verilog_head(visit, again) + _codes(visit, again)
    told = "says of the circuit, its costs and its interface what they are; not compared: stats, verified"
    source = visit.other.source
    if source is not None and source.sha256 != visit.manifest.source_sha256:
        told += f"; compiled from another file than {visit.other.path.name}"
    if isinstance(again, Artifact) and (more := _unknown("", {**_KEYS, **again.details}, visit.manifest.facts)):
        told += f"; lgnc does not write {', '.join(more[:3])}" + f" and {len(more) - 3} more" * (len(more) > 3)
    return Station("manifest", not wrong, "read", "; ".join(wrong[:3]) or told)


def _verilog_head(visit: Visit, again: Artifact) -> list[str]:
    """What the comment at the head of NAME.v says otherwise than the circuit and the manifest do."""
    file = f"{visit.name}.v"
    if visit.manifest.target != "verilog":
        return []
    texts = [visit.manifest.read(visit.path, file), again.files[file]]
    said, wanted = (list(takewhile(_is_comment, text.splitlines())) for text in texts)
    odd = [line.decode(errors="replace") for line in wanted if line not in said]
    more = [line.decode(errors="replace") for line in said if line not in wanted]
    return [f"the head of {file} has {(odd or more)[0]!r:.60} otherwise"] if odd or more else []


def _codes(visit: Visit, again: Artifact) -> list[str]:
    """What the emitted file says otherwise of how values become codes than the circuit does."""
    read = {"numpy": _numpy_codes, "onnx": _onnx_codes}.get(visit.manifest.target)
    if read is None or visit.circuit.encoder.quantiser is None:
        return []
    file = f"{visit.name}{'.py' if visit.manifest.target == 'numpy' else '.onnx'}"
    same = read(visit.manifest.read(visit.path, file)) == read(again.files[file])
    return [] if same else [f"{file} makes other codes of values"]


def _numpy_codes(data: bytes) -> list[str]:
    """The statements of NAME.py that give `quantise` and its tables a value."""
    own = {"CODE_SCALE", "CODE_OFFSET", "quantise"}
    try:
        body = ast.parse(data).body
    except (SyntaxError, ValueError, RecursionError):
        return []
    return [ast.dump(node) for node in body if own & {getattr(each, "id", None) for each in _assigned(node)}]


def _assigned(node: ast.stmt) -> list[ast.expr]:
    """What a statement gives a value."""
    if isinstance(node, ast.FunctionDef):
        return [ast.Name(node.name)]
    return list(node.targets) if isinstance(node, ast.Assign) else []


def _onnx_codes(data: bytes) -> list[str]:
    """Scales and offsets in the metadata of NAME.onnx."""
    import onnx

    try:
        facts = onnx.load_from_string(data).metadata_props
    except Exception:
        return []
    return sorted(f"{each.key} {each.value}" for each in facts if each.key in ("scale", "offset"))


def _is_comment(line: bytes) -> bool:
    return line.startswith(b"//")


def _facts(visit: Visit) -> list[tuple[str, Any, Any]]:
    """(what, what the manifest says, what is so)."""
    circuit, said = visit.circuit, visit.manifest
    costs = said.facts["costs"]
    found: list[tuple[str, Any, Any]] = [
        ("costs.gates", costs["gates"], circuit.gates),
        ("costs.depth", costs["depth"], circuit.depth),
        ("costs.head_literals", costs["head_literals"], len(circuit.outputs)),
        ("encoder.bits", said.encoder.bits, circuit.encoder.bits),
        ("outputs", list(said.outputs), list(circuit.output_names)),
        ("tau", said.tau, None if circuit.head is None else circuit.head.tau),
    ]
    source = visit.other.source
    if source is None or source.sha256 != said.source_sha256:
        return found
    found.append(("costs.gates_before", costs["gates_before"], source.circuit.gates))
    if source.model is not None:
        meta = json.loads(json.dumps(source.model.meta))
        found.append(("columns", said.columns, meta.get("columns") or {}))
        kept = ("data", "seed", "test_fraction")
        training = {key: value for key, value in (meta.get("training") or {}).items() if key in kept}
        found.append(("training", said.training, training))
    return found


def _different(at: str, wanted: Any, said: Any) -> list[str]:
    """Where `said` lacks or contradicts what is in `wanted`."""
    if isinstance(wanted, Mapping) and isinstance(said, Mapping):
        return [each for key in wanted for each in _different(f"{at}.{key}" if at else key, wanted[key], said.get(key))]
    return [] if wanted == said else [f"{at} is {said!r:.60}, and lgnc writes {wanted!r:.60}"]


def _unknown(at: str, wanted: Any, said: Any) -> list[str]:
    """The keys of `said` that are not in `wanted`, in the mappings that both have."""
    if not isinstance(wanted, Mapping) or not isinstance(said, Mapping):
        return []
    return [
        each
        for key in said
        for name in (f"{at}.{key}" if at else str(key),)
        for each in (_unknown(name, wanted[key], said[key]) if key in wanted else [f"'{name:.60}'"])
    ]


def written_again(visit: Visit) -> Artifact | LgncError:
    """What this lgnc writes for the folder's circuit with its settings, or why it does not."""
    target, options = target_of(visit.manifest.target), visit.manifest.facts["options"]
    if visit.manifest.facts["lgnc"] != __version__:
        return LgncError(f"lgnc {visit.manifest.facts['lgnc']} wrote it, and this is {__version__}")
    settings = {key: value for key, value in options.items() if key in target.own_settings}
    try:
        row = row_columns(visit.circuit, visit.manifest.columns, MANIFEST)
        about = {"source_sha256": visit.manifest.source_sha256, "passes": visit.manifest.facts["verified"]["passes"]}
        source = visit.other.source
        model = None if source is None or source.sha256 != visit.manifest.source_sha256 else source.model
        trained = None if model is None else lift_in_place(model)
        return target.emit(visit.circuit, Options(visit.name, settings, row=row, about=about, trained=trained))
    except LgncError as error:
        return error


def other_files(visit: Visit, again: Artifact | LgncError, covered: set[str]) -> Station:
    """Scripts, projects and whatever no other station looks at: as this lgnc writes them, or named."""
    left = sorted(set(visit.manifest.files) - covered - {f"{visit.name}.lgir"})
    if not left:
        return Station("other files", True, "read", "none")
    if not isinstance(again, Artifact):
        return not_checked("other files", f"{', '.join(left[:4])}: {again}")
    odd = [name for name in left if visit.manifest.read(visit.path, name) != again.files.get(name)]
    if odd:
        return not_checked("other files", f"not as this lgnc writes them: {', '.join(odd[:4])}")
    return Station("other files", True, "read", f"{len(left)} files are as this lgnc writes them: {_some(left)}")


def _some(found: Sequence[str]) -> str:
    return ", ".join(found[:4]) + (" ..." if len(found) > 4 else "")
