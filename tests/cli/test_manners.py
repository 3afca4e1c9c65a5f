"""Help by subject, examples that parse, completion, and output that is short unless asked."""

from __future__ import annotations

import importlib
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from lgnc.cli.completion import SHELLS
from lgnc.cli.demo import _files
from lgnc.cli.main import COMMANDS, run
from lgnc.cli.sections import COMMON, SectionedCommand, SectionOption, section
from lgnc.formats.lgn import save_model
from tests.support import needs, random_model

Capture = pytest.CaptureFixture[str]
WITHOUT_EXAMPLES = {"doctor", "demo"}
"""They take no argument."""


def commands() -> dict[str, click.Command]:
    """Every command by its words, such as 'experiment gap'."""
    found: dict[str, click.Command] = {name: importlib.import_module(f"lgnc.cli.{name}").command for name in COMMANDS}
    groups = {name: each.commands for name, each in found.items() if isinstance(each, click.Group)}
    inside = {f"{name} {sub}": each for name, subs in groups.items() for sub, each in subs.items()}
    return {name: each for name, each in found.items() if name not in groups} | inside


def test_train_and_compile_show_common_options_first_and_every_option_once(capsys: Capture) -> None:
    for command in ("train", "compile"):
        assert run([command, "--help"]) == 0
        text = capsys.readouterr().out
        titles = [line[:-1] for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
        assert titles[:2] == ["Examples", COMMON]
        assert titles[-1] == "Other options"
        options = [param for param in _command(command).params if isinstance(param, click.Option)]
        for option in options:
            lines = [line for line in text.splitlines() if line.startswith("  -") and option.opts[-1] in _spelt(line)]
            assert len(lines) == 1, option.opts


def _command(name: str) -> click.Command:
    found: click.Command = importlib.import_module(f"lgnc.cli.{name}").command
    return found


def _spelt(line: str) -> list[str]:
    """The options that a line of a list begins with."""
    return line.strip().split("  ")[0].replace(",", " ").replace("/", " ").split()


def test_few_options_of_train_name_no_section() -> None:
    loose = [each.name for each in _command("train").params if not isinstance(each, SectionOption)]
    assert loose == ["data", "max_memory", "as_json"]


def test_an_option_without_a_section_comes_last(capsys: Capture) -> None:
    @click.command("toy", cls=SectionedCommand, examples=("toy --near",))
    @click.option("--last", help="Last.")
    @section("Second")("--far", help="Far.")
    @section(COMMON)("--near", help="Near.")
    def toy(**_: object) -> None: ...

    toy.main(["--help"], standalone_mode=False)
    words = capsys.readouterr().out.split()
    places = [words.index(word) for word in ("toy", "--near", "--far", "--last")]
    assert places[1:] == sorted(places[1:])


@pytest.mark.parametrize("name", sorted(commands().keys() - WITHOUT_EXAMPLES))
def test_help_has_examples_that_parse(name: str) -> None:
    command, words = commands()[name], name.split()
    assert isinstance(command, SectionedCommand)
    assert command.examples
    for line in command.examples:
        said = shlex.split(line.partition(" >")[0])
        assert said[: 1 + len(words)] == ["lgnc", *words]
        command.make_context(words[-1], said[1 + len(words) :])
    with pytest.raises(click.UsageError):
        command.make_context(words[-1], ["a", "b", "c", "--no-such-option"])


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_is_a_script_of_the_shell(shell: str, capsys: Capture) -> None:
    assert run(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert "_LGNC_COMPLETE" in text
    assert f"{shell}_complete" in text


def test_bash_completes_commands_and_options() -> None:
    def complete(words: str, count: int) -> list[str]:
        command = [sys.executable, "-c", "import sys; sys.argv[0] = 'lgnc'; from lgnc.cli.main import main; main()"]
        variables = {"_LGNC_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(count)}
        done = subprocess.run(command, env=variables, capture_output=True, text=True)
        return [line.partition(",")[2] for line in done.stdout.splitlines()]

    assert complete("lgnc comp", 1) == ["compile", "completion"]
    assert complete("lgnc train --val", 2) == ["--validation-fraction"]


@needs("torch")
def test_opt_prints_a_row_per_pass_only_when_asked(tmp_path: Path, capsys: Capture) -> None:
    model, out = tmp_path / "m.lgn", str(tmp_path / "m.lgir")
    save_model(random_model(0), model)
    assert run(["opt", str(model), "-o", out, "--prove"]) == 0
    short = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in short] == ["gates", "depth", "checked", "seconds"]
    assert "proven" in short[2] or "exhaustive" in short[2]
    assert run(["opt", str(model), "-o", out, "-v"]) == 0
    long = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("fold_constants ") for line in long) >= 1
    assert "checked" not in [line.split()[0] for line in long], "nothing was checked"


def test_the_demo_lists_two_files_and_counts_the_others() -> None:
    assert _files("c", ["CMakeLists.txt", "digits.c", "digits.h", "test.c"]) == "c/{digits.c, digits.h} and 2 more"
    assert _files("onnx", ["digits.onnx"]) == "onnx/{digits.onnx}"


@pytest.mark.parametrize(
    ("settings", "score", "trials", "said"),
    [
        ({}, 1.0, 1, "the defaults, 100.00 % of held-out training rows: nothing is left to gain"),
        ({}, 0.9, 1, "the defaults, 90.00 % of held-out training rows: no time or no setting was left for others"),
        ({}, 0.9, 4, "the defaults, 90.00 % of held-out training rows: of 4 trials none was ahead by more than chance"),
        (
            {"width": 300, "lr": 0.1}, 0.93, 4,
            "width 300, lr 0.1: 93.00 % of held-out training rows, "
            "3.00 +- 1.25 points ahead of the defaults, the best of 4 trials",
        ),
    ],
)  # fmt: skip
def test_what_a_search_says(settings: dict[str, object], score: float, trials: int, said: str) -> None:
    pytest.importorskip("optuna")
    from lgnc.cli.train import _found_text
    from lgnc.train import TrainConfig
    from lgnc.train.search import Found

    default = 1.0 if score == 1 else 0.9
    assert _found_text(Found(TrainConfig(), settings, score, default, 0.0125, trials)) == said
