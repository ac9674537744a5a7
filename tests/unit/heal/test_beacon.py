"""The beacon as Salt loads it: which configurations it takes, and that it follows the host's library."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fixtures.control_plane import ROOT
from fixtures.repository import Repository
from unit.heal.disk import Disk

from titanicarus.control.salt_config import BEACON_SECONDS, minion_config
from titanicarus.fleet.healing import units


@pytest.fixture
def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("units_beacon", ROOT / "_beacons/units.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


def test_it_remembers_from_look_to_look(tmp_path: Path, module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(tmp_path)
    disk.enable("nginx.service")
    vars(module)["__opts__"] = {"titanicarus_root": str(tmp_path)}
    monkeypatch.setattr(module, "LIBRARY", tmp_path / "opt/titanicarus/current")
    config = [NAMED, {"_beacon_name": "units"}]
    assert module.beacon(config) == []
    (event,) = module.beacon(config)
    assert (event["tag"], event["unit"]) == ("stopped", "nginx.service")
    assert module.beacon(config) == []


def test_a_new_library_is_imported_and_what_is_wrong_is_said_once_more(
    tmp_path: Path, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(tmp_path)
    disk.enable("nginx.service")
    vars(module)["__opts__"] = {"titanicarus_root": str(tmp_path)}
    link = tmp_path / "current"
    link.symlink_to("releases/1")
    monkeypatch.setattr(module, "LIBRARY", link)
    kept = {name: loaded for name, loaded in sys.modules.items() if name.startswith("titanicarus.heal")}
    config = [NAMED]
    said = [module.beacon(config) for _ in range(3)]
    assert [len(news) for news in said] == [0, 1, 0]
    old = sys.modules["titanicarus.heal.watch"]
    link.unlink()
    link.symlink_to("releases/2")
    said = [module.beacon(config) for _ in range(3)]
    assert [len(news) for news in said] == [0, 1, 0]
    assert sys.modules["titanicarus.heal.watch"] is not old
    sys.modules.update(kept)
