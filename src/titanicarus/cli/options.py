"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FileOption = Annotated[
    Path | None,
    typer.Option("--file", "-f", help="The Saguirefile; the default is the one at the top of the checkout."),
]
LabOption = Annotated[
    str | None,
    typer.Option("--lab", help="The lab's name; needed only when several are up. Default of `up`: the fleet's name."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
PASS_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
"""Context settings of a command whose arguments belong to another program."""
