"""`saguire join`: the first files of a machine that is to become a host."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from titanicarus.cli.options import LabOption
from titanicarus.cli.report import say
from titanicarus.cli.session import resume
from titanicarus.heal.incidents import moment
from titanicarus.operations.healing import span
from titanicarus.operations.joining import first_files, write_first_files


def register(app: typer.Typer) -> None:
    """Add this command to the app."""
    app.command()(join)


def join(
    host: Annotated[str, typer.Argument(help="The host whose place the machine takes.")],
    to: Annotated[Path, typer.Option("--to", help="The tar to write; unpack it at / before the first boot.")],
    span_: Annotated[str, typer.Option("--for", help="For how long it is good: 90s, 30min, 2h, 1d.")] = "1h",
    lab: LabOption = None,
) -> None:
    """Write the first files of a blank machine: with them it becomes the host by itself, once."""
    session = resume(lab)
    ticket, packed = first_files(session.lab, session.declaration, host, int(span(span_)))
    write_first_files(to, packed)
    say(
        f"{to}: who has it can be {host}, once, until {moment(ticket.ends)} UTC (ticket {ticket.number});"
        " remove it when the machine runs"
    )
