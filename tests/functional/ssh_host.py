"""sshd of a host of the fleet on this machine's loopback, and clients on the same disk."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from functional.directories import SECONDS, until
from functional.people_host import PeopleHost
from functional.salt_in_image import ROOT

from titanicarus import pki
from titanicarus.configset import render
from titanicarus.control.operators import make_pass
from titanicarus.control.renewals import Renewals

STATES = ROOT / "salt/ssh"
CONFIG = "/etc/titanicarus/ssh"
ADDRESS = "127.0.7.9"
PORT = 16622
NAMES = ("web1.syd.sample.example", "syd-web1", ADDRESS)


def make_key(path: Path) -> str:
    """Make a key pair at `path`; gives the public line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in (path, path.with_name(f"{path.name}.pub")):
        old.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    return path.with_name(f"{path.name}.pub").read_text().strip()


class SshHost:
    """`people` is the host whose users these are. What the state would write is written here without it. `made` maps
    operators' keys to their fingerprints."""

    def __init__(self, people: PeopleHost) -> None:
        self.people, self.root, self._disk = people, people.root, people.disk
        self._daemon: subprocess.Popen[bytes] | None = None
        now = datetime.now(UTC)
        authority = pki.make_root("sample", now)
        self.syd, self.mel = (pki.make_island(authority, "sample", name, now) for name in ("syd", "mel"))
        self.window = pki.window_at(now, 30)
        self.operators = Ed25519PrivateKey.generate()
        self.made: dict[str, str] = {}
        self._disk.write("etc/hosts", f"127.0.0.1 localhost\n{ADDRESS} {' '.join(NAMES[:2])}\n")
        self._disk.write("etc/pam.d/titanicarus-ssh", (STATES / "pam").read_bytes())
        for link, target in (("ssh_known_hosts", "known_hosts"), ("ssh_config.d/titanicarus.conf", "client.conf")):
            place = self.root / "etc/ssh" / link
            if not place.is_symlink():
                place.symlink_to(f"{CONFIG}/{target}")
        self.configure()

    def pillar(self, **changed: Any) -> dict[str, Any]:
        issued = pki.issue_host_key(self.syd, "syd-web1", NAMES, self.window)
        ssh = {
            "port": PORT,
            "names": list(NAMES),
            "host_key": issued.key,
            "host_certificate": issued.certificate,
            "operators": [],
            "revoked": {"keys": Renewals().revocation_list},
            "operators_authority": pki.public_line(self.operators.public_key()),
            "authorities": [
                {
                    "island": "syd",
                    "names": list(NAMES),
                    "key": pki.public_line(pki.host_authority(self.syd).public_key()),
                },
                {
                    "island": "mel",
                    "names": ["mel-web1"],
                    "key": pki.public_line(pki.host_authority(self.mel).public_key()),
                },
            ],
        }
        return {"host": {"id": "syd-web1", "island": "syd"}, "people": {}, "ssh": ssh | changed}

    def configure(self, **changed: Any) -> None:
        """Write what the state would write; `changed` parts of the pillar `ssh:`."""
        sources = {path.name: path.read_bytes() for path in (STATES / "files").iterdir()}
        pillar = self.pillar(**changed)
        self._disk.write(f"{CONFIG[1:]}/revoked/keys", base64.b64decode(pillar["ssh"]["revoked"]["keys"]))
        for name, data in render(sources, pillar, {}).items():
            mode = {"check": 0o755, "host_key": 0o600}.get(name, 0o644)
            self._disk.write(f"{CONFIG[1:]}/{name}", data).chmod(mode)

    def start(self) -> None:
        (self.root / "run/sshd").mkdir(mode=0o755, exist_ok=True)
        log = (self.root / "var/log/sshd.log").open("ab")
        argv = ["/usr/sbin/sshd", "-D", "-e", "-f", f"{CONFIG}/sshd_config", "-o", f"ListenAddress={ADDRESS}"]
        self._daemon = subprocess.Popen(
            ["chroot", str(self.root), *argv], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
        until("sshd answering", lambda: self.shown() != "")

    def stop(self) -> None:
        if self._daemon is not None:
            os.killpg(self._daemon.pid, signal.SIGTERM)
            self._daemon.wait(timeout=SECONDS)
            self._daemon = None

    def reload(self) -> None:
        """As the unit does."""
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGHUP)

    def shown(self) -> str:
        """The host key that sshd shows; empty while it does not answer."""
        argv = ["ssh-keyscan", "-T", "2", "-t", "ed25519", "-p", str(PORT), ADDRESS]
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout

    def check(self) -> subprocess.CompletedProcess[str]:
        """The state's own check of the files that are there."""
        return self.people.run(f"{CONFIG}/check", CONFIG)

    def certify(
        self, operator: str, *, began: timedelta = timedelta(0), lasts: timedelta = timedelta(minutes=5)
    ) -> str:
        """A key and certificate of an operator as `saguire ssh` makes them; gives the key's path on this disk."""
        made = make_pass(
            self.operators, operator, "syd-web1", "root", lasts=lasts, now=datetime.now(UTC) + began, by="a test"
        )
        key = f"/tmp/keys/operator-{made.entry.serial}"
        self._disk.write(key[1:], made.key).chmod(0o600)
        self._disk.write(f"{key[1:]}-cert.pub", made.certificate + "\n")
        self.made[key] = made.entry.fingerprint
        return key

    def log(self) -> str:
        """What sshd has said since the host was made."""
        return (self.root / "var/log/sshd.log").read_text()

    def argv(self, login: str, *command: str, key: str = "/tmp/keys/alice", host: str = "syd-web1") -> list[str]:
        """A client that nobody answers questions for, and that remembers no host."""
        options = ("BatchMode=yes", "UserKnownHostsFile=none", "IdentitiesOnly=yes", "ConnectTimeout=10")
        named = [word for option in options for word in ("-o", option)]
        return ["ssh", "-p", str(PORT), "-i", key, *named, f"{login}@{host}", *command]

    def ssh(self, login: str, *command: str, **options: str) -> subprocess.CompletedProcess[str]:
        return self.people.run(*self.argv(login, *command, **options))

    def seconds(self, login: str) -> float:
        """How long a sign-in takes that must succeed."""
        began = time.monotonic()
        done = self.ssh(login, "true")
        assert done.returncode == 0, done.stderr
        return time.monotonic() - began
