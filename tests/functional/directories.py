"""Two directory servers, each on a disk of its own from the lab's image, on this machine's loopback."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from functional.salt_in_image import ROOT, Host
from render.image_root import inside

from titanicarus import pki
from titanicarus.configset import render

PORT = 16636
PASSWORD_PORT = 16637
UMASK = 0o077
"""As the unit has it."""
SUFFIX = "dc=sample,dc=example"
ADDRESSES = {"syd-db1": "127.0.7.1", "syd-db2": "127.0.7.2"}
NUMBERS = {"syd-db1": 11, "syd-db2": 12}
SECONDS = 30
PYTHON = "/opt/salt/bin/python"
SOCKET = "ldapi://%2Frun%2Ftitanicarus-directory%2Fldapi"


class OnLoopback(Host):
    """A disk whose programs have this machine's network, where its servers are."""

    def run(self, *argv: str) -> subprocess.CompletedProcess[bytes]:
        enter = [word for word in inside(self.root) if word != "--net"]
        shell = 'mount -t proc proc /proc; exec "$@"'
        return subprocess.run(
            [*enter, "/bin/sh", "-c", shell, "sh", *argv],
            capture_output=True,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )


class Authority:
    """Certificates of one CA for any host."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        self._root = pki.make_root("sample", now)
        self._island = pki.make_island(self._root, "sample", "syd", now)
        self._now = now

    def identity(self, host: str, address: str, days: int = 30) -> dict[str, str]:
        request = pki.Request("host", host, (host,), (address,), client=True)
        leaf = pki.issue(self._island, request, pki.window_at(self._now, days))
        return {
            "root.crt": self._root.certificate_pem,
            "host.crt": leaf.certificate + leaf.chain,
            "host.key": leaf.key,
        }


class DirectoryHost:
    """One server. `people` and `groups` are what its pillar says, when a state is run. `takes_passwords`: whether it
    listens where people change theirs, which on a host of a fleet the lease decides."""

    def __init__(self, name: str, disk: Host, authority: Authority) -> None:
        self.name, self.disk, self.root = name, disk, disk.root
        self.url = f"ldaps://{ADDRESSES[name]}:{PORT}"
        self.authority = authority
        self.takes_passwords = True
        self._server: subprocess.Popen[bytes] | None = None
        self.certify()
        self.configure()
        self.run("install", "-d", "-o", "openldap", "-g", "openldap", "-m", "0750", "/run/titanicarus-directory")
        self.run("install", "-d", "-o", "openldap", "-m", "0700", "/var/lib/titanicarus/directory")

    def certify(self, days: int = 30) -> None:
        for file, text in self.authority.identity(self.name, ADDRESSES[self.name], days).items():
            self.disk.write(f"etc/titanicarus/pki/{file}", text).chmod(0o600)

    def pillar(self, *people: Mapping[str, Any], groups: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
        return {
            "host": {"id": self.name, "island": "syd"},
            "directory": {
                "suffix": SUFFIX,
                "port": PORT,
                "password_port": PASSWORD_PORT,
                "shard": "syd",
                "servers": [
                    {"id": host, "island": "syd", "name": address, "number": NUMBERS[host]}
                    for host, address in ADDRESSES.items()
                ],
                "people": list(people),
                "groups": [
                    {"name": name, "tenant": "harbour", "gid": 1_000_700, "members": members}
                    for name, members in (groups or {}).items()
                ],
            },
        }

    def configure(self, **changed: Any) -> None:
        """Write what the state would write; `changed` parts of the pillar `directory:`."""
        folder = ROOT / "salt/directory/files"
        pillar = self.pillar()
        pillar["directory"] |= changed
        for path, data in render({path.name: path.read_bytes() for path in folder.iterdir()}, pillar, {}).items():
            self.disk.write(f"etc/titanicarus/directory/{path}", data)

    @property
    def password_url(self) -> str:
        """Where people change their passwords, if it listens there."""
        return f"ldaps://{ADDRESSES[self.name]}:{PASSWORD_PORT}"

    def run(self, *argv: str, umask: int = -1, **environment: str) -> subprocess.CompletedProcess[str]:
        """A program on this disk with this machine's loopback."""
        return subprocess.run(
            ["chroot", str(self.root), "env", *(f"{key}={value}" for key, value in environment.items()), *argv],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
            umask=umask,
        )

    def start(self) -> str:
        """As the unit does; gives the words with which the copy was judged."""
        judged = self.run(PYTHON, "-m", "titanicarus.directory.start", umask=UMASK)
        assert judged.returncode == 0, judged.stderr
        argv = ["slapd", "-d", "0", "-u", "openldap", "-g", "openldap", "-f", "/etc/titanicarus/directory/slapd.conf"]
        log = (self.root / "var/log/slapd.log").open("ab")
        urls = [SOCKET, self.url, *([self.password_url] if self.takes_passwords else [])]
        self._server = subprocess.Popen(
            ["chroot", str(self.root), *argv, "-h", " ".join(urls)], stdout=log, stderr=log, umask=UMASK
        )
        until("the server answering", lambda: self.local("-s", "base", "-b", "", "vendorName").returncode == 0)
        return judged.stdout

    def kill(self) -> None:
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None

    def stand_still(self, frozen: bool) -> None:
        """Keep its connections and answer nothing, or go on."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def local(self, *options: str, program: str = "ldapsearch") -> subprocess.CompletedProcess[str]:
        """As root of this host."""
        brief = ["-LLL"] if program == "ldapsearch" else []
        return self.run(program, "-Q", "-Y", "EXTERNAL", *brief, "-H", SOCKET, *options)

    def from_host(self, *argv: str, identity: Path | None = Path("/etc/titanicarus/pki")) -> Any:
        """One of OpenLDAP's programs, showing this host's certificate, or none."""
        shown = {"LDAPTLS_CACERT": "/etc/titanicarus/pki/root.crt"}
        if identity is not None:
            shown |= {"LDAPTLS_CERT": f"{identity}/host.crt", "LDAPTLS_KEY": f"{identity}/host.key"}
        return self.run(*argv, **shown)

    @staticmethod
    def folder(path: str) -> Path:
        """A folder on this disk."""
        return Path(path)

    def certificate_shown(self) -> str:
        """The last line of the certificate that the server shows."""
        argv = ["openssl", "s_client", "-connect", self.url.removeprefix("ldaps://")]
        identity = self.root / "etc/titanicarus/pki"
        argv += ["-cert", str(identity / "host.crt"), "-key", str(identity / "host.key")]
        done = subprocess.run(argv, input=b"", capture_output=True, timeout=20, check=False)
        return done.stdout.decode().split("-----END CERTIFICATE")[0].split()[-1]

    def set_password(self, name: str, password: str) -> None:
        """As the person would, or root for them."""
        secret = self.disk.write("tmp/password", password)
        secret.chmod(0o600)
        done = self.run(
            "ldappasswd", "-Q", "-Y", "EXTERNAL", "-H", SOCKET, "-T", "/tmp/password", f"uid={name},ou=people,{SUFFIX}"
        )
        assert done.returncode == 0, done.stderr

    def keeper(self, **facts: Any) -> None:
        """What the keeper says of the shard whose lease decides."""
        status = {
            "host": self.name,
            "island": "syd",
            "shards": {"syd": {"open": False, "owner": self.name, "why": "a test"} | facts},
        }
        self.disk.write("run/titanicarus/keeper/shards.json", json.dumps(status))

    def apply(self, *people: Mapping[str, Any], test: bool = False, groups: Any = None) -> dict[str, Any]:
        """Run the state."""
        self.disk.pillar(self.pillar(*people, groups=groups))
        return self.disk.state("directory.managed", test=test, name="people", patience=0)

    def entry(self, name: str, kind: str = "people") -> dict[str, list[str]]:
        """What this host's copy has of somebody, as root sees it; empty for nobody."""
        from titanicarus.directory.ldif import parse

        key = "uid" if kind == "people" else "cn"
        said = self.local("-b", f"ou={kind},{SUFFIX}", f"({key}={name})").stdout
        return next(({key: list(values) for key, values in found.items()} for found in parse(said).values()), {})

    def signs_in(self, name: str, password: str) -> bool:
        """Whether the password is the right one, asked of this server."""
        secret = self.disk.write("tmp/password", password)
        secret.chmod(0o600)
        dn = f"uid={name},ou=people,{SUFFIX}"
        return bool(self.from_host("ldapwhoami", "-x", "-H", self.url, "-D", dn, "-y", "/tmp/password").returncode == 0)


def until(what: str, condition: Any, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.05)
