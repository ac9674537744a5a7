"""`down` leaves nothing behind, after any kind of end; and two labs with the same addresses do not meet."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import pytest
from lab.running import Running, Show, until

from titanicarus.lab import CLIENT, Lab

SECOND = "lab-second"


@pytest.fixture(scope="module")
def second_lab(running: Running) -> Iterator[Running]:
    """A second lab: three hosts with the very addresses that the first one's first island has."""
    text = (running.checkout / "examples/small.saguirefile").read_text()
    first = next(iter(running.lab.fleet.islands.values()))
    small = running.checkout / "examples/twin.saguirefile"
    lan, wan = (str(side.network.network_address).removesuffix(".0") for side in (first.lan, first.wan))
    small.write_text(text.replace("10.72.1.", f"{lan}.").replace("198.19.1.", f"{wan}."))
    second = Running(SECOND, running.checkout, small)
    assert second.lab.fleet.islands["syd"].wan.network == first.wan.network
    yield second
    second.saguire("down", "--purge", ok=False)  # its lab may be down already, and then that is an error
    second.lab.down()
    shutil.rmtree(second.lab.layout.home)
    small.unlink()


@pytest.fixture
def twin(second_lab: Running) -> Iterator[Running]:
    """The second lab, with nothing of it up."""
    second_lab.lab.down()
    yield second_lab
    second_lab.lab.down()


def name_only(host: str, root: Path) -> None:
    """The first files of a host that needs no Salt."""
    (root / "etc/hostname").write_text(f"{host}\n")


def machine_state() -> dict[str, object]:
    """What of the machine itself a lab could have touched."""
    links = sorted(path.name for path in Path("/sys/class/net").iterdir())
    return {"links": links, "routes": Path("/proc/net/route").read_text()}


def traces(lab: Lab) -> list[str]:
    """What can be found of a lab without asking the lab's own code."""
    found = [str(path) for path in Path("/run/netns").glob(f"tita.{lab.name}.*")]
    found += [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if f"/labs/{lab.name}/" in line]
    found += [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/titanicarus/{lab.name}")]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if any(f"tita.{lab.name}." in word or f"/labs/{lab.name}/hosts" in word for word in words):
            found.append(f"{process.name}: {' '.join(words)}")
    found += [str(path) for path in (lab.layout.hosts,) if path.exists()]
    return found


def assert_gone(lab: Lab) -> None:
    assert lab.leftovers() == ()
    assert traces(lab) == []


@pytest.mark.exhaustive
@pytest.mark.timeout(900)
def test_two_labs_with_the_same_addresses_do_not_meet(running: Running, twin: Running, show: Show) -> None:
    running.put_right()
    machine = machine_state()
    secret = twin.lab.secrets

    def live_and_die() -> float:
        began = monotonic()
        twin.saguire("up")
        show(f"a second lab of {len(twin.lab.fleet.hosts)} hosts: up after {monotonic() - began:.1f} s")
        status = twin.json("status")
        assert {host["power"] for host in status["hosts"]} == {"running"}
        assert {island["web"] for island in status["islands"]} == {"200"}
        for one in (running, twin):
            for fleet in (running.lab.fleet, twin.lab.fleet):
                name = f"{next(iter(fleet.islands))}.{fleet.domain}"
                found = one.ask(CLIENT, "dig", "+short", name).strip()
                assert bool(found) == (fleet is one.lab.fleet), name
        twin.saguire("down")
        return began

    result, _ = running.measure(running.islands[0], live_and_die, lambda: None)
    show(f"the first lab meanwhile: {result.summary()}")
    assert result.failures == 0, result.table()
    assert_gone(twin.lab)
    assert any(secret.iterdir()), "down keeps the lab's keys"
    assert machine_state() == machine


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("booting", signal.SIGINT),
        ("up after", signal.SIGKILL),
        *(
            pytest.param(moment, end, marks=pytest.mark.exhaustive)
            for moment, end in (
                ("booting", signal.SIGTERM),
                ("booting", signal.SIGKILL),
                ("up after", signal.SIGINT),
                ("up after", signal.SIGTERM),
            )
        ),
    ],
)
def test_down_after_an_interrupted_up(running: Running, twin: Running, end: signal.Signals, moment: str) -> None:
    machine = machine_state()
    coming = twin.start("up")
    assert coming.stdout is not None
    seen = []
    for line in coming.stdout:
        seen.append(line)
        if moment in line:
            break
    else:
        raise AssertionError(f"`up` ended before it said {moment!r}:\n{''.join(seen)}")
    os.killpg(coming.pid, end)
    coming.stdout.read()
    assert coming.wait(60) != 0
    assert traces(twin.lab), "the interruption came too early to test anything"
    twin.lab.down()
    assert_gone(twin.lab)
    assert machine_state() == machine


def test_two_ups_of_one_lab_do_not_fight(running: Running) -> None:
    with running.lab.hold("up"):
        refused = running.saguire("up", ok=False)
    assert refused.returncode == 1
    assert f"process {os.getpid()}" in refused.stderr


def test_down_of_a_lab_that_was_never_up_is_no_error(running: Running) -> None:
    never = Lab("lab-never", running.lab.fleet)
    never.down()
    assert_gone(never)
    if never.layout.home.exists():
        never.layout.home.rmdir()


@pytest.mark.timeout(900)
def test_down_after_every_kind_of_broken_host(twin: Running) -> None:
    lab = twin.lab
    lab.boot(lab.ids, name_only)
    first, second, third = (host.id for host in lab.fleet.hosts)
    lab.kill(first)
    lab.freeze(second)
    leader = lab.host(third).leader()
    assert leader is not None
    os.kill(leader, signal.SIGKILL)
    until("the host dying", lambda: lab.host(third).leader() is None, 10)
    lab.down()
    assert_gone(lab)


@pytest.mark.timeout(900)
def test_power_of_one_host_may_be_switched_by_several_at_once(twin: Running) -> None:
    lab = twin.lab
    lab.boot(lab.ids, name_only)
    host = lab.fleet.hosts[0].id
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: lab.kill(host) if number % 2 else lab.start(host), range(8)))
    lab.start(host)
    assert lab.reachable(host)
    lab.down()
    assert_gone(lab)
