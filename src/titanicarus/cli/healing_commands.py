"""Commands of the fleet that heals itself: incidents, explain, pause, resume, maintenance, heal, notify."""

from __future__ import annotations

import getpass
import socket
import time
from dataclasses import asdict
from typing import Annotated

import typer

from titanicarus.cli.options import JsonOption, LabOption
from titanicarus.cli.output import Progress, print_json, print_table
from titanicarus.cli.report import say
from titanicarus.cli.session import Session, resume
from titanicarus.heal.holds import FLEET, documents
from titanicarus.heal.incidents import explain as explained
from titanicarus.heal.incidents import moment
from titanicarus.operations.healing import Told, bring_back, find, hold, listen, span, try_notifying
from titanicarus.operations.healing import heal as heal_unit

ForOption = Annotated[str | None, typer.Option("--for", help="For how long: 90s, 30min, 2h, 1d.")]
WhyOption = Annotated[str, typer.Option("--why", help="Words for whoever asks.")]
ScopeArgument = Annotated[str, typer.Argument(help="A host or an island.", metavar="HOST|ISLAND")]


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(incidents)
    app.command()(explain)
    app.command()(pause)
    app.command("resume")(end_hold)
    app.command()(maintenance)
    app.command()(heal)
    app.command()(notify)


def incidents(
    last: Annotated[int, typer.Option("--last", help="How many.", min=1)] = 20,
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what the fleet noticed and did by itself; the newest last."""
    session = resume(lab)
    told = listen(session.lab, session.declaration)
    if as_json:
        print_json(
            {
                "incidents": [one.document() for one in told.incidents[-last:]],
                "holds": documents(told.holds),
                "out": [asdict(one) for one in told.out],
                "silent": dict(told.silent),
                "problems": list(told.problems),
            }
        )
        return
    rows = [(one.id, moment(one.at), one.result, one.sentence) for one in told.incidents[-last:]]
    print_table(("incident", "when (UTC)", "result", "what"), rows) if rows else say("no incident so far")
    _remarks(told)


def _remarks(told: Told) -> None:
    for standing in told.holds:
        say(f"in force: {standing.sentence(time.time())}")
    for one in told.out:
        words = "is being brought back, and nobody has seen yet that Route53 took it" if one.returning else "is out"
        say(f"{one.island} {words}: its share of new users is 0 until it is well, since {moment(one.since)}")
    for host, reason in sorted(told.silent.items()):
        say(f"{host} was not asked: {reason}")
    for problem in told.problems:
        say(f"TAMPERED: {problem}")


def explain(
    incident: Annotated[str, typer.Argument(help="Its id, or how it begins or ends.")],
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell an incident: what was seen by whom, which rule decided and why not the others, what was done, how long."""
    session = resume(lab)
    told = listen(session.lab, session.declaration)
    found = find(told, incident)
    if as_json:
        print_json(found.document())
        return
    for line in explained(found):
        say(line)
    _remarks(told)


def pause(span_: ForOption = None, why: WhyOption = "", lab: LabOption = None) -> None:
    """Let nothing be healed anywhere until `resume`, or for some time. Nothing that runs is stopped."""
    _hold(resume(lab), FLEET, span(span_) if span_ else None, why)


def maintenance(
    scope: ScopeArgument,
    span_: Annotated[str, typer.Option("--for", help="For how long: 90s, 30min, 2h, 1d.")],
    why: WhyOption = "",
    lab: LabOption = None,
) -> None:
    """Let nothing be healed on a host or in an island for some time: somebody works there."""
    _hold(resume(lab), scope, span(span_), why)


def end_hold(
    scope: Annotated[
        str | None, typer.Argument(help="End the maintenance of a host or an island; default: the pause.")
    ] = None,
    lab: LabOption = None,
) -> None:
    """End a pause, or the maintenance of a host or an island."""
    _hold(resume(lab), scope or FLEET, 0.0, "")


def _hold(session: Session, scope: str, seconds: float | None, why: str) -> None:
    by = f"{getpass.getuser()}@{socket.gethostname()}"
    new, failed = hold(session.lab, session.declaration, scope, seconds, by=by, why=why)
    if seconds == 0.0:
        say(f"healing goes on{'' if scope == FLEET else f' in {scope}'}, if nothing else holds it")
    else:
        say(f"in force: {new.sentence(new.at)}")
    for host, reason in sorted(failed.items()):
        say(f"{host} was not told: {reason}")
    raise typer.Exit(1 if failed else 0)


def heal(
    scope: ScopeArgument,
    unit: Annotated[str, typer.Argument(help="Of a host: the unit that should run, such as nginx.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look, and say what would be done.")] = False,
    lab: LabOption = None,
) -> None:
    """Have a unit of a host seen to now, or the return of an island that was taken out, as the fleet does it by itself:
    pauses, budgets and waiting times do not count, locks and facts do."""
    session = resume(lab)
    if unit:
        say(heal_unit(session.lab, session.declaration, scope, unit, dry=dry_run, say=Progress()))
    else:
        say(bring_back(session.lab, session.declaration, scope, dry=dry_run, say=Progress()))


def notify(lab: LabOption = None) -> None:
    """Try whether people can be told: a trial from each island, by every channel that the policy names."""
    session = resume(lab)
    told, silent = try_notifying(session.lab, session.declaration)
    for host, channels in sorted(told.items()):
        for channel, words in channels.items():
            say(f"{host}: {channel} {'was taken' if not words else f'failed: {words}'}")
    for host, reason in sorted(silent.items()):
        say(f"{host} could not try: {reason}")
    raise typer.Exit(1 if silent or any(words for channels in told.values() for words in channels.values()) else 0)
