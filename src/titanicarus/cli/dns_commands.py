"""What the world is told: `saguire plan`. Doing a plan is `saguire apply --plan`."""

from __future__ import annotations

import typer

from titanicarus.cli.options import JsonOption, LabOption
from titanicarus.cli.output import print_json
from titanicarus.cli.report import say
from titanicarus.cli.session import resume
from titanicarus.operations import plan_names


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(plan)


def plan(lab: LabOption = None, as_json: JsonOption = False) -> None:
    """Show what would be changed in Route53; `saguire apply --plan CHECKSUM` does exactly that."""
    session = resume(lab)
    found = plan_names(session.lab, session.declaration)
    if as_json:
        print_json(dict(found))
        return
    for line in found["lines"]:
        say(line)
    for reason in found["objections"]:
        say(f"needs --force: {reason}")
