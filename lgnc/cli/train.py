"""`lgnc train`: a data set to a model file."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgnc.cli.figures import accuracy_text, baseline_rows, class_rows
from lgnc.cli.output import check_output_file, json_option, percent, print_facts, print_json, progress_bar, rate
from lgnc.cli.sections import COMMON, SectionedCommand, section
from lgnc.cli.size import max_memory_option
from lgnc.diagnostics import BadInput
from lgnc.files import append_line
from lgnc.report.learning_curve import check_plot_path, plot_learning_curve
from lgnc.report.tensorboard import scalar_log

if TYPE_CHECKING:
    from lgnc.data import Dataset
    from lgnc.train import TrainConfig
    from lgnc.train.search import Found


class Widths(click.ParamType[tuple[int, ...]]):
    """'8000,2000,500' as a tuple of ints."""

    name = "W,W,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(int(word) for word in value.split(","))
        except ValueError:
            self.fail(f"'{str(value)[:40]}' is not a list of widths such as 4000,1000", param, ctx)


class Duration(click.ParamType[float]):
    """'90', '90s', '5m' or '1.5h' in seconds."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        match = re.fullmatch(r"([0-9]{0,12}\.?[0-9]{1,12})([smh]?)", str(value))
        if match is None:
            self.fail(f"'{str(value)[:40]}' is not a time such as 90s, 5m or 1.5h", param, ctx)
        return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


def _note(epoch: dict[str, Any]) -> str:
    """What the progress bar says of the last epoch."""
    gaps = f"{100 * epoch['selection_gap']:.1f} {100 * epoch['computation_gap']:.1f}"
    steps = rate(epoch["steps_per_second"])
    return f"epoch {epoch['epoch']}: {percent(epoch['accuracy'])}, gaps {gaps}, {steps} steps/s"


def _searched(dataset: Dataset, asked: TrainConfig, seconds: float, storage: str, as_json: bool) -> Found:
    """Search settings, and say in one line what was chosen."""
    from lgnc.train.search import search

    with progress_bar(quiet=as_json) as bar:
        task = bar.add_task("search", total=None, note="")
        note = lambda trial, score: bar.update(task, completed=trial, note=f"{percent(score)}")  # noqa: E731
        found = search(dataset, asked, seconds, storage, on_trial=note)
    if not as_json:
        print_facts([("search", _found_text(found))])
    return found


def _found_text(found: Found) -> str:
    """What a search chose, and how far that is ahead of the defaults."""
    score, trials = f"{percent(found.score)} of held-out training rows", f"{found.trials} trials"
    if found.trials == 1:
        why = "nothing is left to gain" if found.default == 1 else "no time or no setting was left for others"
        return f"the defaults, {score}: {why}"
    if not found.settings:
        return f"the defaults, {score}: of {trials} none was ahead by more than chance"
    what = ", ".join(f"{name} {value}" for name, value in found.settings.items())
    ahead = f"{100 * (found.score - found.default):.2f} +- {100 * found.error:.2f} points ahead of the defaults"
    return f"{what}: {score}, {ahead}, the best of {trials}"


_data, _network, _method, _steps, _images, _machine, _files = map(
    section, ("Data", "Network", "Method", "Training", "Images", "Machine and time", "Files")
)
_common = section(COMMON)


@click.command(
    "train",
    cls=SectionedCommand,
    examples=(
        "lgnc train iris -o iris.lgn",
        "lgnc train data.csv -o model.lgn --label species --drop id",
        "lgnc train train.csv -o model.lgn --test test.csv --width 500 --epochs 50",
        "lgnc train data.csv -o model.lgn --search 2m",
        "lgnc train mnist -o mnist.lgn --checkpoint mnist.checkpoint --resume",
    ),
)
@click.argument("data", metavar="DATA")
@_common("-o", "--output", required=True, type=click.Path(path_type=Path), help="The model file to write.")
@_common("--label", help="The label's column (the last unless given).")
@_common("--test", "test_file", metavar="FILE", help="The test rows, from a file of their own.")
@_common("--width", type=int, help="Gates a layer.")
@_common("--epochs", type=int, help="How often every training row is seen.")
@_common("--seed", type=int, help="Of everything random: the split, the network, the order of rows.")
@_common("--time-budget", type=Duration(), help="Stop within this time (90s, 5m, 1h) with the best model.")
@_common("--search", "search_time", type=Duration(), help="First choose settings by cross-validation, for this time.")
@_common("--config", type=click.Path(path_type=Path), help="Settings as TOML; flags win over them.")
@_common("--baselines", is_flag=True, help="Also train a random forest and a logistic regression, to compare.")
@_common("--plot", type=click.Path(path_type=Path), help="Draw the learning curve to this .png, .svg or .pdf.")
@_data("--keep", multiple=True, metavar="COLUMN", help="Train on this column whatever it looks like.")
@_data("--drop", multiple=True, metavar="COLUMN", help="Leave this column out.")
@_data("--na", multiple=True, metavar="TEXT", help="A text that means a missing cell, beside NA, null, ...")
@_data("--bins", type=int, help="Cut a label that is a measurement into N classes (0: each number is one).")
@_data("--min-class-rows", type=int, help="Leave out classes with fewer rows (2, if two others stay).")
@_data("--match-case", is_flag=True, help="Labels that differ in case alone are different classes.")
@_data("--balance/--no-balance", default=None, help="Every class weighs the same, however few its rows are.")
@_data("--test-fraction", type=float, help="Share of the rows held out, where a data set has no test rows.")
@_data("--split", default="random", show_default=True, help="random, or last: the last rows are for test.")
@_data("--group", metavar="COLUMN", help="Rows that agree in this column are all for training or all for test.")
@max_memory_option
@_network("--layers", type=int, help="Layers of gates.")
@_network("--widths", type=Widths(), help="One width per layer, instead of --layers and --width.")
@_network("--preset", help="A published network: logictreenet-s, logictreenet-m or logictreenet-mnist.")
@_network("--members", type=int, help="Networks side by side, each with a loss of its own; their scores add up.")
@_network("--node", help="tree2 (one gate a neuron), tree4 or tree6: trees that fill a LUT4 or a LUT6.")
@_network("--constants/--no-constants", default=None, help="Whether a gate may become constant.")
@_network("--wiring", help="random, structured, learned, words:32 or words:64.")
@_network("--opcodes", help="Of words: of each gate, of each word, or of hidden layers' words.")
@_network("--candidates", type=int, help="Candidates a pin, for learned wiring.")
@_network("--candidates-from", help="all of the layer below, or local: what lies near in the image.")
@_network("--redraw", type=float, help="Draw new candidates after each epoch in this share of training.")
@_network("--encoder", help="thermometer:N, quantile:N or binary.")
@_network("--fixed-point", help="int16 or int8: codes for float features, so that comparisons are of integers.")
@_network("--inputs", help="bits, or real for ramps between thresholds.")
@_network("--group-tau", type=float, help="GroupSum temperature.")
@_network("--init", help="gaussian, residual:STRENGTH or edges:STRENGTH.")
@_method("--method", help="hard-st, gumbel-st, soft-mix or soft-gumbel.")
@_method("--cage/--no-cage", default=None, help="Backward temperature from confidence, or --temperature.")
@_method("--temperature", type=float, help="Gate temperature: with CAGE, of soft methods' forward pass.")
@_method("--wiring-temperature", type=float, help="Temperature of the candidates' softmax.")
@_steps("--steps", type=int, help="Batches to train on, instead of --epochs.")
@_steps("--batch-size", type=int, help="Rows a step.")
@_steps("--lr", type=float, help="Peak learning rate.")
@_steps("--weight-decay", type=float, help="AdamW's weight decay.")
@_steps("--warmup", type=float, help="Share of the steps in which the rate rises.")
@_steps("--schedule", help="cosine or constant.")
@_steps("--validation-fraction", type=float, help="Share of the training rows that chooses the best epoch.")
@_images("--shifts", type=int, help="Augment images by shifts of up to N pixels.")
@_images("--flips/--no-flips", default=None, help="Augment images by mirroring.")
@_images("--rotate", type=float, help="Augment images by turns of up to N degrees.")
@_images("--zoom", type=float, help="Augment images by zooms and shears of up to this share.")
@_images("--elastic", type=float, help="Augment images by smooth warps of up to N pixels.")
@_images("--augment", type=float, help="The share of samples that is augmented.")
@_machine("--device", help="auto, cpu or cuda.")
@_machine("--engine", help="auto, packed, triton or torch.")
@_machine("--threads", type=int, help="CPU threads (all cores unless given).")
@_files(
    "--checkpoint",
    type=click.Path(path_type=Path),
    help="The state after each epoch (OUTPUT with .checkpoint).",
)
@_files("--resume", is_flag=True, help="Go on from the checkpoint, bit for bit.")
@_files("--storage", metavar="URL", help="The database of --search (SQLite: OUTPUT with .search.db).")
@_files("--log", type=click.Path(path_type=Path), help="Append one JSON line per epoch to this file.")
@_files("--tensorboard", type=click.Path(path_type=Path), help="Write TensorBoard scalars to this folder.")
@json_option
def command(
    data: str,
    output: Path,
    config: Path | None,
    label: str | None,
    keep: tuple[str, ...],
    drop: tuple[str, ...],
    bins: int | None,
    min_class_rows: int | None,
    match_case: bool,
    test_file: str | None,
    group: str | None,
    split: str,
    na: tuple[str, ...],
    max_memory: int | None,
    checkpoint: Path | None,
    resume: bool,
    log: Path | None,
    tensorboard: Path | None,
    search_time: float | None,
    storage: str | None,
    baselines: bool,
    plot: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Train a network on DATA: digits, mnist, cifar10 and so on, or a file: CSV, JSON lines, ARFF, NPZ, Parquet."""
    for path in (output, plot, checkpoint):
        check_output_file(path)
    if output.suffix != ".lgn":
        raise BadInput("a model file ends in .lgn", where=str(output), fix=f"give {output.with_suffix('.lgn')}")
    if plot is not None:
        check_plot_path(plot)
    state = checkpoint or output.with_suffix(".checkpoint")
    if log is not None:
        append_line(log, "")
    from lgnc.toolchain import require_package

    require_package("torch")
    if baselines:
        require_package("scikit-learn")
    if storage is not None and search_time is None:
        raise BadInput("is the database of a search", where="--storage", fix="give --search TIME with it")
    if search_time is not None:
        require_package("optuna")
    from lgnc.data import Choices, load_dataset
    from lgnc.data.summary import summarise, summary_lines
    from lgnc.formats.lgn import save_model
    from lgnc.train import TrainConfig
    from lgnc.train.ranks import rank

    settings = {key: value for key, value in flags.items() if value is not None}
    chosen = TrainConfig.from_toml(config, **settings) if config else TrainConfig.from_dict(settings, where="train")
    held_out: dict[str, Any] = {} if chosen.test_fraction is None else {"test_fraction": chosen.test_fraction}
    choices = Choices(keep, drop, min_class_rows, bins, match_case, split, group, test_file)
    if test_file is not None and held_out:
        fix = "leave out --test-fraction"
        raise BadInput("the test rows are those of a file", where=f"--test {test_file}", fix=fix)
    dataset = load_dataset(
        data, label=label, seed=chosen.seed, choices=choices, na=na, max_memory=max_memory, **held_out
    )
    if not as_json and rank() == 0:
        print_facts(summary_lines(dataset))
    from lgnc.train import train  # PyTorch is imported once the input is known to be usable

    found = None
    if search_time is not None:
        if not as_json and (group is not None or split == "last"):
            print_facts([("note", "the search holds out rows of any group or time: its accuracies may be too high")])
        found = _searched(
            dataset, chosen, search_time, storage or f"sqlite:///{output.with_suffix('.search.db')}", as_json
        )
        chosen = found.config

    with ExitStack() as stack:
        bar = stack.enter_context(progress_bar(quiet=as_json or rank() > 0))
        shown = stack.enter_context(scalar_log(tensorboard)) if tensorboard is not None and rank() == 0 else None
        task = bar.add_task("", total=None, note="")

        def on_epoch(epoch: dict[str, Any]) -> None:
            bar.update(task, note=_note(epoch))
            if log is not None:
                append_line(log, json.dumps(epoch) + "\n")
            if shown is not None:
                shown.write(epoch)

        def on_step(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        result = train(dataset, chosen, on_epoch=on_epoch, on_step=on_step, checkpoint=state, resume=resume)
    if rank() > 0:
        return
    if baselines:
        from lgnc.train.baselines import baselines as simple_models

        compared = {"baselines": simple_models(dataset, chosen.seed)}
        result.model.meta["training"].update(compared)
        result.report.update(compared)
    save_model(result.model, output)
    if checkpoint is None:
        state.unlink(missing_ok=True)
    report = result.report
    if found is not None:
        report["search"] = {key: value for key, value in asdict(found).items() if key != "config"}
    if plot is not None:
        plot_learning_curve(report["history"], plot, title=data)
    if as_json:
        print_json({"output": str(output), **report, "data": summarise(dataset)})
        return
    print_facts(
        [
            ("model", output),
            ("gates", f"{report['gates']:,}, {report['inputs']:,} input bits, {report['classes']} classes"),
            ("test accuracy", accuracy_text(report["test_accuracy"], report)),
            ("training rows", percent(report["train_accuracy"])),
            *class_rows(report),
            *baseline_rows(report),
            ("selection gap", f"{100 * report['selection_gap']:.2f} points"),
            ("computation gap", f"{100 * report['computation_gap']:.2f} points"),
            ("time", f"{report['seconds']:.1f} s, {rate(report['samples_per_second'])} samples/s"),
            ("next", f"lgnc compile {output} -t c -o DIR"),
        ]
    )
