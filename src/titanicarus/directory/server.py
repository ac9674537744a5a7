"""Asking and changing a server, by OpenLDAP's own programs. What is secret goes through pipes, never into arguments."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from titanicarus.directory.ldif import BadLdif, Change, changes_text, parse
from titanicarus.directory.places import Places, Server

SECONDS = 60.0
REMOTE_SECONDS = 5.0
_NO_SUCH_OBJECT = 32
_INTERNAL = ("structuralObjectClass", "entryUUID", "entryCSN", "contextCSN")
_HISTORY = ("creatorsName", "createTimestamp", "modifiersName", "modifyTimestamp")
Entries = dict[str, dict[str, tuple[str, ...]]]


class DirectoryError(Exception):
    """A server did not answer, or did not do what it was asked to; the message says which, and its words."""


class OutOfReach(DirectoryError):
    """No answer: nothing is known of that server."""


@dataclass(frozen=True, slots=True)
class Client:
    """A way to a server: `url`, who it is for messages, and the environment with the certificate to show."""

    url: str
    name: str
    environment: Mapping[str, str]
    seconds: float = SECONDS

    def entries(self, base: str, *attributes: str, scope: str = "sub", where: str = "(objectClass=*)") -> Entries:
        """What is at and below `base`; nothing when there is no such entry. All attributes that people may set, or
        those named. Raises DirectoryError."""
        argv = ["ldapsearch", *self._options(), "-LLL", "-o", "ldif_wrap=no", "-b", base, "-s", scope, where]
        done = self._run([*argv, *(attributes or ("*",))])
        if done.returncode == _NO_SUCH_OBJECT:
            return {}
        self._judge(done, "search")
        try:
            return parse(done.stdout)
        except BadLdif as error:
            raise DirectoryError(f"{self.name}: its answer cannot be read: {error}") from error

    def everything(self, suffix: str) -> Entries:
        """All of a directory with what replication knows of it, as slapadd takes it. Raises DirectoryError."""
        return self.entries(suffix, "*", *_INTERNAL, *_HISTORY)

    def versions(self, suffix: str) -> tuple[str, ...]:
        """The newest change from each server that this one has (contextCSN); empty for an empty directory."""
        found = self.entries(suffix, "contextCSN", scope="base")
        return found.get(suffix, {}).get("contextCSN", ())

    def marks(self, suffix: str) -> dict[str, tuple[str, str]]:
        """The identity and version of each entry, by name: two servers with the same ones have the same entries."""
        found = self.entries(suffix, "entryUUID", "entryCSN")
        return {dn: (entry["entryUUID"][0], entry["entryCSN"][0]) for dn, entry in found.items()}

    def carry_out(self, changes: Iterable[Change]) -> None:
        """Do the changes in their order; what fails ends it. Raises DirectoryError."""
        self._judge(self._run(["ldapmodify", *self._options()], changes_text(changes)), "change")

    def _options(self) -> list[str]:
        return ["-Q", "-Y", "EXTERNAL", "-H", self.url, "-o", "nettimeout=3"]

    def _run(self, argv: Sequence[str], text: str = "") -> subprocess.CompletedProcess[str]:
        return run(argv, text, environment=self.environment, seconds=self.seconds, name=self.name)

    def _judge(self, done: subprocess.CompletedProcess[str], what: str) -> None:
        if done.returncode == 0:
            return
        said = " ".join(done.stderr.split())
        kind = OutOfReach if "Can't contact LDAP server" in said else DirectoryError
        raise kind(f"{self.name}: the {what} failed: {said or f'exit code {done.returncode}'}")


def local(places: Places) -> Client:
    """This host's own server, as its manager."""
    return Client(places.socket, "the server of this host", {"LDAPNOINIT": "1"})


def remote(server: Server, identity: Path) -> Client:
    """Another server, with this host's certificate; `identity` is the folder that it is in."""
    environment = {
        "LDAPTLS_CACERT": str(identity / "root.crt"),
        "LDAPTLS_CERT": str(identity / "host.crt"),
        "LDAPTLS_KEY": str(identity / "host.key"),
        "LDAPTLS_REQCERT": "demand",
    }
    return Client(server.url, server.id, environment, REMOTE_SECONDS)


def run(
    argv: Sequence[str],
    text: str = "",
    *,
    environment: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
    name: str = "",
    user: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """One of OpenLDAP's programs, with `text` on its standard input. Raises OutOfReach when it does not end in time."""
    try:
        return subprocess.run(
            argv,
            input=text,
            capture_output=True,
            text=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **(environment or {})},
            timeout=seconds,
            check=False,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
    except subprocess.TimeoutExpired:
        raise OutOfReach(f"{name or argv[0]}: no answer within {seconds:g} s") from None
