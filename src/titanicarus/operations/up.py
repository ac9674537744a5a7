"""Bring a fleet up, or repair what is missing of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from titanicarus.control import secrets
from titanicarus.control.apply import Applied, apply, wait_until_ready
from titanicarus.control.masters import control_hosts
from titanicarus.control.provision import provision
from titanicarus.control.push import Pushed
from titanicarus.control.secrets import Secrets
from titanicarus.fleet import Declaration
from titanicarus.lab import CLIENT, CLOUD, NOT_IN_FLEET, BootFailed, HostFailed, Lab, ensure_packages, preflight
from titanicarus.operations.dns import keep_names
from titanicarus.operations.errors import OperationFailed
from titanicarus.operations.joining import gather_joined
from titanicarus.operations.leases import give_leases
from titanicarus.operations.release import push_release
from titanicarus.transport import CommandFailed, Unreachable, run

Progress = Callable[[str], None]
SERVICE_SECONDS = 60.0
MINIONS_SECONDS = 180.0


@dataclass(frozen=True)
class BroughtUp:
    """How `up` ended. `booted` were off before, `failures` could not be booted, minions of `silent` never answered.

    `told`: what Route53 says is as declared, or the fleet has no AWS. `leased`: each shard has a lease that hosts can
    hold, or the fleet has no AWS or no databases.
    """

    booted: tuple[str, ...]
    failures: tuple[HostFailed, ...]
    silent: tuple[str, ...]
    pushed: Pushed
    applied: Applied
    told: bool
    leased: bool

    @property
    def ok(self) -> bool:
        """Whether the whole fleet is up and as declared."""
        whole = not self.failures and not self.silent and not self.pushed.unreachable
        return whole and self.applied.ok and self.told and self.leased


def bring_up(lab: Lab, declaration: Declaration, root: Path, fleet_file: Path | None, progress: Progress) -> BroughtUp:
    """Everything from a bare machine to a fleet that serves; quick when nothing is missing.

    A host that fails is reported in the result and the others go on. Raises OperationFailed when this machine cannot
    carry the lab, before anything changes; LabBusy; NoMaster and Refused from the push.
    """
    obstacles = preflight(declaration.fleet, running=any(lab.reachable(host) for host in lab.ids))
    if obstacles:
        raise OperationFailed("\n".join(obstacles))
    with lab.hold("up"):
        ensure_packages(progress)
        secrets.birth(declaration.fleet, lab.secrets, progress)
        gather_joined(lab, declaration, lab.secrets)
        blank = [host.id for host in declaration.fleet.hosts if not lab.host(host.id).has_disk()]
        secrets.reborn(lab.secrets, blank, datetime.now(UTC))
        keys = secrets.load(declaration.fleet, lab.secrets)
        off = tuple(host for host in lab.ids if not lab.reachable(host))
        masters = control_hosts(declaration)
        # Masters first: a minion that finds one with its tree in place connects once and is done.
        failures = _boot(lab, declaration, keys, [*sorted(NOT_IN_FLEET), *masters], progress)
        if lab.reachable(CLIENT):
            lab.trust(keys.root.certificate_pem)
        if lab.reachable(CLOUD):
            lab.refresh_cloud()
            lab.tell_of_account()
        pushed = push_release(lab, declaration, root, fleet_file, progress)
        _start(lab, masters, "salt-master", progress)
        others = [host for host in lab.ids if host not in {*NOT_IN_FLEET, *masters}]
        failures += _boot(lab, declaration, keys, others, progress)
        _start(lab, [host.id for host in declaration.fleet.hosts], "salt-minion", progress)
        booted = tuple(host for host in off if host not in {failure.host_id for failure in failures})
        silent: Sequence[str] = ()
        if any(host not in NOT_IN_FLEET for host in booted):
            running = [host.id for host in declaration.fleet.hosts if lab.reachable(host.id)]
            silent = wait_until_ready(lab, declaration, running, deadline=MINIONS_SECONDS, progress=progress)
        # Side by side: AWS is reached through gateways that the apply makes, databases open when their leases exist.
        with ThreadPoolExecutor(max_workers=1) as pool:
            leases = pool.submit(give_leases, lab, declaration, progress)
            applied = apply(lab, declaration, progress=progress)
            leased = leases.result()
        told = keep_names(lab, declaration, progress)
    return BroughtUp(booted, failures, tuple(silent), pushed, applied, told, leased)


def take_down(lab: Lab, progress: Progress, *, purge: bool = False) -> None:
    """Take the lab away. With `purge` also its secrets: the next `up` makes a new root certificate and new keys."""
    lab.down(progress)
    if purge and lab.secrets.is_dir():
        shutil.rmtree(lab.secrets)
        progress(f"lab {lab.name}: its keys and certificates are gone")


def _boot(
    lab: Lab, declaration: Declaration, keys: Secrets, hosts: Sequence[str], progress: Progress
) -> tuple[HostFailed, ...]:
    try:
        lab.boot(hosts, lambda host, disk: provision(declaration, keys, host, disk), progress)
    except BootFailed as error:
        return error.failures
    return ()


def _start(lab: Lab, hosts: Sequence[str], unit: str, progress: Progress) -> None:
    """Salt is what repairs all else, so `up` itself sees to it that its daemons run on every living host."""

    def start(host: str) -> None:
        try:
            run(lab, host, ["systemctl", "start", unit], timeout=SERVICE_SECONDS)
        except (CommandFailed, Unreachable) as error:
            progress(f"{host}: {unit} could not be started: {error}")

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(start, [host for host in hosts if lab.reachable(host)]))
