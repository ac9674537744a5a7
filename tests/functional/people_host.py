"""A host of the fleet on which people of the directory sign in: SSSD, PAM and sudo from the lab's image."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import Any

from functional.directories import SECONDS, SUFFIX, Authority, DirectoryHost, until
from functional.salt_in_image import ROOT, Host

from titanicarus.configset import render

STATES = ROOT / "salt/people"
PAM = ("account", "auth", "password", "session", "session-noninteractive")


class PeopleHost:
    """`servers` are its island's directory servers. What the state would write is written here without it."""

    def __init__(self, disk: Host, authority: Authority, servers: Sequence[DirectoryHost]) -> None:
        self.disk, self.root = disk, disk.root
        self._servers = servers
        self._daemon: subprocess.Popen[bytes] | None = None
        for file, text in authority.identity("syd-web1", "127.0.7.9").items():
            disk.write(f"etc/titanicarus/pki/{file}", text).chmod(0o600)
        self.configure()

    def configure(self, **changed: Any) -> None:
        """Write what the state would write; `changed` parts of the pillar `people:`."""
        people = {
            "suffix": SUFFIX,
            "least_id": 1_000_000,
            "servers": [server.url for server in self._servers],
            "backups": [],
            "password_servers": [server.password_url for server in self._servers],
            "homes": ["/home/syd"],
            "operators": [],
            "local_users": ["root", "www-data"],
            "local_groups": ["root", "www-data"],
        } | changed
        pillar = {"host": {"id": "syd-web1", "island": "syd"}, "people": people}
        sources = {path.name: path.read_bytes() for path in (STATES / "files").iterdir()}
        for name, data in render(sources, pillar, {}).items():
            mode = {"check": 0o755, "sudoers": 0o440}.get(name, 0o600)
            self.disk.write(f"etc/titanicarus/people/{name}", data).chmod(mode)
        for name in PAM:
            self.disk.write(f"etc/pam.d/common-{name}", (STATES / f"common-{name}").read_bytes())
        self.disk.write("etc/nsswitch.conf", (STATES / "nsswitch.conf").read_bytes())
        rules = self.root / "etc/sudoers.d/titanicarus"
        if not rules.is_symlink():
            rules.symlink_to("/etc/titanicarus/people/sudoers")
        for home in people["homes"]:
            (self.root / home.lstrip("/")).mkdir(exist_ok=True, parents=True)

    def run(self, *argv: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """A program on this host, with `text` as what somebody types."""
        return subprocess.run(
            ["chroot", str(self.root), *argv], input=text, capture_output=True, text=True, timeout=60, check=False
        )

    def start(self) -> None:
        """SSSD, without anything that it kept from before."""
        for file in (self.root / "var/lib/sss").glob("[dm][bc]/*"):
            file.unlink()
        log = (self.root / "var/log/sssd.log").open("ab")
        argv = ["sssd", "--interactive", "--logger=stderr", "--config=/etc/titanicarus/people/sssd.conf"]
        self._daemon = subprocess.Popen(
            ["chroot", str(self.root), *argv], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
        until("SSSD knowing alice", lambda: self.line("passwd", "alice") != "")

    def stop(self) -> None:
        if self._daemon is not None:
            os.killpg(self._daemon.pid, signal.SIGTERM)
            self._daemon.wait(timeout=SECONDS)
            self._daemon = None

    def forget(self) -> None:
        """Let what is kept in the cache count as old, as it does after a minute."""
        done = self.run("sss_cache", "-E")
        assert done.returncode == 0, done.stderr

    def line(self, kind: str, name: str) -> str:
        """What getent says; empty for nobody."""
        return self.run("getent", kind, name).stdout.strip()

    def signs_in(self, name: str, password: str) -> bool:
        """Whether somebody else of this host becomes that person with the password, at home."""
        done = self.run("runuser", "-u", "nobody", "--", "su", "-l", name, "-c", "id -un", text=f"{password}\n")
        return done.stdout.split()[-1:] == [name]  # before it PAM may say that this was from the cache

    def change_password(self, name: str, old: str, new: str) -> subprocess.CompletedProcess[str]:
        """`passwd`, as the person runs it."""
        return self.run("runuser", "-u", name, "--", "passwd", text=f"{old}\n{new}\n{new}\n")

    def seconds(self, *argv: str) -> float:
        """How long a program takes that must succeed."""
        began = time.monotonic()
        done = self.run(*argv)
        assert done.returncode == 0, done.stderr
        return time.monotonic() - began
