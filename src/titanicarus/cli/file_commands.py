"""`saguire files`: mirrored files of each island, and what an operator may do about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from titanicarus.cli.options import JsonOption, LabOption
from titanicarus.cli.output import print_json, print_table
from titanicarus.cli.report import say
from titanicarus.cli.session import resume
from titanicarus.operations.files import VolumeView, look_at_files, refill_brick

app = typer.Typer(help="Files: bricks and mounts of each island.", no_args_is_help=True)


@app.command()
def status(lab: LabOption = None, as_json: JsonOption = False) -> None:
    """Show every brick and mount, and whatever is not as it should be."""
    session = resume(lab)
    views = look_at_files(session.lab, session.lab.fleet)
    if as_json:
        print_json([view.to_json() for view in views])
        return
    if not views:
        say("the fleet has no filers, so it has no files to share")
        return
    for view in views:
        show_volume(view)


@app.command()
def refill(
    host: Annotated[str, typer.Argument(help="A filer or arbiter.")],
    lab: LabOption = None,
) -> None:
    """The disk of a host's brick was lost, and its machine was not: let the brick be filled from the other hosts."""
    session = resume(lab)
    say(refill_brick(session.lab, session.lab.fleet, host))


def show_volume(view: VolumeView) -> None:
    """Every part of one volume."""
    print_table(
        ["host", "part", "state", "waiting", "free", "it says"],
        (
            [
                part.host,
                part.what,
                "well" if part.well else "NOT WELL",
                "-" if part.pending is None else part.pending,
                "-" if part.free_mib is None else f"{part.free_mib} MiB",
                part.why,
            ]
            for part in view.parts
        ),
        title=f"Files of {view.name}",
    )


def show_files(views: Sequence[VolumeView]) -> None:
    """A line for each volume, and one for each part that is not well."""
    for view in views:
        bad = [part for part in view.parts if not part.well]
        waiting = f"; {view.pending} files wait to be copied" if view.pending else ""
        say(f"files {view.name}: {len(view.parts) - len(bad)} of {len(view.parts)} bricks and mounts are well{waiting}")
        for part in bad:
            say(f"files {view.name}: the {part.what} of {part.host}: {part.why}")
