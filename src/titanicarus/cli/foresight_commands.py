"""`saguire simulate`: what would happen now if something were lost."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from titanicarus.cli.options import JsonOption, LabOption
from titanicarus.cli.output import print_json, print_table
from titanicarus.cli.report import say
from titanicarus.cli.session import resume
from titanicarus.foresight import BadScenario, Effect, foresee, look, parse
from titanicarus.operations import OperationFailed


def register(app: typer.Typer) -> None:
    """Add this command to the app."""
    app.command()(simulate)


def simulate(
    lost: Annotated[list[str], typer.Argument(help="Hosts, islands, `aws`, `tunnels`; together.", metavar="WHAT...")],
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what would happen now if this were lost, by the fleet as it is. Nothing is changed."""
    session = resume(lab)
    declaration = session.declaration
    try:
        scenario = parse(lost, declaration.fleet)
    except BadScenario as error:
        raise OperationFailed(str(error)) from error
    found = foresee(declaration.fleet, look(session.lab), scenario, declaration.policy.lease_max_lag)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    print_table(
        ("service", "of", "users notice", "what happens"),
        [(one.service, one.about, _WORDS[one.effect], one.sentence) for one in found],
    )
    worst = [one for one in found if one.effect is Effect.STOPS]
    say(f"{len(worst)} of {len(found)} would stop" if worst else "nothing would stop")


_WORDS = {
    Effect.NOTHING: "nothing",
    Effect.WAIT: "a wait",
    Effect.THINNER: "nothing yet",
    Effect.STOPS: "IT STOPS",
}
