"""What is done to a lab for each fault, and what undoes it, against one that only writes down what it is told."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.drill_world import ROOT, whole_fleet

from titanicarus.drill import hands
from titanicarus.drill.fault import Fault, Kind
from titanicarus.drill.rows import BRICKS, KEEPER
from titanicarus.fleet import load
from titanicarus.lab import faults

FLEET = whole_fleet()
UNIT = "titanicarus-mariadb@syd.service"


class Recorder:
    """Any call on it is written down, with what it was reached by."""

    def __init__(self, said: list[str], name: str = "") -> None:
        self._said, self._name = said, name

    def __getattr__(self, name: str) -> Any:
        return Recorder(self._said, f"{self._name}.{name}" if self._name else name)

    def __call__(self, *words: Any, **more: Any) -> Any:
        told = [str(word) for word in words] + [f"{key}={value}" for key, value in more.items()]
        call = f"{self._name}({', '.join(told)})"
        if self._name.endswith(("host", "own_disk")):
            return Recorder(self._said, call)
        self._said.append(call)
        return True


class Lab(Recorder):
    fleet = FLEET


MADE = {
    Fault(Kind.KILL, "syd-lb1"): "kill(syd-lb1)",
    Fault(Kind.FREEZE, "syd-web2"): "freeze(syd-web2)",
    Fault(Kind.KILL_UNIT, "syd-db1", UNIT): f"host(syd-db1).kill_unit({UNIT})",
    Fault(Kind.FREEZE_UNIT, "syd-db1", KEEPER): f"host(syd-db1).freeze_unit({KEEPER})",
    Fault(Kind.FREEZE_DISK, "syd-db1"): "host(syd-db1).own_disk(files=False).freeze()",
    Fault(Kind.FILL_DISK, "syd-filer1", BRICKS): "host(syd-filer1).own_disk(files=True).fill()",
    Fault(Kind.LOSE_ISLAND, "per"): "kill_island(per)",
    Fault(Kind.CUT_VPN): "cuts.make(cut-vpn, a=all, b=all)",
    Fault(Kind.AWS_API): "cuts.make(aws-api)",
}


@pytest.mark.parametrize("fault", MADE, ids=str)
def test_it_is_made(fault: Fault) -> None:
    said: list[str] = []
    hands.make(Lab(said), fault)  # type: ignore[arg-type]
    assert said == [MADE[fault]]


def mended(fault: Fault) -> list[str]:
    said: list[str] = []
    hands.mend(Lab(said), load(ROOT), fault, said.append)  # type: ignore[arg-type]
    return said


def test_hosts_networks_and_islands_are_mended() -> None:
    assert mended(Fault(Kind.KILL, "syd-lb1")) == ["start(syd-lb1)"]
    assert mended(Fault(Kind.FREEZE, "syd-web2"))[-1] == "thaw(syd-web2)"
    assert mended(Fault(Kind.CUT_VPN)) == ["cuts.mend(chosen=(), kinds=('cut-vpn',))"]
    assert mended(Fault(Kind.AWS_API)) == ["cuts.mend(chosen=(), kinds=('aws-api',))"]
    assert sorted(mended(Fault(Kind.LOSE_ISLAND, "per"))) == sorted(
        f"start({host.id})" for host in FLEET.islands["per"].hosts.values()
    )


@pytest.mark.parametrize(
    ("fault", "there"),
    [
        (Fault(Kind.FREEZE_UNIT, "syd-db1", KEEPER), faults.HostFault("syd-db1", faults.UNIT, KEEPER)),
        (Fault(Kind.FREEZE_DISK, "syd-db1"), faults.HostFault("syd-db1", faults.DISK)),
        (Fault(Kind.FILL_DISK, "syd-db1", BRICKS), faults.HostFault("syd-db1", faults.FULL, faults.BRICKS)),
    ],
    ids=str,
)
def test_only_what_is_still_there_is_mended_inside_a_host(
    fault: Fault, there: faults.HostFault, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = tuple(faults.HostFault("syd-db1", kind, "x") for kind in (faults.UNIT, faults.DISK, faults.CLOCK))
    undone: list[faults.HostFault] = []
    monkeypatch.setattr(faults, "undo", lambda _lab, one: undone.append(one))
    monkeypatch.setattr(faults, "faults_of", lambda _host: (*others, there))
    mended(fault)
    assert undone == [there]
    monkeypatch.setattr(faults, "faults_of", lambda _host: others)
    mended(fault)
    assert undone == [there], "it went away by itself"


def test_a_name_for_bricks_is_the_lab_s() -> None:
    assert BRICKS == faults.BRICKS
