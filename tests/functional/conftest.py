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
from fixtures.control_plane import ControlPlane

from titanicarus.control import salt_config

MASTERS = ("syd-store1", "mel-store1")
START_SECONDS = 240


@pytest.fixture(scope="session")
def salt_factories_config(short_folder: Path) -> dict[str, Any]:
    return {"root_dir": short_folder / "factory", "inject_sitecustomize": False, "code_dir": None}


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """Unix sockets allow paths of 107 characters, and pytest's own folders eat most of them."""
    folder = Path(tempfile.mkdtemp(prefix="tf-"))
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def plane(short_folder: Path) -> ControlPlane:
    """A fleet of two islands whose masters were provisioned and pushed to."""
    plane = ControlPlane(short_folder / "fleet")
    for host in (*plane.controls, "syd-web1", "mel-lb1"):
        plane.provision(host)
    plane.push()
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


def minion_overrides(plane: ControlPlane, masters: list[Any], host: str) -> dict[str, Any]:
    config = salt_config.minion_config(plane.declaration.fleet, plane.declaration.fleet.host(host))
    for key in ("log_file", "log_level", "log_level_logfile", "random_reauth_delay"):
        config.pop(key)
    return config | {
        "master": [f"127.0.0.1:{master.config['ret_port']}" for master in masters],
        "loop_interval": 1,
    }


def _master(plane: ControlPlane, host: str) -> dict[str, Any]:
    root = plane.transport.root(host)
    config = salt_config.master_config(plane.declaration.fleet, plane.declaration.fleet.host(host))
    for key in ("log_file", "log_level", "log_level_logfile"):
        config.pop(key)
    return _moved(config, root) | {
        "interface": "127.0.0.1",
        "fileserver_list_cache_time": 20,
        "loop_interval": 1,
    }


def _moved(value: Any, root: Path) -> Any:
    """The configuration with every path of a host moved below the folder that plays this host."""
    if isinstance(value, dict):
        return {key: _moved(entry, root) for key, entry in value.items()}
    if isinstance(value, list):
        return [_moved(entry, root) for entry in value]
    return f"{root}{value}" if isinstance(value, str) and value.startswith("/srv/") else value
