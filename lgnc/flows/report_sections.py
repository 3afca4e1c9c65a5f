"""The sections of a report page, each from what is known; what is not known is said in a line and left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from lgnc.data.leave_out import notes_on
from lgnc.flows.network_table import COLUMNS, network_table
from lgnc.flows.report_rows import Rows
from lgnc.flows.report_subject import Folder, Subject
from lgnc.formats.record import is_image_shape
from lgnc.ir.circuit import Circuit
from lgnc.report.charts import confusion
from lgnc.report.circuits import features_blocks, functions_by_layer, functions_chart, parts_blocks, shape_chart
from lgnc.report.page import Bar, Block, Chart, Gallery, Picture, Section, Table, Text
from lgnc.report.pictures import picture
from lgnc.report.training import accuracy_rows, curve_charts, percent, recall_table, settings_table
from lgnc.sim.rows import image_shape

Shape = tuple[int, int, int]

_MOST_DRAWN_CLASSES = 40
_WRONG_ROWS, _WRONG_IMAGES, _WRONG_FEATURES = 20, 48, 8
_WRONG_PIXELS = 1 << 20
"""Pixels of all pictures of misclassified rows."""


def shape_in(subject: Subject) -> Shape | None:
    """Height, width and channels where the features are an image's pixels."""
    names = subject.circuit.encoder.names
    found = subject.model.meta.get("shape") if subject.model is not None else None
    if isinstance(found, list) and is_image_shape(found) and found[0] * found[1] * found[2] == len(names):
        return (found[0], found[1], found[2])
    return image_shape(names)


def data_section(subject: Subject, rows: Rows | None) -> list[Section]:
    """Classes with their counts, and what each column became."""
    blocks: list[Block] = []
    told = {} if rows is None or rows.told is None else rows.told
    if told:
        counts = told["classes"]
        most = max((one["train"] + one["test"] for one in counts), default=1) or 1
        lines = [
            (one["name"], f"{one['train']:,}", f"{one['test']:,}", Bar(f"{all_:,}", all_ / most))
            for one in counts
            for all_ in [one["train"] + one["test"]]
        ]
        how = f"{told['rows']['train']:,} training rows, {told['rows']['test']:,} test rows, {len(counts):,} classes"
        blocks += [Text(f"{how}, {told['features']:,} features of {told['dtype']}.{_image_text(subject)}")]
        blocks += [Table(("class", "training", "test", "rows"), lines, (1, 2), half=True)]
    columns = told.get("columns") or _columns(subject)
    if columns:
        keys = ("column", "became", "features", "remark")
        fates = [[one[key] for key in keys] for one in map(_remarked, columns)]
        blocks.append(Table(keys, fates, (2,), "What each column became", fold=len(columns) > 30))
    elif not told and (text := _image_text(subject)):
        blocks.append(Text(text.strip()))
    blocks += [Text(note) for note in (() if rows is None else rows.notes[:20])]
    return [Section("Data", blocks)] if blocks else []


def _image_text(subject: Subject) -> str:
    """What is said of images, or nothing."""
    if (shape := shape_in(subject)) is None:
        return ""
    height, width, channels = shape
    return f" Images of {height} x {width} pixels" + (f" of {channels} channels." if channels > 1 else ".")


def _columns(subject: Subject) -> list[dict[str, Any]]:
    """What a record of columns says without the data itself."""
    from lgnc.data.features import Schema

    if not subject.columns:
        return []
    schema = Schema.from_json(subject.columns, subject.name)
    if schema.shape is not None:
        return []
    columns: list[dict[str, Any]] = [
        {
            "name": plan.name,
            "became": "number" if plan.values is None else "categories",
            "features": len(plan.feature_names),
            "missing": plan.missing,
        }
        for plan in schema.columns
    ]
    return columns + [
        {"name": one.name, "became": "left out", "features": 0, "why": text.partition(": ")[2] or text}
        for one in schema.left_out
        for _, text in notes_on((one,))
    ]


def _remarked(column: Mapping[str, Any]) -> dict[str, Any]:
    remarks = [str(column["why"])] if column.get("why") else []
    remarks += ["missing cells: one more bit"] * bool(column.get("missing"))
    remarks += ["the same in every training row"] * bool(column.get("constant"))
    return {**column, "column": column["name"], "remark": "; ".join(remarks)}


def accuracy_section(subject: Subject, rows: Rows | None) -> list[Section]:
    """Figures beside each other, recall per class, and the confusion matrix."""
    record = subject.training
    lines = list(accuracy_rows(record))
    blocks: list[Block] = []
    recall = record.get("recall") if isinstance(record.get("recall"), dict) else None
    if rows is not None:
        figures = rows.figures
        recall, side = figures["recall"], f"{rows.side}, {len(rows.y):,} of {rows.total:,} rows"
        spread = f"{percent(rows.accuracy)} ± {100 * figures['standard_error']:.2f}"
        lines.append(("run for this page", side, spread, percent(figures["balanced_accuracy"])))
        if rows.train_accuracy is not None:
            lines.append(("run for this page", "training", percent(rows.train_accuracy), ""))
    if lines:
        blocks.append(Table(("", "rows", "accuracy", "balanced"), lines, (2, 3)))
    drawn, pairs = ([], []) if rows is None else _confusion(rows)
    found = [recall_table(recall, "test" if rows is None else rows.side)] if recall else []
    blocks += [*drawn, *found, *pairs]
    return [Section("Accuracy", blocks)] if blocks else []


def _confusion(rows: Rows) -> tuple[list[Block], list[Block]]:
    """The matrix, where it can be drawn, and the pairs of classes that are taken for each other most."""
    names = rows.classes
    drawn: list[Block] = []
    if len(names) <= _MOST_DRAWN_CLASSES:
        caption = f"{rows.side} rows; blue: right, red: wrong; as deep as the share of the label's rows"
        drawn.append(Chart("Confusion matrix", confusion(rows.confusion, names), caption, wide=len(names) > 16))
    lines = [(names[label], names[found], f"{count:,}") for label, found, count in rows.confused(8)]
    if not lines:
        return drawn, []
    return drawn, [Table(("label", "taken for", "rows"), lines, (2,), "Classes taken for others most", half=True)]


def training_section(subject: Subject, history: object) -> list[Section]:
    """The curves and the settings."""
    charts = curve_charts(history)
    blocks = charts + settings_table(subject.training.get("config"))
    return [Section("Training", blocks)] if blocks else []


def gates_section(subject: Subject) -> list[Section]:
    """Gates by function and layer, where they are, and the circuit's depth and fan-out."""
    blocks: list[Block] = []
    if subject.model is not None:
        header = [name.replace("_", " ") for name in COLUMNS]
        lines = [
            [f"{row[key]:,}" if isinstance(row[key], int) else row[key] for key in COLUMNS]
            for row in network_table(subject.model)
        ]
        blocks.append(Table(header, lines, (4, 5), "The network as trained"))
    if subject.source is not None:
        blocks += functions_chart(_trained_functions(subject), "Gates by function and layer, as trained", "trained")
    if subject.optimised:
        blocks += functions_chart(
            functions_by_layer(subject.circuit), "Gates by function and layer, after the passes", "optimised"
        )
    blocks += parts_blocks(subject.costs_before, subject.costs)
    blocks += shape_chart(subject.circuit)
    return [Section("Gates", blocks)]


def _trained_functions(subject: Subject) -> list[tuple[str, Any]]:
    """(layer, gates of each function): of a model its own, those of a kernel once."""
    model = subject.model
    if model is None:
        return functions_by_layer(subject.trained)
    layers = [(f"layer {n} ({each.layer.kind})", each.op) for n, each in enumerate(model.front, 1) if len(each.op)]
    layers += [(f"layer {n}", each.op) for n, each in enumerate(model.layers, len(model.front) + 1)]
    return [(name, np.bincount(op, minlength=16).astype(np.int64)) for name, op in layers]


def passes_section(subject: Subject) -> list[Section]:
    """What each pass removed, all its runs together."""
    removed: dict[str, list[int]] = {}
    gates = subject.before
    for name, after, _ in subject.passes:
        runs = removed.setdefault(name, [0, 0])
        runs[0] += 1
        runs[1] += gates - after
        gates = after
    if not removed:
        return []
    most = max(max(saved for _, saved in removed.values()), 1)
    lines = [
        (name, runs, Bar(f"{saved:,}", max(saved, 0) / most))
        for name, (runs, saved) in sorted(removed.items(), key=lambda item: -item[1][1])
    ]
    told = Text(f"{subject.before:,} gates became {gates:,}. A pass runs again until nothing changes.")
    return [Section("What the passes removed", [told, Table(("pass", "runs", "gates removed"), lines, (1,))])]


def features_section(subject: Subject) -> list[Section]:
    """The features that the circuit reads."""
    return [Section("Features read", features_blocks(subject.circuit, shape_in(subject)))]


def wrong_section(subject: Subject, rows: Rows | None) -> list[Section]:
    """Misclassified rows: pictures of images, a table of others."""
    if rows is None:
        return []
    shape = shape_in(subject)
    images = max(1, min(_WRONG_IMAGES, _WRONG_PIXELS // max(len(subject.circuit.encoder.names), 1)))
    worst = rows.worst(_WRONG_ROWS if shape is None else images)
    wrong = int((rows.y != rows.found).sum())
    if not worst:
        return [Section("Misclassified rows", [Text(f"None of {len(rows.y):,} {rows.side} rows.")])]
    told = f"{wrong:,} of {len(rows.y):,} {rows.side} rows; those whose label's score is furthest behind come first."
    blocks: list[Block] = [Text(told)]
    if shape is not None:
        pictures = []
        for place in worst:
            label, found = _answer(rows, place)
            lines = (f"row {rows.number[place]}", f"is {label}", f"taken for {found}")
            pictures.append(Picture(picture(rows.x[place], shape), lines))
        blocks.append(Gallery(pictures, 84))
    else:
        blocks.append(_wrong_table(subject.circuit, rows, worst))
    return [Section("Misclassified rows", blocks)]


def _answer(rows: Rows, place: int) -> tuple[str, str]:
    """The label and the class found, each with its score in brackets."""
    label, found = int(rows.y[place]), int(rows.found[place])
    scores = rows.scores[place]
    return f"{rows.classes[label]} ({scores[label]})", f"{rows.classes[found]} ({scores[found]})"


def _wrong_table(circuit: Circuit, rows: Rows, worst: list[int]) -> Table:
    """With the values of the features that are read most; those of codes are in the middle of their steps."""
    from lgnc.report.circuits import feature_reads

    reads, quantiser = feature_reads(circuit), circuit.encoder.quantiser
    x = rows.x[worst] if quantiser is None else quantiser.values(rows.x[worst])
    chosen = [k for k in np.argsort(-reads, kind="stable")[:_WRONG_FEATURES].tolist() if reads[k]]
    header = ["row", "label", "class found", *(circuit.encoder.names[k] for k in chosen)]
    lines = [
        [int(rows.number[place]), *_answer(rows, place), *(_number(row[k]) for k in chosen)]
        for place, row in zip(worst, x, strict=True)
    ]
    return Table(header, lines, (0, *range(3, len(header))), "With the features that are read most; scores in brackets")


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, np.floating) else str(int(value))


def folders_section(folders: Iterable[Folder], speeds: Mapping[str, tuple[str, str]]) -> list[Section]:
    """Sizes and speeds by target. speeds: folder -> (rows a second, answers that differ), of those that were run."""
    folders = list(folders)
    if not folders:
        return []
    lines = []
    for each in folders:
        costs, rate = each.manifest.facts["costs"], speeds.get(str(each.path), ("not run", ""))[0]
        numbers = (f"{count:,}" for count in (costs["gates"], costs["depth"], _bytes_of(each)))
        lines.append((each.manifest.target, each.path.name, *numbers, rate))
    header = ("target", "folder", "gates", "depth", "bytes of files", "rows a second")
    blocks: list[Block] = [Table(header, lines, (2, 3, 4, 5))]
    for each in folders:
        own = list(_own_facts(each.manifest.facts))
        if own:
            title = f"{each.manifest.target}: what its manifest says"
            blocks.append(Table(("", ""), own, title=title, fold=len(folders) > 1 or len(own) > 12))
    return [Section("Compiled folders", blocks)]


_COMMON = {
    "circuit_sha256", "classes", "columns", "costs", "encoder", "files", "lgnc_manifest", "manifest_sha256", "name",
    "outputs", "source_sha256", "stats", "tau", "target", "training", "verified",
}  # fmt: skip


def _own_facts(facts: Mapping[str, Any], at: str = "", deep: int = 0) -> Iterable[tuple[str, str]]:
    """The short facts of a manifest that are its target's own, those of objects in it under 'object, name'."""
    for key, value in facts.items():
        name = f"{at}{key}".replace("_", " ")
        if (at or key not in _COMMON) and value is not None:
            if isinstance(value, dict):
                yield from _own_facts(value, f"{name}, ", deep + 1) if deep < 2 else ()
            elif not isinstance(value, list):
                yield name, f"{value:,}" if type(value) is int else str(value)


def _bytes_of(folder: Folder) -> int:
    return sum(path.stat().st_size for path in (folder.path / name for name in folder.manifest.files) if path.is_file())


_HOW = {
    "proven": "proven by SAT: the optimised circuit is the source's function on every input",
    "exhaustive": "every input was tried: the optimised circuit is the source's function",
    "undecided": "not proven: the time limit came first",
    "not checked": "not checked (--no-prove)",
}


def verified_section(subject: Subject, rows: Rows | None, speeds: Mapping[str, tuple[str, str]]) -> list[Section]:
    """How each artefact is known to be right, as its manifest says, and by what was run for the page."""
    lines: list[tuple[str, str, str]] = []
    recorded = subject.training.get("test_accuracy")
    if rows is not None and type(recorded) in (int, float) and rows.side == "test" and len(rows.y) == rows.total:
        same = abs(float(recorded) - rows.accuracy) < 5e-9  # type: ignore[arg-type]
        says = "as the record says" if same else f"but the record says {percent(float(recorded))}"  # type: ignore[arg-type]
        lines.append((subject.name, "accuracy", f"the circuit, run on the test rows: {percent(rows.accuracy)}, {says}"))
    if subject.source is not None and not subject.folders and subject.optimised:
        how = "the circuit of this page was optimised for it, and not proven equal: `lgnc opt --prove` proves it"
        lines.append((subject.name, "passes", how))
    for each in subject.folders:
        name, manifest = each.path.name, each.manifest
        for key, value in manifest.facts["verified"].items():
            lines.append((name, str(key).replace("_", " "), _HOW.get(str(value), str(value))))
        lines.append((name, "files", f"all {len(manifest.files)} are as they were written (SHA-256)"))
        ran = speeds.get(str(each.path))
        told = "not run for this page: `lgnc verify` tests or proves them against the model"
        lines.append((name, "its code", told if ran is None else ran[1]))
    return [Section("How it is known to be right", [Table(("artefact", "what", "how"), lines)])] if lines else []
