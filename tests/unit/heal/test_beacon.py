"""The beacons as Salt loads them: which configurations they take, and that they follow the host's library."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fixtures.control_plane import ROOT
from fixtures.repository import Repository
from unit.heal.disk import Disk
from unit.heal.played import Played

from titanicarus import following
from titanicarus.control.salt_config import BEACON_SECONDS, minion_config
from titanicarus.fleet.healing import look_at, observers, units


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_beacon", ROOT / f"_beacons/{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The library of the host. What this process has of it is as before afterwards, for all other tests."""
    found = tmp_path / "current"
    found.symlink_to("releases/1")
    monkeypatch.setattr(following, "LIBRARY", found)
    monkeypatch.setattr(following, "_imported", {})
    before = {name: module for name, module in sys.modules.items() if name.startswith("titanicarus.")}
    package = sys.modules["titanicarus"]
    attributes = dict(vars(package))
    yield found
    for name in [name for name in sys.modules if name.startswith("titanicarus.")]:
        del sys.modules[name]
    sys.modules.update(before)
    vars(package).update(attributes)


@pytest.fixture
def module() -> ModuleType:
    return loaded("units")


@pytest.fixture
def hosts() -> ModuleType:
    return loaded("hosts")


NAMED = {"units": ["nginx.service", "titanicarus-mariadb@syd.service", "titanicarus-bases.timer"]}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ([NAMED], ""),
        ([NAMED, {"interval": 4}], ""),
        ([NAMED, {"interval": 1.5}, {"_beacon_name": "units"}], ""),
        ([NAMED, {"enabled": True}, {"disable_during_state_run": True}, {"beacon_module": "units"}], ""),
        (NAMED, "takes a list"),
        ("nginx.service", "takes a list"),
        (None, "takes a list"),
        (["nginx.service"], "takes a list"),
        ([], "must be a list with the names"),
        ([{"interval": 4}], "must be a list with the names"),
        ([{"units": []}], "must be a list with the names"),
        ([{"units": "nginx.service"}], "must be a list with the names"),
        ([{"units": {"nginx.service": {}}}], "must be a list with the names"),
        ([{"units": ["nginx"]}], "'nginx' is no name"),
        ([{"units": ["nginx.service", 7]}], "7 is no name"),
        ([{"units": ["nginx.socket"]}], "'nginx.socket' is no name"),
        ([NAMED, {"interval": 0}], "1 to 60 seconds, found 0"),
        ([NAMED, {"interval": 61}], "1 to 60 seconds"),
        ([NAMED, {"interval": "4"}], "1 to 60 seconds"),
        ([NAMED, {"interval": True}], "1 to 60 seconds"),
        ([NAMED, {"intervall": 4}], "no option intervall"),
        ([NAMED, {7: 4}], "no option 7"),
    ],
)
def test_validate(config: Any, words: str, module: ModuleType) -> None:
    valid, said = module.validate(config)
    assert (valid, words in said) == (not words, True), said


def test_what_minions_are_told_is_valid(tmp_path: Path, module: ModuleType) -> None:
    fleet = Repository(tmp_path).load().fleet
    for host in fleet.hosts:
        config = minion_config(fleet, host)["beacons"]["units"]
        assert module.validate(config) == (True, "valid")
        assert config == [{"units": units(fleet, host)}, {"interval": BEACON_SECONDS}]


def test_it_remembers_from_look_to_look(tmp_path: Path, module: ModuleType) -> None:
    disk = Disk(tmp_path)
    disk.enable("nginx.service")
    vars(module)["__opts__"] = {"titanicarus_root": str(tmp_path)}
    config = [NAMED, {"_beacon_name": "units"}]
    assert module.beacon(config) == []
    (event,) = module.beacon(config)
    assert (event["tag"], event["unit"]) == ("stopped", "nginx.service")
    assert module.beacon(config) == []


def test_a_new_library_is_imported_and_what_is_wrong_is_said_once_more(
    tmp_path: Path, module: ModuleType, link: Path
) -> None:
    disk = Disk(tmp_path)
    disk.enable("nginx.service")
    vars(module)["__opts__"] = {"titanicarus_root": str(tmp_path)}
    config = [NAMED]
    said = [module.beacon(config) for _ in range(3)]
    assert [len(news) for news in said] == [0, 1, 0]
    old = sys.modules["titanicarus.heal.watch"]
    link.unlink()
    link.symlink_to("releases/2")
    said = [module.beacon(config) for _ in range(3)]
    assert [len(news) for news in said] == [0, 1, 0]
    assert sys.modules["titanicarus.heal.watch"] is not old


SEEN = {"look_at": {"syd-web1": ["10.1.0.4"], "mel": ["10.2.0.5", "198.18.2.10"]}}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ([SEEN], ""),
        ([SEEN, {"interval": 4}, {"_beacon_name": "hosts"}, {"enabled": True}], ""),
        (SEEN, "takes a list"),
        ([{"interval": 4}], "must be a mapping"),
        ([{"look_at": {}}], "must be a mapping"),
        ([{"look_at": ["10.1.0.4"]}], "must be a mapping"),
        ([{"look_at": {"mel": []}}], "'mel' needs a list"),
        ([{"look_at": {"mel": "10.2.0.5"}}], "'mel' needs a list"),
        ([{"look_at": {7: ["10.2.0.5"]}}], "7 needs a list"),
        ([{"look_at": {"mel": ["mel.example"]}}], "'mel.example' of mel is no IPv4"),
        ([{"look_at": {"mel": [7]}}], "7 of mel is no IPv4"),
        ([SEEN, {"interval": 0}], "1 to 60 seconds"),
        ([SEEN, {"units": []}], "no option units"),
    ],
)
def test_validate_hosts(config: Any, words: str, hosts: ModuleType) -> None:
    valid, said = hosts.validate(config)
    assert (valid, words in said) == (not words, True), said


def test_control_hosts_are_told_whom_to_look_at_and_nobody_else_is(tmp_path: Path, hosts: ModuleType) -> None:
    fleet = Repository(tmp_path).load().fleet
    watched = observers(fleet)
    for host in fleet.hosts:
        told = minion_config(fleet, host)["beacons"]
        assert ("hosts" in told) is host.has("control")  # type: ignore[arg-type]
        if "hosts" in told:
            assert hosts.validate(told["hosts"]) == (True, "valid")
            names = told["hosts"][0]["look_at"]
            assert names == look_at(fleet, host) and host.id not in names and host.island not in names
            assert all(host.id in watched[name] for name in names)


def play() -> Any:
    """Let a test answer echo requests, in the library as it is imported now."""
    importlib.import_module("titanicarus.heal.observer").Pings = Played  # type: ignore[attr-defined]
    return Played


def test_hosts_are_looked_at_from_look_to_look(tmp_path: Path, hosts: ModuleType, link: Path) -> None:
    vars(hosts)["__opts__"] = {"titanicarus_root": str(tmp_path)}
    config = [SEEN, {"_beacon_name": "hosts"}]
    pings = sys.modules["titanicarus.heal.observer"].Pings if "titanicarus.heal.observer" in sys.modules else None
    play().there = {"syd-web1", "mel"}
    assert [hosts.beacon(config) for _ in range(3)] == [[]] * 3
    Played.there = {"mel"}
    assert [one["about"] for news in (hosts.beacon(config) for _ in range(5)) for one in news] == ["syd-web1"]
    before = hosts._kept["observer"]
    link.unlink()
    link.symlink_to("releases/2")
    following.follow(hosts._kept)
    assert "observer" not in hosts._kept and "titanicarus.heal.observer" not in sys.modules
    play()
    said = [hosts.beacon(config) for _ in range(5)]
    assert [[one["about"] for one in news] for news in said][-1] == ["syd-web1"], "it is missed all the same"
    assert type(hosts._kept["observer"]) is not type(before)
    closed = Played.closed
    hosts.close(config)
    hosts.close(config)
    assert Played.closed == closed + 1
    if pings:
        sys.modules["titanicarus.heal.observer"].Pings = pings  # type: ignore[attr-defined]


def test_all_who_keep_something_go_on_with_one_library(link: Path) -> None:
    first: dict[str, Any] = {}
    second: dict[str, Any] = {}
    for kept in (first, second):
        following.follow(kept)
        kept["something"] = 1
    link.unlink()
    link.symlink_to("releases/2")
    following.follow(first)
    watch = importlib.import_module("titanicarus.heal.watch")
    following.follow(second)
    assert sys.modules["titanicarus.heal.watch"] is watch
    assert first == second == {"release": "2"}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ([], ""),
        ([{"interval": 20}, {"_beacon_name": "parts"}, {"enabled": True}], ""),
        ({"interval": 20}, "takes a list"),
        ([{"interval": 0}], "1 to 60 seconds"),
        ([{"units": []}], "no option units"),
    ],
)
def test_validate_parts(config: Any, words: str) -> None:
    valid, said = loaded("parts").validate(config)
    assert (valid, words in said) == (not words, True), said


def test_parts_are_looked_at_from_look_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(tmp_path)
    disk.write("proc/self/mounts", "")
    disk.write(
        "run/titanicarus/files/status.json",
        {"bricks": {}, "mounts": {"syd": {"well": False, "why": "is dead", "repairs": 0}}},
    )
    monkeypatch.setattr(importlib.import_module("titanicarus.heal.parts"), "certificates", lambda *_: "")
    parts = loaded("parts")
    vars(parts)["__opts__"] = {"titanicarus_root": str(tmp_path), "id": "syd-web1"}
    assert parts.beacon([{"interval": 20}]) == []
    (event,) = parts.beacon([{"interval": 20}])
    assert (event["tag"], event["part"], event["why"]) == ("ill", "mount syd", "is dead")
