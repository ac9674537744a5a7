"""Where reports are kept: a folder for each run below the lab's own, and docs/fault-report.md of the checkout."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from titanicarus.drill.report import HEAD, to_json, to_page, with_rows, with_storms
from titanicarus.drill.result import Ran, Stormed
from titanicarus.lab.layout import Layout

PAGE, DOCUMENT, DOCS = "report.html", "report.json", "docs/fault-report.md"


def folder_for(layout: Layout, chosen: Path | None) -> Path:
    """The folder that was asked for, or a new one named after the time (UTC). It is there when this returns."""
    folder = chosen or layout.home / "fault-runs" / time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write(folder: Path, title: str, ran: Sequence[Ran], stormed: Sequence[Stormed] = ()) -> Path:
    """Write both reports, each whole or not at all; gives back the page. Called after each run, so that a suite that
    is stopped has told what it knows."""
    _replace(folder / DOCUMENT, to_json(ran, stormed))
    _replace(folder / PAGE, to_page(title, ran, stormed))
    return folder / PAGE


def write_docs(root: Path, ran: Sequence[Ran], stormed: Sequence[Stormed] = ()) -> Path:
    """Put these results into the tables of the checkout's docs; lines of other rows and storms stay."""
    path = root / DOCS
    page = path.read_text() if path.is_file() else HEAD
    page = with_rows(page, ran) if ran else page
    page = with_storms(page, stormed) if stormed else page
    _replace(path, page)
    return path


def _replace(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.new")
    new.write_text(text)
    new.replace(path)
