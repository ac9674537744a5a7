"""The fleet under test: driven through the command line as an operator does, and measured through the lab's probe."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import yaml

from titanicarus.control.masters import serving
from titanicarus.drain import island as drained_island
from titanicarus.drain import load_balancer, web_server
from titanicarus.drill import looking
from titanicarus.drill.hands import mend_everything
from titanicarus.drill.waiting import until
from titanicarus.fleet import Declaration, Role, load
from titanicarus.fleet.shards import shards
from titanicarus.keeper.wishes import FILE as WISHES
from titanicarus.lab import Lab, ProbeResult, Target
from titanicarus.operations.drain import DRAINABLE
from titanicarus.transport import run

ROOT = Path(__file__).resolve().parents[2]
# What `saguire` reads of a checkout. Tests edit a copy of it, never the one they were started from.
PARTS = ("Saguirefile", "pillar", "salt", "src", "schema", "examples", "requirements", "_modules", "_states", "_pillar")
OPTIONAL_PARTS = ("_runners", "_beacons", "_grains", "_returners", "_utils", "reactor")
SITES = {
    "harbour.example": "Harbour Swimming Club",
    "laneway.example": "Laneway Coffee",
    "plain.quokka.example": "Quokka Bikes, till",
}
"""A static site, a PHP application with sessions, and a site without TLS, with words of their first pages."""

Show = Callable[[str], None]


def copy_checkout(target: Path) -> Path:
    """A copy of what matters of this checkout, uncommitted changes included."""
    target.mkdir()
    for part in PARTS + tuple(part for part in OPTIONAL_PARTS if (ROOT / part).exists()):
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, target / part, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target / part)
    return target


def never(what: str, condition: Callable[[], bool], seconds: float, *, poll: float = 0.2) -> None:
    """Watch for so long that it does not hold. Fails the test the moment that it does."""
    began = monotonic()
    while monotonic() - began < seconds:
        assert not condition(), f"{what}, {monotonic() - began:.1f} s after the watch began"
        sleep(poll)


def on_disk(root: Path, path: Path) -> Path:
    """A host's file, as this machine sees it below the host's root directory."""
    return root / path.relative_to("/")


def flag_stands(flag: Path) -> bool:
    """Whether a drain flag is up: it says so by being there, or by what keepalived or HAProxy reads in it."""
    return flag.exists() and (flag.name == web_server.FLAG.name or flag.read_text().strip() not in ("", "0"))


@dataclass
class Running:
    """A lab that is up, known by its name, and the checkout that it is driven from.

    right
        Whether nothing was broken since the fleet was put right.
    """

    name: str
    checkout: Path
    file: Path | None = None
    right: bool = field(default=False, compare=False)

    # The command line

    def command(self, *arguments: str) -> list[str]:
        """The argv of a saguire command on this lab."""
        verb, *rest = arguments
        chosen = ["--file", str(self.file)] if self.file and verb in ("up", "check") else []
        return [sys.executable, "-m", "titanicarus.cli", verb, *chosen, *rest]

    @property
    def environment(self) -> dict[str, str]:
        """Makes the command line use the copy of the checkout, and this lab.

        Its bytecode is kept, beside the copy, as an operator's is: without it each command compiles 200 modules first.
        """
        own = {
            "PYTHONPATH": str(self.checkout / "src"),
            "PYTHONPYCACHEPREFIX": str(self.checkout.with_name("bytecode")),
            "SAGUIRE_LAB": self.name,
            "COLUMNS": "200",
        }
        return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | own

    def saguire(self, *arguments: str, ok: bool = True, timeout: float = 1500) -> subprocess.CompletedProcess[str]:
        """Run a saguire command; with `ok` it must end with 0."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.checkout,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if ok and done.returncode != 0:
            raise AssertionError(
                f"saguire {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            )
        return done

    def json(self, *arguments: str, ok: bool = True) -> Any:
        """What a command prints with --json."""
        return json.loads(self.saguire(*arguments, "--json", ok=ok).stdout)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a saguire command and do not wait for it."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.checkout,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # As on an operator's terminal: tests that were started in the background inherit that it is ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )

    # What is declared

    @property
    def declaration(self) -> Declaration:
        """As the copy of the checkout declares now."""
        return load(self.checkout, self.file)

    @property
    def saguirefile(self) -> Path:
        """The Saguirefile that the lab is made from."""
        return self.file or self.checkout / "Saguirefile"

    @property
    def tenants(self) -> Path:
        """The folder of its tenants' files."""
        return self.checkout / str(yaml.safe_load(self.saguirefile.read_text()).get("tenants", "pillar/tenants"))

    @cached_property
    def lab(self) -> Lab:
        """The lab itself."""
        return Lab(self.name, self.declaration.fleet)

    @cached_property
    def islands(self) -> tuple[str, ...]:
        """Names of the islands."""
        return tuple(self.lab.fleet.islands)

    @cached_property
    def shards(self) -> tuple[str, ...]:
        """Names of the shards with a tenant's database."""
        homes = {tenant.home for tenant in self.declaration.tenants if tenant.databases}
        return tuple(shard.name for shard in shards(self.lab.fleet) if shard.name in homes)

    def ids(self, role: str, island: str | None = None) -> tuple[str, ...]:
        """Hosts with a role."""
        return tuple(host.id for host in self.lab.fleet.with_role(Role(role), island))

    # Looking

    def ask(self, host: str, *argv: str, timeout: float = 20) -> str:
        """What a command prints on a host; empty when it fails or the host is off."""
        return looking.ask(self.lab, host, *argv, timeout=timeout)

    def up(self) -> bool:
        """Whether any host of the lab runs."""
        return any(self.lab.reachable(host) for host in self.lab.ids)

    def page(self, url: str, *options: str) -> str:
        """What the client gets for a URL, or an empty string."""
        return looking.page(self.lab, url, *options)

    def page_of(self, island: str, site: str, path: str = "/", scheme: str = "https") -> str:
        """What the client gets for a site from one island's public address."""
        vip = self.lab.fleet.islands[island].wan.vip
        port = 443 if scheme == "https" else 80
        return self.page(f"{scheme}://{site}{path}", "--resolve", f"{site}:{port}:{vip}")

    def vip_holder(self, island: str) -> str | None:
        """The load balancer that has the island's public address now."""
        return looking.vip_holder(self.lab, island)

    def ready(self, island: str) -> bool:
        """Whether the island has all it was declared with: each load balancer sees every web server."""
        return not looking.web_lacks(self.lab, island)

    def releases(self) -> dict[str, tuple[str | None, str | None]]:
        """What each control host serves: its release, and since when."""
        served, _ = serving(self.lab, self.ids("control"))
        return {host: (one.release, one.at) for host, one in served.items()}

    # Putting right

    def put_right(self) -> None:
        """Undo what is broken: cuts, hosts that are off, frozen or drained, units, disks, clocks, stopped masters.

        Returns when every island is whole; `right` is true then.
        """
        self.right = False
        mend_everything(self.lab)
        if self.masters_stopped():
            self.masters("start")
            until("every minion answering", self.minions_answer, 600, poll=5)
        for host in self.lab.fleet.hosts:
            if DRAINABLE & set(host.roles) and self.drained(host.id):
                self.saguire("restore", host.id)
        for island in self.islands:
            if self.island_drained(island):
                self.saguire("restore", island)
        for island in self.islands:
            until(f"{island} being whole again", lambda island=island: self.ready(island), 240, poll=0.3)
        self.right = True

    def lab_root(self, host: str) -> Path:
        """Where this machine has a host's root directory."""
        return self.lab.layout.host(host).root

    def drained(self, host: str) -> bool:
        """Whether a host was taken out of service and not brought back; read on its disk, so it need not answer."""
        root = self.lab_root(host)
        standing = [web_server.FLAG, load_balancer.KEEPALIVED_FLAG, load_balancer.HAPROXY_FLAG]
        wishes = on_disk(root, WISHES)
        leases = json.loads(wishes.read_text()).values() if wishes.exists() else ()
        return any(flag_stands(on_disk(root, flag)) for flag in standing) or any(one.get("drained") for one in leases)

    def island_drained(self, island: str) -> bool:
        """Whether users were sent away from an island."""
        return any(flag_stands(on_disk(self.lab_root(host), drained_island.FLAG)) for host in self.ids("lb", island))

    def masters_stopped(self) -> bool:
        """Whether any Salt master does not run."""
        return any(
            self.ask(host, "systemctl", "is-active", "salt-master").strip() != "active" for host in self.ids("control")
        )

    def minions_answer(self, master: str | None = None) -> bool:
        """Whether every minion answers a master: this one, or any."""
        chosen = ("--from", master) if master else ()
        answers = self.saguire("salt", *chosen, "--out=json", "--static", "*", "test.ping", ok=False).stdout
        return all(f'"{host.id}": true' in answers for host in self.lab.fleet.hosts)

    def masters(self, verb: str) -> None:
        """Start or stop every Salt master. While they are stopped nothing is healed: the last one would start the
        others again."""
        if verb == "stop":
            self.saguire("pause", "--why", "a test stops every master")
        with ThreadPoolExecutor(6) as pool:
            control = self.ids("control")
            list(pool.map(lambda host: run(self.lab, host, ["systemctl", verb, "salt-master"], timeout=90), control))
        if verb == "start":
            self.saguire("resume")

    # Measuring

    @property
    def sites(self) -> dict[str, str]:
        """Those of SITES that are declared, with the scheme that each is asked by."""
        declared = {site.name: site for _, site in self.declaration.sites}
        return {name: "https" if declared[name].https else "http" for name in SITES if name in declared}

    def targets(self, island: str) -> list[Target]:
        """The sites, asked of one island's public address."""
        via = f"{island}.{self.lab.fleet.domain}"
        return [
            Target(name, f"{scheme}://{name}/", contains=SITES[name], via=via) for name, scheme in self.sites.items()
        ]

    def measure(
        self, island: str, during: Callable[[], float], settle: Callable[[], None]
    ) -> tuple[ProbeResult, float]:
        """Probe an island while `during` does something to it and `settle` waits for it to be over.

        Gives back the figures, and when it was done (what `during` gave back).
        """
        with self.lab.probe(self.targets(island)) as probe:
            probe.wait_until_good(15)
            moment = during()
            settle()
            probe.wait_until_good(15)
            return probe.stop(), moment


def pass_seconds(seconds: float) -> Callable[[], None]:
    """Let a fault last: not a wait for something that should have happened, but the length of the fault itself."""
    return lambda: sleep(seconds)
