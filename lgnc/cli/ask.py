"""`lgnc ask`: questions to a network, answered by a proof or by a row that was replayed."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgnc.cli.output import check_output_file, json_option, percent, print_facts, print_json, print_table
from lgnc.cli.sections import SectionedCommand
from lgnc.cli.size import max_memory_option

if TYPE_CHECKING:
    from lgnc.flows.questions.answer import Answer, Answers

_SHOWN = 20


@click.command(
    "ask",
    cls=SectionedCommand,
    examples=(
        "lgnc ask iris.lgn --reachable setosa",
        "lgnc ask iris.lgn --robust iris --radius 0.1 --rows 20",
        "lgnc ask old.lgn new.lgn --equal-up-to setosa",
        "lgnc ask iris.lgn --unused --certificate unused.answers",
    ),
)
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path), required=False)
@click.option("--robust", metavar="DATA", help="Can a small change give its rows another class? A set, a file, a row.")
@click.option("--radius", help="With --robust: how far each number may move, in its own unit.")
@click.option("--steps", is_flag=True, help="With --robust: --radius counts thresholds.")
@click.option("--row", type=click.IntRange(0), help="With --robust: this row alone, from 0.")
@click.option("--rows", type=click.IntRange(1), help="With --robust: so many rows (100).")
@click.option("--split", help="With --robust: test (unless given), train, all, or file.")
@click.option("--label", help="With --robust: the label's column (the last).")
@click.option("--monotone", metavar="FEATURE", help="Does raising it move the class one way alone?")
@click.option("--class", "of_class", metavar="CLASS", help="With --monotone: of this class against the rest.")
@click.option("--unused", is_flag=True, help="Which columns cannot change the class?")
@click.option("--reachable", metavar="CLASS", help="Is there a row of the class?")
@click.option("--equal-up-to", metavar="CLASS", help="Is OTHER equal, but for rows that one of them gives the class?")
@click.option("--time-limit", type=click.FloatRange(0), default=10.0, show_default=True, help="Seconds per question.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--certificate", type=click.Path(path_type=Path), help="Write the proofs here.")
@click.option("--check", type=click.Path(path_type=Path), help="Replay the proofs of this file instead of searching.")
@max_memory_option
@json_option
def command(model: Path, other: Path | None, as_json: bool, **options: Any) -> int:
    """Ask a question about every row that MODEL can be given: the answer is a proof, or a row that shows it.

    MODEL: a model, a circuit, or a compiled folder, whose text is read back and proven to be its circuit.
    Exit code 0 when the answer is the good one (all rows safe; monotone; reachable; equal), 1 when not or undecided;
    of --unused, 0 when every column was decided.
    """
    from lgnc.flows.ask import ask

    check_output_file(options["certificate"])
    options["unused"] = options["unused"] or False
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        done = ask(model, other=other, **options)
    notes = [str(each.message) for each in told]
    if as_json:
        print_json({**done.as_json(), "notes": notes})
    else:
        _print(done, notes)
    return 0 if done.good else 1


def _print(done: Answers, notes: list[str]) -> None:
    facts: list[tuple[str, object]] = [("note", note) for note in notes]
    facts += [("question", done.said), ("asked of", done.asked_of), ("order", done.facts.get("order"))]
    if len(done.answers) > 1:
        facts += [(word, f"{count:,} of {len(done.answers):,}") for word, count in done.counts().items()]
    if done.question == "robust" and len(done.answers) > 1:
        facts += [
            ("safe", None),
            ("right and safe", percent(done.facts.get("right_and_safe"))),
            ("decided", percent(done.facts["decided"])),
            ("seconds", f"{done.facts['seconds_per_row']:.3g} per row, {done.facts['seconds_worst']:.3g} at most"),
        ]
    print_facts(facts)
    if len(done.answers) == 1 or done.question == "monotone":
        for answer in done.answers:
            _print_one(answer)
        return
    shown = [each for each in done.answers if each.word != "used"]
    if shown:
        click.echo()
        print_table(("about", "answer", "how", "shown by", "seconds"), map(_line, shown[:_SHOWN]), right=(4,))
    if len(shown) > _SHOWN:
        click.echo(f"and {len(shown) - _SHOWN} more (--json has all)")


def _line(answer: Answer) -> tuple[str, str, str, str, str]:
    """An answer as a row of the table."""
    told, witness = answer.detail, answer.witness
    if witness is not None and answer.found is not None:
        many = len(witness.changed)
        told = f"{many} column{'s' * (many != 1)} changed: {answer.found} -> {witness.classes[0]}"
    return answer.subject, answer.word, answer.how, told, f"{answer.seconds:.2f}"


def _print_one(answer: Answer) -> None:
    """An answer with all that its witness has."""
    detail = ", ".join(filter(None, (answer.how, answer.detail, f"{answer.seconds:.2f} s")))
    click.echo()
    print_facts([(answer.subject, f"{answer.word} ({detail})"), ("class", answer.found), ("label", answer.label)])
    witness = answer.witness
    if witness is None:
        return
    print_facts([("shown by", " -> ".join(witness.classes) if answer.found is None else witness.classes[0])])
    if witness.changed:
        print_facts((f"  {each.name}", f"{each.before} -> {each.after}") for each in witness.changed)
    if answer.found is None:
        values = [f"{name} {value}" for name, value in witness.rows[0].items()]
        more = f" and {len(values) - _SHOWN} more (--json has all)" if len(values) > _SHOWN else ""
        print_facts([("  row", ", ".join(values[:_SHOWN]) + more)])
