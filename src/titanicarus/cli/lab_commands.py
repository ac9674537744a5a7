"""Commands of the lab: up, down, status, exec, shell, logs, probe; and test."""

from __future__ import annotations

import os
import time
from typing import Annotated

import typer

from titanicarus.cli.file_commands import show_files
from titanicarus.cli.options import PASS_THROUGH, FileOption, JsonOption, LabOption
from titanicarus.cli.output import Progress, print_json, print_table, stdout
from titanicarus.cli.report import say, show_overview, show_up
from titanicarus.cli.session import ROOT, begin, forget, remember, resume
from titanicarus.cli.shard_report import show_shards
from titanicarus.cli.testing import TIERS, run_tests
from titanicarus.lab import DEFAULT_DISK_MIB
from titanicarus.operations import bring_up, look, probe_targets, take_down


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(up)
    app.command()(down)
    app.command()(status)
    app.command("exec", context_settings=PASS_THROUGH)(execute)
    app.command()(shell)
    app.command()(logs)
    app.command()(probe)
    app.command(context_settings=PASS_THROUGH)(test)


def up(
    file: FileOption = None,
    lab: LabOption = None,
    disk: Annotated[
        int, typer.Option(min=64, help="MiB of the disk that each database host and filer gets at its first boot.")
    ] = DEFAULT_DISK_MIB,
) -> None:
    """Bring the whole fleet up, or repair what is missing of it; quick when nothing is."""
    session = begin(file, lab, disk)
    progress = Progress()
    remember(session)
    result = bring_up(session.lab, session.declaration, ROOT, session.file, progress)
    show_up(result, session.declaration, progress.seconds)
    raise typer.Exit(0 if result.ok else 1)


def down(
    lab: LabOption = None,
    purge: Annotated[bool, typer.Option(help="Also forget the lab's keys and certificates.")] = False,
) -> None:
    """Take the lab away: no process, mount, namespace, link or control group stays behind."""
    session = resume(lab)
    take_down(session.lab, Progress(), purge=purge)
    forget(session)


def status(lab: LabOption = None, as_json: JsonOption = False) -> None:
    """Show every host, what the masters serve, whether users of each island are served, shards and files."""
    overview = look(resume(lab).lab)
    if as_json:
        print_json(overview.to_json())
    else:
        show_overview(overview)
        if overview.shards:
            say()
            show_shards(overview.shards)
        if overview.files:
            say()
            show_files(overview.files)


def execute(context: typer.Context, host: str, lab: LabOption = None) -> None:
    """Run a command on a host as root: `saguire exec syd-web1 -- nginx -T`. Passes standard input and the exit code."""
    argv = _after_dashes(context.args)
    if not argv:
        raise typer.BadParameter("say which command: saguire exec HOST -- COMMAND …")
    _become(resume(lab).lab.command(host, argv))


def shell(host: str, lab: LabOption = None) -> None:
    """Open a root shell on a host."""
    _become(resume(lab).lab.shell_command(host, os.environ.get("TERM")))


def logs(
    host: str,
    unit: Annotated[
        str | None, typer.Option("--unit", "-u", help="Only this unit, such as nginx or salt-minion.")
    ] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many lines.")] = 100,
    follow: Annotated[bool, typer.Option(help="Go on printing what comes.")] = False,
    lab: LabOption = None,
) -> None:
    """Print a host's journal; of a host that is off, what it printed to its console."""
    machine = resume(lab).lab
    if machine.reachable(host):
        argv = ["journalctl", "--no-pager", f"--lines={lines}"]
        argv += [f"--unit={unit}"] if unit else []
        argv += ["--follow"] if follow else []
        _become(machine.command(host, argv))
    path = machine.console_log(host)
    stdout.print(f"{host} is off; {path} has what it printed last:", markup=False, soft_wrap=True)
    if path.is_file():
        for line in path.read_text(errors="replace").splitlines()[-lines:]:
            stdout.print(line, markup=False, soft_wrap=True)


def probe(  # noqa: PLR0917 - the options of one command
    site: Annotated[
        list[str] | None, typer.Option(help="Ask for this site; may be repeated. Default: one of each tenant.")
    ] = None,
    island: Annotated[str | None, typer.Option(help="Ask this island, whatever the names say.")] = None,
    rate: Annotated[float, typer.Option(help="Requests a second for each site.")] = 10.0,
    seconds: Annotated[float, typer.Option(help="How long.")] = 10.0,
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask as users would, steadily, and say how many requests failed and how long the longest gap was."""
    session = resume(lab)
    targets = probe_targets(session.declaration, site or (), island)
    running = session.lab.probe(targets, rate=rate)
    running.start()
    try:
        time.sleep(seconds)
    except KeyboardInterrupt:
        stdout.print("stopped early; the figures so far:")
    result = running.stop()
    if as_json:
        print_json(result.to_json())
    else:
        headings, *rows = result.rows()
        print_table(headings, rows)
    raise typer.Exit(1 if result.failures else 0)


def test(
    context: typer.Context,
    tiers: Annotated[list[str] | None, typer.Argument(help=f"Any of {', '.join(TIERS)}; default: all of them.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also the many repetitions of each fault.")] = False,
) -> None:
    """Run the tests. What follows `--` goes to pytest."""
    chosen = [tier for tier in tiers or () if tier in TIERS]
    others = [tier for tier in tiers or () if tier not in TIERS]
    raise typer.Exit(run_tests(ROOT, chosen, _after_dashes([*others, *context.args]), everything=everything))


def _after_dashes(arguments: list[str]) -> list[str]:
    """The other program's arguments without the `--` that sets them apart from ours."""
    return arguments[1:] if arguments[:1] == ["--"] else arguments


def _become(argv: list[str]) -> None:
    """Let the command take this process over: streams, signals, terminal and exit code are then its own."""
    os.execvp(argv[0], argv)  # noqa: S606 - no shell is wanted here
