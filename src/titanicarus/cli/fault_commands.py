"""`saguire fault`: break things the way they break in the world."""

from __future__ import annotations

import typer

from titanicarus.cli.options import LabOption
from titanicarus.cli.output import stdout
from titanicarus.cli.session import resume

app = typer.Typer(help="Break a host or an island, and mend it again.", no_args_is_help=True)


@app.command()
def kill(host: str, lab: LabOption = None) -> None:
    """Cut a host's power: its links and processes are gone at once, its disk is kept."""
    resume(lab).lab.kill(host)
    stdout.print(f"{host} has lost power; `saguire fault start {host}` switches it on again", markup=False)


@app.command()
def freeze(host: str, lab: LabOption = None) -> None:
    """Hang a host: its kernel still answers TCP, no process of it runs."""
    resume(lab).lab.freeze(host)
    stdout.print(f"{host} is frozen; `saguire fault thaw {host}` lets it go on", markup=False)


@app.command()
def thaw(host: str, lab: LabOption = None) -> None:
    """Let a frozen host go on."""
    resume(lab).lab.thaw(host)
    stdout.print(f"{host} runs again", markup=False)


@app.command()
def start(host: str, lab: LabOption = None) -> None:
    """Switch a killed host on again, with the disk it had."""
    resume(lab).lab.start(host)
    stdout.print(f"{host} is up", markup=False)


@app.command("kill-island")
def kill_island(island: str, lab: LabOption = None) -> None:
    """Cut the power of a whole island at once."""
    killed = resume(lab).lab.kill_island(island)
    stdout.print(f"{island} has lost power: {', '.join(killed)}", markup=False)
