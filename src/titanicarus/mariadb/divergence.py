"""What a copy has that the shard's history went on without: kept as a report before the copy is thrown away.

The report is made from the binary logs on the disk, so it can be made of an instance that does not run.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from titanicarus.control import files
from titanicarus.mariadb import gtid
from titanicarus.mariadb.errors import ServerError
from titanicarus.mariadb.gtid import Gtid
from titanicarus.mariadb.instance import data_folder, named

FOLDER = Path("/var/lib/titanicarus/divergence")
SECONDS = 300
_GTID_EVENT = re.compile(r"\tGTID (\d+-\d+-\d+)")
_GTID = re.compile(r"\d+-\d+-\d+")
_TIME = re.compile(r"^#(\d{6} +\d+:\d\d:\d\d) server id (\d+)")
_ROW = "### "


@dataclass(frozen=True, slots=True)
class Transaction:
    """One commit. `at` is when it was made, by its host's clock; `statements` are rows as SQL, or the statement."""

    gtid: Gtid
    at: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What a copy of `shard` has that is not in `history` (the last commit of each host, as gtid_binlog_state has it).

    `json` and `text` are its files.
    """

    shard: str
    history: str
    transactions: tuple[Transaction, ...]
    damaged: str
    json: Path
    text: Path


def divergence(shard: str, history: str, data: Path | None = None, folder: Path = FOLDER) -> Report | None:
    """Write the report of every commit here that is not in `history`; None, and no file, when there is none.

    Both files have mode 0600: rows of tenants are in them. Raises ServerError when a binary log cannot be read at all.
    """
    transactions, damaged = _collect(data or data_folder(shard), known_in(history))
    if not transactions:
        return None
    place = files.folder(folder / named(shard), 0o700)
    stem = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{transactions[0].gtid}"
    report = Report(shard, history, transactions, damaged, place / f"{stem}.json", place / f"{stem}.txt")
    files.write(report.json, json.dumps(document(report), indent=2) + "\n", 0o600)
    files.write(report.text, "\n".join(lines(report)) + "\n", 0o600)
    return report


def known_in(history: str) -> dict[int, int]:
    """Server id to the number of its last commit. A host numbers its commits upwards, so all before are in it too."""
    return {one.server: one.sequence for one in gtid.parse(history) if one.domain == gtid.DOMAIN}


def document(report: Report) -> dict[str, object]:
    """The report as JSON has it."""
    return {
        "shard": report.shard,
        "history": report.history,
        "damaged": report.damaged,
        "transactions": [
            {"gtid": str(one.gtid), "at": one.at, "statements": list(one.statements)} for one in report.transactions
        ],
    }


def lines(report: Report) -> Iterator[str]:
    """The report for people."""
    yield f"Shard {report.shard}: {len(report.transactions)} commits of this copy are not in the shard's history."
    yield f"The history went on without them, up to {report.history or 'nothing'}."
    yield "They were not merged: whether to make them again is for a person to say. @1, @2 are a table's columns."
    if report.damaged:
        yield f"The end of the binary log is damaged, as after a crash: {report.damaged}"
    for one in report.transactions:
        yield ""
        yield f"-- {one.gtid} at {one.at}"
        yield from one.statements


def _collect(base: Path, known: Mapping[int, int]) -> tuple[tuple[Transaction, ...], str]:
    """From the newest file backwards, until one begins within the history."""
    found: list[Transaction] = []
    damaged = ""
    logs = [path for path in base.glob("binlog.*") if path.suffix[1:].isdigit()]  # others are indexes of them
    for path in sorted(logs, key=lambda path: int(path.suffix[1:]), reverse=True):
        text, complaint = _decode(path)
        damaged = damaged or complaint
        lines = text.splitlines()
        found[:0] = [one for one in parse(lines) if one.gtid.sequence > known.get(one.gtid.server, 0)]
        before = begins_after(lines)
        if all(one.sequence <= known.get(one.server, 0) for one in before):
            break
    return tuple(found), damaged


def _decode(path: Path) -> tuple[str, str]:
    """The file as text, and mariadb-binlog's complaint about its end."""
    argv = ["mariadb-binlog", "--no-defaults", "--base64-output=decode-rows", "--verbose", "--skip-annotate-row-events"]
    try:
        done = subprocess.run([*argv, str(path)], capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ServerError(f"{path} could not be read within {SECONDS} s") from error
    text = done.stdout.decode(errors="replace")
    complaint = done.stderr.decode(errors="replace").strip() if done.returncode != 0 else ""
    if done.returncode != 0 and not text:
        raise ServerError(f"{path} is no binary log that can be read: {complaint}")
    return text, complaint


def begins_after(text: Iterable[str]) -> tuple[Gtid, ...]:
    """The last commit of each host before a binary log, from the list at its beginning; none for the first one."""
    listed: list[str] = []
    inside = False
    for line in text:
        if "\tGtid list [" in line:
            inside = True
            listed += _GTID.findall(line.partition("Gtid list [")[2])
        elif inside and line.startswith("# ") and not line.startswith("# at "):
            listed += _GTID.findall(line)
        elif inside:
            break
    return gtid.parse(",".join(listed))


def parse(text: Iterable[str]) -> Iterator[Transaction]:
    """The commits in what `mariadb-binlog --verbose --base64-output=decode-rows` prints."""
    current: Gtid | None = None
    at = ""
    statements: list[str] = []
    row: list[str] = []
    for line in text:
        if match := _GTID_EVENT.search(line):
            if current is not None:
                yield Transaction(current, at, (*statements, *_statement(row)))
            (current,), statements, row = gtid.parse(match[1]), [], []
            when = _TIME.match(line)
            at = " ".join(when[1].split()) if when else ""
        elif line.startswith(_ROW):
            part = line.removeprefix(_ROW)
            if part.startswith(("INSERT", "UPDATE", "DELETE")):
                statements += _statement(row)
                row = []
            row.append(part.strip())
        else:
            statements += _statement(row)
            row = []
            if current is not None and _is_statement(line):
                statements.append(line)
    if current is not None:
        yield Transaction(current, at, (*statements, *_statement(row)))


def _statement(row: list[str]) -> list[str]:
    """One row: UPDATE `t`.`a` WHERE @1=1 AND @2=1 SET @1=1, @2=5."""
    words, between = "", " "
    for part in row:
        if part in ("WHERE", "SET"):
            words, between = f"{words} {part}", " "
        else:
            words += f"{between}{part}" if words else part
            between = " AND " if " WHERE " in words and " SET " not in words else ", "
    return [words] if words else []


_NOISE = ("#", "/*!", "/*M!", "DELIMITER", "SET ", "BEGIN", "START TRANSACTION", "COMMIT", "ROLLBACK", "use ", "XA ")


def _is_statement(line: str) -> bool:
    """Statements that are logged as such (changes of tables, accounts), without what only sets the scene."""
    words = line.strip()
    return bool(words) and not words.startswith(_NOISE)
