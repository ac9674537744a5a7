"""What runs on a blank machine that is to become a host: it makes a Salt key, has it let in by its token, and applies.

`/etc/titanicarus/join.json` (mode 0600) says how; whoever provisions the machine brings it there. While the file is
there the work is not done: a machine that was switched off in the middle goes on at its next boot, with the same key.
The file goes when the host is as declared and every control host was asked, or the ticket is over.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from titanicarus.control import files, layout
from titanicarus.control.secrets import KeyPair, new_pair, open_pair
from titanicarus.joining import estate
from titanicarus.joining.ticket import NotLetIn, Token, request

PLACE = Path("/etc/titanicarus/join.json")
SALT_CALL = "/opt/salt/bin/salt-call"
ASK_SECONDS = 5.0
ROUND_SECONDS = 2.0
"""From one round of asking to the next: control hosts may just be starting."""
APPLY_SECONDS = 900.0
ATTEMPTS = 10
"""So many applies are tried; then a person has to look."""

Answer = dict[str, Any]
Ask = Callable[[str, dict[str, Any]], Answer]


class JoinFailed(Exception):
    """The machine did not become the host; the message says why."""


@dataclass(frozen=True, slots=True)
class Way:
    """How to join: the token, and the addresses (`host:port`) of the control hosts' desks, the nearest first. Of each
    the Salt master listens at `masters` (`host` or `host:port`), in the same order. `control`: the machine is to be a
    control host as well."""

    token: Token = field(repr=False)
    desks: tuple[str, ...]
    masters: tuple[str, ...]
    control: bool = False

    def write(self, root: Path) -> None:
        """For root alone."""
        more = {"desks": self.desks, "masters": self.masters, "control": self.control}
        document = {**self.token.document(), **more}
        files.write(layout.below(root, PLACE), json.dumps(document), 0o600)

    @classmethod
    def read(cls, root: Path) -> Way:
        """Raises JoinFailed for a file that says no such thing."""
        path = layout.below(root, PLACE)
        try:
            document = json.loads(path.read_bytes())
            return cls(
                Token.of(document), tuple(document["desks"]), tuple(document["masters"]), bool(document["control"])
            )
        except (OSError, ValueError, KeyError, TypeError, NotLetIn) as error:
            raise JoinFailed(f"{path} does not say how to join ({error}): have the machine made again") from error


@dataclass(slots=True)
class Joining:
    """The work on one machine. `ask`, `run`, `clock` (Unix seconds), `sleep` and `say` are the world."""

    way: Way
    root: Path = Path("/")
    ask: Ask = field(default_factory=lambda: ask)
    run: Callable[[list[str]], str] = field(default_factory=lambda: _run)
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    say: Callable[[str], None] = lambda sentence: print(sentence, flush=True)
    joined: dict[str, Answer] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    _silent: dict[str, str] = field(default_factory=dict)
    _attempts: int = 0

    def work(self) -> None:
        """All of it. Raises JoinFailed."""
        pair = own_pair(self.root)
        wanted = request(self.way.token, pair.public)
        done = False
        while True:
            waiting = [desk for desk in self.way.desks if desk not in self.joined and desk not in self.refused]
            self._ask_all(waiting, wanted)
            if not done and self.joined and (not self.way.control or self._inherited(pair)):
                done = self._applied()
            over = self.clock() > self.way.token.ticket.ends
            if not self.joined and (over or len(self.refused) == len(self.way.desks)):
                words = "; ".join(f"{desk}: {why}" for desk, why in sorted({**self._silent, **self.refused}.items()))
                raise JoinFailed(f"no control host lets this machine in: {words}")
            if done and (over or len(self.joined) + len(self.refused) == len(self.way.desks)):
                break
            if not done and self._attempts >= ATTEMPTS:
                raise JoinFailed(f"{ATTEMPTS} attempts failed: a person has to look; a reboot tries again")
            self.sleep(ROUND_SECONDS)
        layout.below(self.root, PLACE).unlink()
        self.say("this machine is in service; the token is gone")

    def _ask_all(self, desks: Iterable[str], wanted: dict[str, Any]) -> None:
        asked = list(desks)
        if not asked:
            return

        def one(desk: str) -> Answer:
            try:
                return self.ask(desk, wanted)
            except (OSError, ValueError) as error:
                return {"later": f"it gave no answer ({error})"}

        with ThreadPoolExecutor(max_workers=len(asked)) as pool:
            answers = dict(zip(asked, pool.map(one, asked), strict=True))
        for desk, said in answers.items():
            if said.get("joined") is True:
                self.joined[desk] = said
                self.say(f"{desk} lets this machine in")
            elif "refused" in said:
                self.refused[desk] = str(said["refused"])
                self.say(f"{desk} refuses: {said['refused']}")
            elif self._silent.get(desk) != (why := str(said.get("later"))):
                self._silent[desk] = why
                self.say(f"{desk}: {why}")

    def _next(self) -> str:
        """A desk whose control host was pushed to last: of equals first the nearest, at the next attempt another."""
        self._attempts += 1
        last = max(str(one.get("at")) for one in self.joined.values())
        equals = [desk for desk in self.way.desks if desk in self.joined and str(self.joined[desk].get("at")) == last]
        return equals[(self._attempts - 1) % len(equals)]

    def _inherited(self, pair: KeyPair) -> bool:
        """Have what a control host needs, and its master running."""
        if (layout.below(self.root, layout.SALT) / "pki/master" / estate.LAST).exists():
            return True
        desk = self._next()
        wanted = {**request(self.way.token, pair.public), "estate": True}
        try:
            said = self.ask(desk, wanted)
            handed = estate.Estate.of(said.get("estate", {}), said.get("sealed", b""))
            estate.install(handed, self.root, pair.private, pair.public)
        except (OSError, ValueError, NotLetIn) as error:
            self.say(f"{desk} hands nothing over: {error}")
            return False
        self.say(f"{desk} handed over what a control host has")
        self.run(["systemctl", "enable", "--now", "--no-block", "salt-master.service"])
        return True

    def _applied(self) -> bool:
        """Apply all states from the master that was pushed to last, and have the minion run, whatever came of it."""
        desk = self._next()
        master = self.way.masters[self.way.desks.index(desk)]
        host = self.way.token.ticket.host
        expected = json.dumps({host: self.joined[desk].get("revision")})
        began = self.clock()
        self.say(f"applying all states from {master}")
        call = [SALT_CALL, f"--master={master}", "--out=json", "--log-level=error", "platform.apply"]
        try:
            result = json.loads(self.run([*call, f"expected={expected}", "full=True"]))["local"]
            good = bool(result["outcome"] == "applied")
            seconds = self.clock() - began
            self.say(f"{result['outcome']} after {seconds:.0f} s: {result['failed'] or 'no state failed'}")
        except (ValueError, KeyError, TypeError, OSError, subprocess.SubprocessError) as error:
            good = False
            self.say(f"the apply gave no result: {error!r}")
        self.run(["systemctl", "enable", "--now", "--no-block", "salt-minion.service"])
        return good


def own_pair(root: Path) -> KeyPair:
    """This machine's Salt key: made at the first call, and never again."""
    keys = files.folder(layout.below(root, layout.SALT) / "pki" / "minion", 0o700)
    if not (keys / "minion.pub").exists():
        pair = new_pair()
        # The public half last: with it the pair is whole, and the minion may start.
        files.write(keys / "minion.pem", pair.private, 0o400)
        files.write(keys / "minion.pub", pair.public, 0o644)
    return open_pair(keys, "minion")


def ask(desk: str, wanted: dict[str, Any]) -> Answer:
    """Ask one desk (`host:port`). Raises OSError when it cannot be reached, ValueError for an answer that is none."""
    host, _, port = desk.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=ASK_SECONDS) as connection:
        connection.sendall(json.dumps(wanted).encode() + b"\n")
        with connection.makefile("rb") as stream:
            return read_answer(stream)


def read_answer(stream: BinaryIO) -> Answer:
    """One answer of a desk, and under `sealed` what follows it, if anything. Raises ValueError when it is none."""
    said = json.loads(stream.readline(65536))
    if not isinstance(said, dict):
        raise ValueError("the answer is no object")  # noqa: TRY004
    if isinstance(handed := said.get("estate"), dict):
        said["sealed"] = stream.read(min(int(handed.get("length", 0)), estate.LONGEST))
    return said


def _run(argv: list[str]) -> str:
    """What a command prints. A command that fails may have printed what went wrong, so that is no error."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=APPLY_SECONDS, check=False, env={**os.environ})
    if not done.stdout.strip() and done.returncode:
        raise subprocess.CalledProcessError(done.returncode, argv[0], stderr=done.stderr[-600:])
    return done.stdout
