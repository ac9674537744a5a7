"""Real Salt masters and minions on loopback, set up by the same code that sets up a fleet."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures.control_plane import ROOT, ControlPlane

from titanicarus.control import salt_config
from titanicarus.heal.here import BOOTED

MASTERS = ("syd-store1", "mel-store1")
START_SECONDS = 240
UNITS = ("nginx.service", "valkey-server.service")
"""What runs on the web server, for its beacon."""


@pytest.fixture(scope="session")
def salt_factories_config(short_folder: Path) -> dict[str, Any]:
    return {"root_dir": short_folder / "factory", "inject_sitecustomize": False, "code_dir": None}


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """Unix sockets allow paths of 107 characters, and pytest's own folders eat most of them."""
    folder = Path(tempfile.mkdtemp(prefix="tf-"))
    # A systemctl of the tests' own comes first: nothing of this machine is started.
    os.environ["PATH"] = f"{Path(__file__).parent / 'heal'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    os.environ["PYTHONPATH"] = str(ROOT / "src")
    os.environ["FAKE_ROOT"] = str(folder / "fleet/hosts/syd-web1")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def plane(short_folder: Path) -> ControlPlane:
    """A fleet of two islands whose masters were provisioned and pushed to."""
    plane = ControlPlane(short_folder / "fleet")
    for host in (*plane.controls, "syd-web1", "mel-lb1"):
        plane.provision(host)
    plane.push()
    for host, units in (
        ("syd-web1", UNITS),
        ("mel-lb1", ()),
        *((control, ("salt-master.service",)) for control in plane.controls),
    ):
        root = plane.transport.root(host)
        for folder in ("run/systemd/units", "etc/systemd/system/multi-user.target.wants"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        for unit in units:
            wanted = root / f"etc/systemd/system/multi-user.target.wants/{unit}"
            wanted.unlink(missing_ok=True)
            wanted.symlink_to(f"/usr/lib/systemd/system/{unit}")
        for unit in (BOOTED, *units):
            (root / f"run/systemd/units/invocation:{unit}").symlink_to("a" * 32)
    return plane


@pytest.fixture(scope="session")
def masters(plane: ControlPlane, salt_factories: Any) -> Iterator[list[Any]]:
    """Two masters of different islands."""
    daemons = [salt_factories.salt_master_daemon(host, overrides=_master(plane, host)) for host in MASTERS]
    for host, daemon in zip(MASTERS, daemons, strict=True):
        use_keys(daemon, plane.transport.root(host) / "etc/salt/pki/master")
        daemon.start(start_timeout=START_SECONDS)
    yield daemons
    for daemon in daemons:
        daemon.terminate()


@pytest.fixture(scope="session")
def minions(plane: ControlPlane, masters: list[Any]) -> Iterator[dict[str, Any]]:
    """A web server and a load balancer, each connected to both masters."""
    daemons = {}
    for host in ("syd-web1", "mel-lb1"):
        overrides = minion_overrides(plane, masters, host)
        daemons[host] = masters[0].salt_minion_daemon(host, overrides=overrides)
        use_keys(daemons[host], plane.transport.root(host) / "etc/salt/pki/minion")
        use_modules(daemons[host])
        daemons[host].start(start_timeout=START_SECONDS)
    yield daemons
    for daemon in daemons.values():
        daemon.terminate()


def use_keys(daemon: Any, folder: Path) -> None:
    """Salt insists on a key folder below its own root; that becomes a link to where the host has its keys."""
    own = Path(daemon.config["pki_dir"])
    if own.exists():
        shutil.rmtree(own)
    own.parent.mkdir(parents=True, exist_ok=True)
    own.symlink_to(folder)


def use_modules(daemon: Any) -> None:
    """What provisioning gives a minion before its first start."""
    for kind in ("beacons", "modules", "states"):
        shutil.copytree(ROOT / f"_{kind}", Path(daemon.config["extension_modules"]) / kind, dirs_exist_ok=True)


def minion_overrides(plane: ControlPlane, masters: list[Any], host: str) -> dict[str, Any]:
    config = salt_config.minion_config(plane.declaration.fleet, plane.declaration.fleet.host(host))
    for key in ("log_file", "log_level", "log_level_logfile", "random_reauth_delay"):
        config.pop(key)
    for entry in config["beacons"].get("hosts", []):
        if "look_at" in entry:  # nothing of this fleet may be looked for in a real network
            entry["look_at"] = {name: [stand_in(plane, name)] for name in entry["look_at"]}
    return config | {
        "master": [f"127.0.0.1:{master.config['ret_port']}" for master in masters],
        "loop_interval": 1,
        "titanicarus_root": str(plane.transport.root(host)),
    }


def stand_in(plane: ControlPlane, name: str) -> str:
    """The address on this machine that is looked at in the place of a host's, or an island's."""
    fleet = plane.declaration.fleet
    return f"127.0.1.{1 + [*fleet.islands, *(host.id for host in fleet.hosts)].index(name)}"


def _master(plane: ControlPlane, host: str) -> dict[str, Any]:
    root = plane.transport.root(host)
    config = salt_config.master_config(plane.declaration.fleet, plane.declaration.fleet.host(host))
    for key in ("log_file", "log_level", "log_level_logfile"):
        config.pop(key)
    return _moved(config, root) | {
        "interface": "127.0.0.1",
        "fileserver_list_cache_time": 20,
        "loop_interval": 1,
        "titanicarus_root": str(root),
    }


def _moved(value: Any, root: Path) -> Any:
    """The configuration with every path of a host moved below the folder that plays this host."""
    if isinstance(value, dict):
        return {key: _moved(entry, root) for key, entry in value.items()}
    if isinstance(value, list):
        return [_moved(entry, root) for entry in value]
    return f"{root}{value}" if isinstance(value, str) and value.startswith("/srv/") else value
