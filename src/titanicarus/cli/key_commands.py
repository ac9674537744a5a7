"""`saguire keys`: which certificates are where and when they end; new keys, and keys that do not count any more."""

from __future__ import annotations

import getpass
import socket
from datetime import UTC, datetime
from typing import Annotated

import typer

from titanicarus.cli.options import JsonOption, LabOption
from titanicarus.cli.output import print_json, print_table
from titanicarus.cli.report import say
from titanicarus.cli.session import resume
from titanicarus.keys.view import Row
from titanicarus.operations import renewing
from titanicarus.operations.keys import list_keys

app = typer.Typer(help="Keys and certificates: what is where, and when it ends.", no_args_is_help=True)
MOST_NAMED = 3
"""So many hosts are named in a row; of more, how many."""


@app.callback()
def keys() -> None:
    """Keys and certificates: what is where, and when it ends."""


@app.command("list")
def show(
    sites: Annotated[bool, typer.Option("--sites", help="A row for each site, not for each island.")] = False,
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every certificate that a host has now, the authorities, and operators' certificates that have not ended.

    Exit code 1 when something is to be done, or when a host gave no answer.
    """
    session = resume(lab)
    told = list_keys(session.lab, session.lab.fleet, sites=sites)
    if as_json:
        print_json(told.to_json())
    else:
        print_table(["what", "of", "where", "ends", "state"], (_cells(row) for row in told.rows))
        for problem in told.problems:
            say(problem)
        for host, reason in sorted(told.silent.items()):
            say(f"{host} gave no answer: {reason}")
    raise typer.Exit(0 if told.well else 1)


@app.command()
def rotate(
    what: Annotated[str, typer.Argument(help="A host, a site, sftp.ISLAND, or `operators`.")],
    lab: LabOption = None,
) -> None:
    """Make a new key: for a host (TLS and SSH), a site, an island's SFTP, or to sign operators' certificates with.

    It counts from the next push and apply on.
    """
    session = resume(lab)
    say(renewing.rotate(session.lab, session.declaration, what))


@app.command()
def revoke(
    what: Annotated[
        str,
        typer.Argument(
            help="A host, an operator, the number of a certificate, a fingerprint, a file with a public key."
        ),
    ],
    why: Annotated[str, typer.Option(help="For those who read the list later.")] = "",
    lab: LabOption = None,
) -> None:
    """Let no host take an SSH key any more, whoever has it, from the next push and apply on. A host gets a new one."""
    session = resume(lab)
    by = f"{getpass.getuser()}@{socket.gethostname()}"
    for one in renewing.revoke(session.lab, session.declaration, what, why=why, by=by, now=datetime.now(UTC)):
        say(f"revoked: {one.what}, {one.fingerprint}")
    say(f"no host takes it after the next `{renewing.NEXT}`")


def _cells(row: Row) -> list[str]:
    where = ", ".join(row.where) if len(row.where) <= MOST_NAMED else f"{len(row.where)} hosts"
    ends = datetime.fromtimestamp(row.ends, UTC)
    return [row.kind, row.name, where, f"{ends:%Y-%m-%d %H:%M}", row.state]
