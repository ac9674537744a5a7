"""Commands about one site of a tenant."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from titanicarus.cli.options import JsonOption, LabOption
from titanicarus.cli.output import print_json, stdout
from titanicarus.cli.session import resume
from titanicarus.operations import first_login


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command(name="login")(login)


def login(
    site: Annotated[str, typer.Argument(help="A site with `app: wordpress`.")],
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how the first person signs in to a WordPress site. Changing the password there makes this one useless."""
    session = resume(lab)
    found = first_login(session.lab, session.declaration, site)
    if as_json:
        print_json(dataclasses.asdict(found))
    else:
        stdout.print(f"{found.url}\nuser:     {found.user}\npassword: {found.password}", markup=False, soft_wrap=True)
