"""An island of hosts in namespaces, from the lab's image: glusterd, bricks, clients and our own agent are real.

`systemctl` is played by a program that starts, ends and lists the units that the agent asks for. Mounts follow this
machine's: a copy that did not would keep the disks of labs in use.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from render.image_root import divert_gsyncd, image_root
from render.rendering import pillars

from titanicarus import pki
from titanicarus.configset import render
from titanicarus.fleet import load
from titanicarus.operations.files import LOOK, said

ROOT = Path(__file__).resolve().parents[3]
PYTHON = "/opt/salt/bin/python"
VOLUMES = (PYTHON, "-m", "titanicarus.volumes")
ISLAND = "syd"
HOSTS = ("syd-filer1", "syd-filer2", "syd-db1", "syd-web1")
SYSTEMCTL = """#!/opt/salt/bin/python
import os, pathlib, signal, subprocess, sys, time
words = [word for word in sys.argv[1:] if not word.startswith("--")]
verb, unit = words[0], words[-1]
run = pathlib.Path("/run/units"); run.mkdir(exist_ok=True)
mark = run / unit
name = unit.removeprefix("titanicarus-mount@").removesuffix(".service")
def end():
    if mark.exists():
        try:
            os.kill(int(mark.read_text()), signal.SIGKILL)
        except ProcessLookupError:
            pass
        mark.unlink()
    subprocess.run(["umount", "--lazy", "--force", "--quiet", f"/srv/files/{name}"])
def begin():
    log = open(f"/var/log/{unit}.log", "ab")
    argv = ["/opt/salt/bin/python", "-m", "titanicarus.volumes", "client", name]
    begun = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    mark.write_text(str(begun.pid))
if verb in ("stop", "restart", "start"):
    end()
if verb in ("start", "restart"):
    begin()
if verb == "list-units":
    for path in run.iterdir():
        print(path.name, "loaded active running")
"""
KEEP_ALIVE = """
set -e
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/run"
mount -t tmpfs tmpfs "$1/dev"
for device in null zero urandom fuse; do touch "$1/dev/$device"; mount --bind "/dev/$device" "$1/dev/$device"; done
# The first process has to take in those whose parents have ended, as systemd does.
exec chroot "$1" /bin/bash -c 'while :; do sleep 1000 & wait "$!"; done'
"""


class Machine:
    """One host. `start` gives it power; `kill` takes it, and its cable, at once. `root` is its disk."""

    def __init__(self, host: str, root: Path, address: str, switch: int) -> None:
        self.host, self.root, self._address, self._switch = host, root, address, switch
        self._outside: subprocess.Popen[bytes] | None = None
        self._inside = 0
        self._port = ""

    def start(self) -> None:
        apart = ["--mount", "--propagation", "slave", "--net", "--pid", "--uts", "--fork", "--kill-child"]
        self._outside = subprocess.Popen(["unshare", *apart, "sh", "-c", KEEP_ALIVE, "sh", str(self.root)])
        until(f"{self.host} has power", self._is_up, 20)
        cable = ["link", "add", "name", "lan0", "netns", str(self._inside), "type", "veth", "peer", "name"]
        self._port = f"p{self._inside}"
        _ip(*cable, self._port, "netns", str(self._switch))
        _in_network(self._switch, "link", "set", self._port, "master", "br0", "up")
        for words in (["link", "set", "lo", "up"], ["address", "add", f"{self._address}/24", "dev", "lan0"]):
            _in_network(self._inside, *words)
        _in_network(self._inside, "link", "set", "lan0", "up")

    def serve(self) -> None:
        """What systemd starts on a host of its role."""
        if "filer" in self.host or "db" in self.host:
            self.check(*VOLUMES, "prepare")
            vol = "/etc/titanicarus/glusterd/glusterd.vol"
            self.begin("glusterd", "--no-daemon", f"--volfile={vol}", "--pid-file=/run/glusterd.pid", "--log-file=-")
        self.begin(*VOLUMES, "run")

    def kill(self) -> None:
        if self._outside is not None:
            # The cable first, so that no farewell of any connection gets out.
            _in_network(self._switch, "link", "set", self._port, "down")
            self._outside.kill()
            self._outside.wait()
            self._outside = None
            until(f"{self.host} is off", lambda: not Path(f"/proc/{self._inside}").exists(), 20)

    def command(self, *argv: str) -> list[str]:
        assert self._outside is not None, f"{self.host} is off"
        assert self._outside.poll() is None, f"{self.host} ended by itself with {self._outside.returncode}"
        return [
            "nsenter",
            f"--target={self._inside}",
            "--mount",
            "--net",
            "--pid",
            "--uts",
            "--root",
            "--wd",
            "--",
            *argv,
        ]

    def run(self, *argv: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*argv), capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL
        )

    def check(self, *argv: str, timeout: float = 60) -> str:
        done = self.run(*argv, timeout=timeout)
        assert done.returncode == 0, f"{self.host}: {argv}: {done.stdout}{done.stderr}"
        return done.stdout

    def begin(self, *argv: str) -> subprocess.Popen[bytes]:
        with (self.root / "var/log/begun.log").open("ab") as log:
            return subprocess.Popen(self.command(*argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def status(self) -> dict[str, Any]:
        told = said(self.check(*LOOK))
        return {"mounts": {}, "bricks": {}} if isinstance(told, str) else told

    def mount(self) -> dict[str, Any]:
        found: dict[str, Any] = self.status()["mounts"].get(
            ISLAND, {"well": False, "why": "nothing is known", "repairs": 0}
        )
        return found

    def brick(self) -> dict[str, Any]:
        found: dict[str, Any] = self.status()["bricks"].get(
            ISLAND, {"online": False, "waits": "nothing is known", "pending": None}
        )
        return found

    def pids(self, program: str) -> list[int]:
        """Processes of a program, by a word of its command line; numbers as inside."""
        found = self.run("pgrep", "-f", program).stdout.split()
        return [int(pid) for pid in found]

    def said(self) -> str:
        return (self.root / "var/log/begun.log").read_text(errors="replace")[-3000:]

    def _is_up(self) -> bool:
        assert self._outside is not None
        children = Path(f"/proc/{self._outside.pid}/task/{self._outside.pid}/children").read_text().split()
        self._inside = int(children[0]) if children else 0
        return bool(children) and Path(f"/proc/{self._inside}/comm").read_text() == "bash\n"


class Island:
    """All of them, by id, with certificates of one CA."""

    def __init__(self, machines: Mapping[str, Machine], authority: pki.Island) -> None:
        self.machines, self._authority = machines, authority

    def __getitem__(self, host: str) -> Machine:
        return self.machines[host]

    def certify(self, host: str, name: str | None = None) -> None:
        """Give a host its certificate, or that of another name."""
        name = name or host
        window = pki.window_at(datetime.now(UTC), 90)
        leaf = pki.issue(self._authority, pki.Request("host", name, (name,), client=True), window)
        folder = self[host].root / "etc/titanicarus/pki"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "host.crt").write_text(leaf.certificate + leaf.chain)
        (folder / "host.key").write_text(leaf.key)


@contextmanager
def island() -> Iterator[Island]:
    """Every host with power, and nothing running on it yet."""
    now = datetime.now(UTC)
    root = pki.make_root("titanicarus", now)
    switch = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    try:
        own = Path("/proc/self/ns/net").readlink()
        until("a switch", lambda: Path(f"/proc/{switch.pid}/ns/net").readlink() != own, 20)
        _in_network(switch.pid, "link", "add", "br0", "type", "bridge")
        _in_network(switch.pid, "link", "set", "br0", "up")
        with _disks(HOSTS) as disks:
            fleet = load(ROOT).fleet
            machines = {host: Machine(host, disks[host], str(fleet.host(host).lan), switch.pid) for host in HOSTS}
            made = Island(machines, pki.make_island(root, "titanicarus", ISLAND, now))
            for host in HOSTS:
                made.certify(host)
                (disks[host] / "etc/titanicarus/pki/root.crt").write_text(root.certificate_pem)
                write_states(host, disks[host])
            try:
                for machine in machines.values():
                    machine.start()
                yield made
            finally:
                for machine in machines.values():
                    machine.kill()
    finally:
        switch.kill()
        switch.wait()


def write_states(host: str, root: Path) -> None:
    """What the states of `salt/files` and `salt/filer` write."""
    pillar = pillars("Saguirefile")[host]
    for component in ("files", "filer"):
        if component == "filer" and not pillar["files"]["pool"]:
            continue
        source = ROOT / "salt" / component / "files"
        sources = {path.name: path.read_bytes() for path in source.iterdir()}
        folder = root / "etc/titanicarus" / ("glusterd" if component == "filer" else "files")
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in render(sources, pillar, {}).items():
            (folder / name).write_bytes(content)
    for name, target in {"glusterfs.pem": "host.crt", "glusterfs.key": "host.key", "glusterfs.ca": "root.crt"}.items():
        (root / "etc/ssl" / name).symlink_to(f"/etc/titanicarus/pki/{target}")
    shutil.copy(ROOT / "salt/files/secure-access", root / "var/lib/glusterd/secure-access")
    divert_gsyncd(root)
    (root / "srv/bricks").mkdir(parents=True)
    hosts = "".join(f"{entry['address']} {' '.join(entry['names'])}\n" for entry in pillar["names"])
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n{hosts}")
    shutil.copytree(ROOT / "src/titanicarus", root / "opt/titanicarus/current/titanicarus")
    systemctl = root / "usr/bin/systemctl"
    systemctl.unlink()
    systemctl.write_text(SYSTEMCTL)
    systemctl.chmod(0o755)


def until(what: str, holds: Callable[[], bool], seconds: float) -> float:
    """Wait for something; gives how long it took, in seconds."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)
    return time.monotonic() - began


@contextmanager
def _disks(hosts: tuple[str, ...]) -> Iterator[dict[str, Path]]:
    if not hosts:
        yield {}
        return
    with image_root() as root, _disks(hosts[1:]) as others:
        yield {hosts[0]: root, **others}


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _in_network(pid: int, *words: str) -> None:
    subprocess.run(["nsenter", f"--target={pid}", "--net", "ip", *words], check=True)
