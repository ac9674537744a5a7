"""`saguire fault run` and `saguire fault storm`: the contract of docs/faults.md, tried and judged."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from titanicarus.cli.options import JsonOption, LabOption
from titanicarus.cli.output import Progress, print_error, print_json, print_table
from titanicarus.cli.report import say
from titanicarus.cli.session import ROOT, resume
from titanicarus.drill import books
from titanicarus.drill.contract import Bound, Promise, Ruler, UnknownRow, chosen
from titanicarus.drill.lab_world import LabWorld
from titanicarus.drill.report import worst
from titanicarus.drill.result import Ran, Stormed
from titanicarus.drill.run import Broken, run_row, run_storm
from titanicarus.drill.storm import may_sink

INTERRUPTED = 130
SeedOption = Annotated[int, typer.Option("--seed", help="Chooses the victims: the same fleet and seed, the same ones.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="The folder for report.html and report.json; default: below the lab's.")
]
DocsOption = Annotated[bool, typer.Option("--docs", help="Also write the results into docs/fault-report.md.")]


def register(app: typer.Typer) -> None:
    """Add these commands to those of `saguire fault`."""
    app.command()(run)
    app.command()(storm)


def run(  # noqa: PLR0917 - the options of one command
    rows: Annotated[list[int] | None, typer.Argument(help="Rows of docs/faults.md by number; default: all.")] = None,
    seed: SeedOption = 1,
    times: Annotated[int, typer.Option(min=1, help="How often each row.")] = 1,
    out: OutOption = None,
    docs: DocsOption = False,
    list_: Annotated[bool, typer.Option("--list", help="Only say which rows there are, and what is promised.")] = False,
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run rows of the fault matrix with everything measured, and hold what users felt against what is promised.

    What is broken is mended, also on Ctrl-C. Exit code 1: a promise was not kept, or something could not be mended.
    """
    try:
        promises = chosen(rows or ())
    except UnknownRow as error:
        raise typer.BadParameter(str(error)) from error
    if list_:
        print_table(("row", "fault", "promised: gap in seconds", "on the way back"), map(_promised, promises))
        return
    session = resume(lab)
    progress = Progress()
    folder = books.folder_for(session.lab.layout, out)
    title = f"Faults of {session.lab.fleet.name}, seed {seed}"
    ran: list[Ran] = []
    ended = 0
    with _ended_politely(), session.lab.hold("fault run"):
        world = LabWorld(session.lab, session.declaration, progress)
        try:
            for promise in promises:
                for number in range(times):
                    ran.append(run_row(world, promise.number, seed, number, progress))
                    _tell(ran[-1], progress)
                    books.write(folder, title, ran)
        except Broken as error:
            print_error(str(error))
            ended = 1
        except KeyboardInterrupt:
            print_error("stopped; what was broken is mended, and the report has what was run so far")
            ended = INTERRUPTED
    page = books.write(folder, title, ran)
    if docs and ran:
        progress(f"{books.write_docs(ROOT, ran)} has the new figures")
    if as_json:
        print_json({"rows": [one.document() for one in ran], "report": str(page)})
    else:
        print_table(("row", "fault", "longest gaps", "verdict"), map(_line, ran))
        for problem in (f"row {one.row}: {told}" for one in ran for told in one.problems):
            say(problem)
        say(f"the report is {page}")
    raise typer.Exit(ended or (0 if ran and all(one.clean for one in ran) else 1))


def storm(  # noqa: PLR0917 - the options of one command
    minutes: Annotated[float, typer.Option(min=2, help="How long; nothing new is broken in the last one.")] = 20.0,
    seed: SeedOption = 1,
    islands: Annotated[
        bool, typer.Option("--islands", help="One island is lost as well; with it, what it had not shipped.")
    ] = False,
    out: OutOption = None,
    docs: DocsOption = False,
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Break things at random, never more at once than the design promises to survive, and judge everything.

    What is broken is mended, also on Ctrl-C. Exit code 1: something was lost, two wrote, the fleet did something that
    no fault explains, users felt more than is promised, or something could not be mended.
    """
    session = resume(lab)
    progress = Progress()
    folder = books.folder_for(session.lab.layout, out)
    with _ended_politely(), session.lab.hold("fault storm"):
        world = LabWorld(session.lab, session.declaration, progress)
        try:
            sinkable = may_sink(world.look(()), seed) if islands else ""
            stormed = run_storm(world, minutes, seed, progress, sinkable=sinkable)
        except Broken as error:
            print_error(str(error))
            raise typer.Exit(1) from error
    page = books.write(folder, f"Storm over {session.lab.fleet.name}, seed {seed}", (), [stormed])
    if docs:
        progress(f"{books.write_docs(ROOT, (), [stormed])} has the new figures")
    if as_json:
        print_json({**stormed.document(), "report": str(page)})
    else:
        _tell_storm(stormed)
        say(f"the report is {page}")
    raise typer.Exit(0 if stormed.verdict.clean else 1)


@contextmanager
def _ended_politely() -> Iterator[None]:
    """Let what ends a program also end it so that it mends first, as Ctrl-C does; put back afterwards."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    # Who began it so that it outlives the terminal (nohup) means that.
    numbers += [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    before = {number: signal.signal(number, _interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _promised(promise: Promise) -> tuple[object, ...]:
    def words(bounds: Mapping[Ruler, Bound]) -> str:
        none = ", no failure"
        return "; ".join(f"{ruler} {one.gap:g}{none if one.failures == 0 else ''}" for ruler, one in bounds.items())

    return promise.number, promise.title, words(promise.fault), words(promise.back)


def _tell(one: Ran, progress: Progress) -> None:
    progress(f"row {one.row}, run {one.run + 1}: {'kept' if one.clean else 'NOT KEPT'}: {_gaps(one)}")
    for problem in one.problems:
        progress(f"row {one.row}: {problem}")


def _gaps(one: Ran) -> str:
    return ", ".join(f"{ruler} {seconds:.2f} s" for ruler, seconds in worst(one.felts).items()) or "nothing measured"


def _line(one: Ran) -> tuple[object, ...]:
    return one.row, one.title, _gaps(one), "kept" if one.clean else "not kept"


def _tell_storm(stormed: Stormed) -> None:
    print_table(("figure", ""), stormed.figures().items())
    for heading, told in stormed.verdict.parts().items():
        for sentence in told:
            say(f"{heading}: {sentence}")
    say("clean" if stormed.verdict.clean else "NOT CLEAN")
