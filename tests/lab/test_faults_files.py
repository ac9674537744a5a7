"""Rows 9 and 21 of docs/faults.md for files, and what else can happen to a brick or a mount."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.running import Running, Show, until
from lab.shared_files import Felt, await_well, measure, volumes

RUNS = [0, *(pytest.param(run, marks=pytest.mark.exhaustive) for run in range(1, 5))]
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def files(whole: Running) -> Iterator[Running]:
    """The fleet with nothing broken, every brick served, every mount well, nothing to heal."""
    for volume in volumes(whole):
        await_well(whole, volume)
    yield whole


def volume_for(fleet: Running, run: int) -> str:
    names = sorted(volumes(fleet))
    return names[run % len(names)]


def verdict(show: Show, what: str, felt: Felt, gap: float, *, errors: int = 0) -> None:
    show(f"{what}: {felt}")
    assert felt.lost == []
    assert felt.gap <= gap
    assert sum(felt.errors.values()) <= errors, felt.errors


@pytest.mark.parametrize("run", RUNS)
def test_row_9_a_filer_is_killed_and_returns(files: Running, run: int, show: Show) -> None:
    volume = volume_for(files, run)
    victim = files.ids("filer", volume)[run % 2]
    felt = measure(files, volume, lambda: files.lab.kill(victim), after=lambda: files.lab.start(victim))
    verdict(show, f"row 9: {victim} killed", felt, gap=6.0)


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", RUNS)
def test_row_9_the_return_of_a_filer_is_not_felt(files: Running, run: int, show: Show) -> None:
    volume = volume_for(files, run)
    victim = files.ids("filer", volume)[run % 2]
    files.lab.kill(victim)
    felt = measure(files, volume, lambda: files.lab.start(victim), last=20.0)
    verdict(show, f"row 9: {victim} returns", felt, gap=3.0)


@pytest.mark.exhaustive
def test_row_9_the_arbiter_is_killed(files: Running, show: Show) -> None:
    volume = volume_for(files, 0)
    (victim,) = files.ids("arbiter", volume)
    felt = measure(files, volume, lambda: files.lab.kill(victim), after=lambda: files.lab.start(victim))
    verdict(show, f"row 9: {victim}, the arbiter, killed", felt, gap=6.0)


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", RUNS)
def test_row_21_the_disk_of_a_filer_is_full(files: Running, run: int, show: Show) -> None:
    volume = volume_for(files, run)
    victim = files.ids("filer", volume)[run % 2]
    disk = files.lab.host(victim).own_disk(files=True)
    felt = measure(files, volume, disk.fill, after=disk.drain)
    verdict(show, f"row 21: the disk of {victim} full", felt, gap=10.0)


@pytest.mark.exhaustive
def test_a_client_that_is_stopped_is_mounted_anew(files: Running, show: Show) -> None:
    volume = volume_for(files, 0)
    victim = files.ids("web", volume)[0]
    unit = f"titanicarus-mount@{volume}.service"
    files.lab.host(victim).freeze_unit(unit)

    def repaired() -> bool:
        parts = volumes(files)[volume]["parts"]
        return any(part["host"] == victim and "mounted anew" in part["why"] and part["well"] for part in parts)

    seconds = until("a new client", repaired, 60)
    show(f"the client of {victim} stopped: mounted anew and well after {seconds:.1f} s")
    await_well(files, volume)


def test_a_client_that_is_killed_is_mounted_anew(files: Running, show: Show) -> None:
    volume = volume_for(files, 0)
    victim = files.ids("web", volume)[0]
    files.lab.host(victim).kill_unit(f"titanicarus-mount@{volume}.service")
    seconds = until(
        "files on the mount", lambda: files.ask(victim, "ls", f"/srv/files/{volume}/.titanicarus/probes") != "", 30
    )
    show(f"the client of {victim} killed: files can be read {seconds:.2f} s later")
    await_well(files, volume)
