"""`saguire workload`: a tenant's application that writes, and whether anything of it was lost."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from titanicarus.cli.options import JsonOption, LabOption
from titanicarus.cli.output import print_json, print_table, stdout
from titanicarus.cli.report import say
from titanicarus.cli.session import resume
from titanicarus.control import secrets
from titanicarus.control.passwords import passwords_of
from titanicarus.operations.workload import Workload, place_of, rows_of


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(workload)


def workload(  # noqa: PLR0917 - the options of one command
    name: Annotated[str, typer.Argument(help="A shard or a tenant; of a shard its first tenant with a database.")],
    seconds: Annotated[float, typer.Option(help="How long.")] = 10.0,
    island: Annotated[
        list[str] | None, typer.Option(help="Where clients run; may be repeated. Default: the tenant's home.")
    ] = None,
    clients: Annotated[int, typer.Option(min=1, max=64, help="How many clients in an island.")] = 4,
    rate: Annotated[float, typer.Option(help="Writes a second of a client that inserts; others half of it.")] = 10.0,
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write as a tenant's application would, steadily; then read back what is there and judge it.

    The clients insert rows (the first with a connection for each), increment counters and move amounts between
    accounts, in tables of their own (checker_*). Break something meanwhile. Exit code 1: a promise was broken.
    """
    session = resume(lab)
    keys = secrets.load(session.lab.fleet, session.lab.secrets)
    passwords = passwords_of(session.declaration, keys.passwords, keys.islands)
    place = place_of(session.lab, session.declaration, passwords, name, island or ())
    running = Workload(session.lab, place, clients=clients, rate=rate)
    running.start()
    try:
        time.sleep(seconds)
    except KeyboardInterrupt:
        stdout.print("stopped early; the figures so far:")
    report = running.judged()
    if as_json:
        print_json({"hosts": place.hosts, "shard": place.shard, "tenant": place.tenant, **report.to_json()})
    else:
        headings, *rows = report.figures.rows()
        print_table(headings, rows)
        say()
        tenures = rows_of(report)
        print_table(tenures[0] if tenures else [], (row.values() for row in tenures))
        say()
        say(f"read back from {report.survivor}: {report.verdict.summary()}")
        for sentence in report.verdict.sentences():
            say(sentence)
    raise typer.Exit(0 if report.verdict.holds else 1)
