"""The saguire command line: its commands and how errors become sentences and exit codes."""

from __future__ import annotations

import sys

import typer

from titanicarus.cli import (
    database_commands,
    declaration_commands,
    dns_commands,
    drill_commands,
    fault_commands,
    file_commands,
    foresight_commands,
    healing_commands,
    joining_commands,
    key_commands,
    lab_commands,
    salt_commands,
    site_commands,
    ssh_commands,
    workload_commands,
)
from titanicarus.cli.output import print_error
from titanicarus.cli.session import NoLab
from titanicarus.control.errors import ControlError
from titanicarus.fleet import InvalidInput, UnknownHost
from titanicarus.lab import LabError
from titanicarus.operations import OperationFailed
from titanicarus.transport import CommandFailed, Unreachable

app = typer.Typer(
    name="saguire",
    help="Declare a fleet in one file, bring it up, and break it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for commands in (
    declaration_commands,
    lab_commands,
    salt_commands,
    dns_commands,
    foresight_commands,
    healing_commands,
    joining_commands,
    site_commands,
    ssh_commands,
    workload_commands,
):
    commands.register(app)
drill_commands.register(fault_commands.app)
app.add_typer(fault_commands.app, name="fault")
app.add_typer(database_commands.app, name="db")
app.add_typer(file_commands.app, name="files")
app.add_typer(key_commands.app, name="keys")

EXPECTED = (NoLab, ControlError, UnknownHost, LabError, OperationFailed, CommandFailed, Unreachable)
"""Errors whose message is meant for the operator; anything else is a bug and shows its traceback."""


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted."""
    try:
        app(prog_name="saguire")
    except InvalidInput as error:
        for problem in error.problems:
            print_error(str(problem))
        print_error(f"{len(error.problems)} problem(s) found; nothing was changed")
        sys.exit(1)
    except EXPECTED as error:
        print_error(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        print_error("interrupted; `saguire up` goes on from here, `saguire down` takes everything away")
        sys.exit(130)
