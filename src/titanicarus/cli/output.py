"""What saguire prints: progress with the time since the start, tables, and errors on standard error."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table

# Into a file or a pipe a table is as wide as it is: rich would fold cells at 80 columns.
stdout = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 240)
stderr = Console(stderr=True, highlight=False)


class Progress:
    """Prints short sentences with the seconds since it was made; safe to call from several threads."""

    def __init__(self, quiet: bool = False) -> None:
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._quiet = quiet

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def __call__(self, sentence: str) -> None:
        """Print one sentence, such as "syd-web1: booted in 2.1 s"."""
        if self._quiet:
            return
        with self._lock:
            # Plain text: a log of a continuous-integration run is read as often as a terminal.
            print(f"[{self.seconds:7.1f} s] {sentence}", file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    """Print one JSON document on standard output."""
    print(json.dumps(value, indent=2, sort_keys=True))


def print_table(headings: Iterable[str], rows: Iterable[Iterable[object]], title: str | None = None) -> None:
    """Print a table whose cells are shown as they are (no markup is read from them)."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    stdout.print(table, markup=False)


def print_error(message: str) -> None:
    """Print what went wrong on standard error, as it is."""
    stderr.print("saguire: " + message, style="red", markup=False, soft_wrap=True)
