"""`saguire ssh`: sign in on a host as an operator."""

from __future__ import annotations

import getpass
import os
import shlex
import socket
from datetime import timedelta
from typing import Annotated

import typer

from titanicarus.cli.options import PASS_THROUGH, LabOption
from titanicarus.cli.session import resume
from titanicarus.control.operators import choose_operator
from titanicarus.operations.healing import span
from titanicarus.operations.ssh import open_ssh


def register(app: typer.Typer) -> None:
    """Add this command to the app."""
    app.command(context_settings=PASS_THROUGH)(ssh)


def ssh(  # noqa: PLR0917 - the options of one command
    context: typer.Context,
    host: Annotated[str, typer.Argument(help="The host's id.", metavar="HOST [-- COMMAND]")],
    operator: Annotated[
        str | None,
        typer.Option(help="Who you are; default: SAGUIRE_OPERATOR, or the only one in `operators:` of the policy."),
    ] = None,
    login: Annotated[str, typer.Option(help="As whom to sign in: root, or the operator's own name.")] = "root",
    span_: Annotated[str, typer.Option("--for", help="When the certificate ends: 10min, 8h; at most 12h.")] = "1h",
    lab: LabOption = None,
) -> None:
    """Sign in on a host over SSH, with a key and a certificate that are made for this one time.

    Needs no directory and no master. sshd's log there names the operator. Exit code: the command's; 255: no session.
    """
    session = resume(lab)
    words = context.args[1:] if context.args[:1] == ["--"] else context.args
    name = choose_operator(session.declaration.policy.operators, operator, os.environ)
    raise typer.Exit(
        open_ssh(
            session.lab,
            session.declaration,
            host,
            [shlex.join(words)] if words else [],
            operator=name,
            login=login,
            lasts=timedelta(seconds=span(span_)),
            by=f"{getpass.getuser()}@{socket.gethostname()}",
        )
    )
