"""Commands of the Salt control plane: push, apply, salt, drain, restore."""

from __future__ import annotations

import dataclasses
import os
from typing import Annotated

import typer

from titanicarus.cli.options import PASS_THROUGH, JsonOption, LabOption
from titanicarus.cli.output import Progress, print_json, stdout
from titanicarus.cli.report import show_apply
from titanicarus.cli.session import ROOT, remember, resume
from titanicarus.control.masters import salt_command
from titanicarus.operations import (
    apply_names,
    apply_states,
    drain_host,
    drain_island,
    keep_names,
    push_release,
    restore_host,
    restore_island,
)


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(push)
    app.command()(apply)
    app.command(context_settings=PASS_THROUGH)(salt)
    app.command()(drain)
    app.command()(restore)


def push(lab: LabOption = None, as_json: JsonOption = False) -> None:
    """Deliver the checkout, checked, to every control host; nothing changes anywhere when one refuses."""
    session = resume(lab)
    pushed = push_release(session.lab, session.declaration, ROOT, session.file, Progress(quiet=as_json))
    remember(session)
    if as_json:
        print_json(dataclasses.asdict(pushed))
    elif pushed.changed:
        stdout.print(f"{pushed.release} is served by {', '.join(pushed.activated)}", markup=False, soft_wrap=True)
    else:
        stdout.print(f"nothing to push: every reachable master serves {pushed.release}", markup=False, soft_wrap=True)
    for host, reason in pushed.unreachable.items():
        stdout.print(f"{host} did not get it: {reason}; the next push or up brings it", markup=False, soft_wrap=True)


def apply(
    target: Annotated[
        str | None, typer.Argument(help="A host or a pattern such as 'syd-*'; default: every host.")
    ] = None,
    full: Annotated[
        bool, typer.Option(help="Also hosts whose declared state has not changed since their last apply.")
    ] = False,
    plan: Annotated[
        str | None, typer.Option(help="Do this plan of `saguire plan` in Route53 (its checksum), and nothing else.")
    ] = None,
    *,
    force: Annotated[bool, typer.Option(help="With --plan: also when the plan has objections.")] = False,
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Apply the pushed states to the hosts whose declared state has changed (or to all, with --full).

    Without a target, what the world is told is brought up to date as well, when that is safe.
    """
    session = resume(lab)
    progress = Progress(quiet=as_json)
    if plan is not None:
        done = apply_names(session.lab, session.declaration, plan, force=force)
        print_json(dict(done)) if as_json else stdout.print("\n".join(done["lines"]), markup=False, soft_wrap=True)
        return
    report = apply_states(session.lab, session.declaration, target, full=full, progress=progress)
    told = target is not None or keep_names(session.lab, session.declaration, progress)
    if as_json:
        print_json(dataclasses.asdict(report))
    else:
        show_apply(report, progress.seconds)
    raise typer.Exit(0 if report.ok and told else 1)


def salt(
    context: typer.Context,
    from_host: Annotated[
        str | None, typer.Option("--from", help="The control host to run it on; default: any good one.")
    ] = None,
    lab: LabOption = None,
) -> None:
    """Run Salt's own command on a master: `saguire salt '*' state.apply`."""
    session = resume(lab)
    argv = salt_command(session.lab, session.declaration, context.args, from_host)
    os.execvp(argv[0], argv)  # noqa: S606 - no shell is wanted here


def drain(
    target: Annotated[
        str, typer.Argument(help="a load balancer, web server, firewall or database host, or a whole island")
    ],
    force: Annotated[bool, typer.Option(help="Even when it is the last good one.")] = False,
    lab: LabOption = None,
) -> None:
    """Take a host or an island out of service with no failed request; `restore` undoes it."""
    session = resume(lab)
    drain_it = drain_island if target in session.declaration.fleet.islands else drain_host
    for sentence in drain_it(session.lab, session.declaration, target, force=force):
        stdout.print(sentence, markup=False, soft_wrap=True)


def restore(
    target: Annotated[
        str, typer.Argument(help="a load balancer, web server, firewall or database host, or a whole island")
    ],
    lab: LabOption = None,
) -> None:
    """Bring a drained host or island back into service."""
    session = resume(lab)
    restore_it = restore_island if target in session.declaration.fleet.islands else restore_host
    for sentence in restore_it(session.lab, session.declaration, target):
        stdout.print(sentence, markup=False, soft_wrap=True)
