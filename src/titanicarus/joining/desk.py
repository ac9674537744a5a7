"""Runs on a control host, once for each connection: lets a machine's Salt key in, if its ticket is good.

    python -m titanicarus.joining.desk [--root FOLDER]

systemd gives it the connection as standard input and output (salt/joins). One line of JSON comes, what
`titanicarus.joining.ticket.request` made; one line goes back:

    {"joined": true, "revision": R, "at": T}   the key counts here; R is the host's declared state, T when it was pushed
    the same with "estate": {...}              and what a control host needs follows (titanicarus.joining.estate), if
                                               the request has `"estate": true` and the host is to be one
    {"refused": "sentence"}                    and asking again does not help
    {"later": "sentence"}                      nothing was pushed to this control host yet

Anybody in the fleet's networks can send anything: nothing is believed that is not signed.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from titanicarus.control import files, joined, layout
from titanicarus.joining import estate, ticket

LONGEST = 16384
"""Bytes of a request; one has about 1,500."""


def answer(line: bytes, root: Path, now: float) -> tuple[dict[str, Any], bytes]:
    """The answer to one request, and what follows it. What it lets in is on the disk before it is said."""
    said = _judged(line, root, now)
    if said.get("joined") and json.loads(line).get("estate") is True and estate.is_control(root, said["host"]):
        handed = estate.seal(root, said["host"], json.loads(line)["public"])
        return {**said, "estate": handed.document()}, handed.sealed
    return said, b""


def _judged(line: bytes, root: Path, now: float) -> dict[str, Any]:
    deploy = layout.Deploy(layout.below(root, layout.DEPLOY))
    salt = layout.below(root, layout.SALT) / "pki" / "master"
    try:
        document = json.loads(line)
    except ValueError:
        return {"refused": "the request is no JSON"}
    try:
        facts, at = _serving(deploy)
    except FileNotFoundError:
        return {"later": "nothing was pushed to this control host yet"}
    with _alone(deploy):
        known = joined.read(deploy.joined)
        try:
            wanted = ticket.judge(document, (salt / "master_sign.pub").read_text(), known, now)
        except ticket.NotLetIn as refusal:
            return {"refused": str(refusal)}
        host: str = document["ticket"]["host"]
        if host not in facts["hosts"]:
            return {"refused": f"{host} is no host of this fleet"}
        if known.get(host) != wanted:
            joined.write(deploy.joined, {**known, host: wanted})
        # As in titanicarus.control.accepted: the master looks here at the next sign-in.
        files.write(files.folder(salt / "minions", 0o700) / host, wanted.public, 0o600)
    return {"joined": True, "host": host, "number": wanted.number, "revision": facts["hosts"][host], "at": at}


def _serving(deploy: layout.Deploy) -> tuple[dict[str, Any], str]:
    """The facts of the release that is served, and when it was switched to."""
    facts = json.loads((deploy.current / "release.json").read_bytes())
    return facts, json.loads(deploy.active.read_bytes())["at"]


@contextmanager
def _alone(deploy: layout.Deploy) -> Iterator[None]:
    """Not beside another request, and not beside a push, which accepts minions as well."""
    descriptor = os.open(deploy.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def serve(stream: BinaryIO, out: BinaryIO, root: Path, now: float) -> str:
    """Read one request, answer it, and give back a sentence for the journal."""
    line = stream.readline(LONGEST + 1)
    said, rest = answer(line, root, now) if len(line) <= LONGEST else ({"refused": "the request is too long"}, b"")
    out.write(json.dumps(said).encode() + b"\n" + rest)
    out.flush()
    if "joined" in said:
        more = ", and it gets what a control host has" if rest else ""
        return f"{said['host']}: its new key is let in by ticket {said['number']}{more}"
    return f"nobody is let in: {said.get('refused') or said.get('later')}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="desk")
    parser.add_argument("--root", type=Path, default=Path("/"), help="the host's file system, for tests")
    options = parser.parse_args(arguments)
    print(serve(sys.stdin.buffer, sys.stdout.buffer, options.root, time.time()), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
