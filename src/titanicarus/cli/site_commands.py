"""Commands about one site of a tenant."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from titanicarus.cli.options import JsonOption, LabOption
from titanicarus.cli.output import print_json, stdout
from titanicarus.cli.session import resume
from titanicarus.operations import site_login


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command(name="login")(login)


def login(
    site: Annotated[str, typer.Argument(help="A site with `uploads: true` or `app: wordpress`.")],
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how people get in: the first user of a WordPress site, and where what is uploaded is reached by SFTP.

    Changing the password in WordPress makes this one useless.
    """
    session = resume(lab)
    found = site_login(session.lab, session.declaration, site)
    if as_json:
        print_json(dataclasses.asdict(found))
    else:
        rows = {"address": found.url, "user": found.user, "password": found.password, "files": found.sftp}
        for name, value in rows.items():
            if value is not None:
                stdout.print(f"{f'{name}:':<10}{value}", markup=False, soft_wrap=True)
