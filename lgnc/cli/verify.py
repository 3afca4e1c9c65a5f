"""`lgnc verify`: whether two things are the same function, and how that is known."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from lgnc.cli.figures import station_fact
from lgnc.cli.output import check_output_file, json_option, print_facts, print_json, progress_bar
from lgnc.cli.sections import SectionedCommand

if TYPE_CHECKING:
    from lgnc.verify.verdict import Verdict

CLAIMS = ("scores", "class")


@click.command(
    "verify",
    cls=SectionedCommand,
    examples=(
        "lgnc verify iris.lgn iris-c",
        "lgnc verify before.lgir after.lgir --claim class",
        "lgnc verify a.lgn b.lgn --certificate a-b.certificate",
    ),
)
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--vectors", type=click.IntRange(1), help="Rows that a compiled folder is run on.")
@click.option("--engine", help="What runs a compiled folder: its target's default unless given.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--claim", type=click.Choice(CLAIMS), help="What must be equal: scores (unless given), or the class alone."
)
@click.option("--goal", type=click.Choice(CLAIMS), hidden=True)
@click.option("--time-limit", type=click.FloatRange(0), help="Seconds for a proof (60), and for each run of a tool.")
@click.option("--workers", type=click.IntRange(1), help="Processes that prove (all cores unless given).")
@click.option("--second-reader", is_flag=True, help="Read Verilog without a clock through yosys too.")
@click.option("--certificate", type=click.Path(path_type=Path), help="Write the proof here.")
@click.option("--check", type=click.Path(path_type=Path), help="Replay this certificate instead of proving.")
@json_option
def command(
    a: Path,
    b: Path,
    vectors: int | None,
    engine: str | None,
    seed: int,
    claim: Literal["scores", "class"] | None,
    goal: Literal["scores", "class"] | None,
    time_limit: float | None,
    workers: int | None,
    second_reader: bool,
    certificate: Path | None,
    check: Path | None,
    as_json: bool,
) -> int:
    """Say whether A and B are the same function: each a model, a circuit file or a compiled folder.

    With --claim class, whether they choose the same class for every input, whatever their scores are. A folder is asked
    about station by station, each answer with how it is known; the word for all is the weakest of them.
    Exit code 0 when equal, 1 when not or when undecided.
    """
    from lgnc.flows.compare import replay_certificate, verify, write_certificate

    if certificate is not None and check is not None:
        raise click.UsageError("--certificate and --check exclude each other")
    check_output_file(certificate)
    asked = claim or goal or "scores"
    with progress_bar(quiet=as_json) as bar:
        bar.add_task("verify", total=None, note="")
        if check is not None:
            verdict = replay_certificate(a, b, check, claim=asked, time_limit=time_limit)
        elif certificate is not None:
            verdict = write_certificate(a, b, certificate, claim=asked, time_limit=time_limit, seed=seed)
        else:
            count = workers or os.cpu_count() or 1
            verdict = verify(
                a,
                b,
                claim=asked,
                vectors=vectors,
                seed=seed,
                time_limit=time_limit,
                engine=engine,
                workers=count,
                second_reader=second_reader,
            )
    result = {
        "equal": verdict.equal,
        "claim": asked,
        "how": verdict.how,
        "vectors": verdict.vectors,
        "counterexample": verdict.counterexample,
        "seconds": round(verdict.seconds, 3),
        "detail": verdict.detail,
        "stations": [station.as_json() for station in verdict.stations],
    }
    if as_json:
        print_json(result)
    else:
        _print(verdict, asked)
    return 0 if verdict.equal else 1


def _print(verdict: Verdict, asked: str) -> None:
    """What people read: the answer, with what was not checked, and a line for each station."""
    answer = {True: "yes", False: "NO", None: "undecided"}[verdict.equal]
    answer += "" if asked == "scores" else ", the class alone"
    if verdict.equal and verdict.unchecked:
        answer += f", but not checked: {', '.join(verdict.unchecked)}"
    facts: list[tuple[str, object]] = [
        ("equal", answer),
        ("how", f"{verdict.how}, the weakest of {len(verdict.stations)}" if verdict.stations else verdict.how),
        ("vectors", f"{verdict.vectors:,}" if verdict.vectors else None),
        ("detail", (verdict.detail or None) if not verdict.equal or not verdict.stations else None),
        ("counterexample", verdict.counterexample),
        ("seconds", f"{verdict.seconds:.2f}"),
    ]
    print_facts([*facts, *(station_fact(station.as_json()) for station in verdict.stations)])
