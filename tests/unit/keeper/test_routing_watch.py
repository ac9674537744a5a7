"""A load balancer's keeper between keepers of database hosts (real TLS) and an HAProxy that only takes notes."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from fixtures.keepers import Fleet, Keeper

from titanicarus.keeper.client import BadAnswer
from titanicarus.keeper.listening import SETTLING_SECONDS, Hearsay
from titanicarus.keeper.routing_facts import KeeperAddress, RoutingFacts
from titanicarus.keeper.routing_watch import Places, RoutingWatch, read_writers
from titanicarus.keeper.tls import Identity

A, B = "syd-db1", "syd-db2"
DEADLINE = 30.0


def says(host: str, *, open: bool, epoch: int) -> dict[str, Any]:
    return {"host": host, "island": "syd", "shards": {"syd": {"open": open, "epoch": epoch, "owner": host}}}


def session(name: str, server: str, state: int) -> str:
    """A line of `show sess` of HAProxy 3.0."""
    ends = f"scf=[8,0h,fd=22,rex=10s,wex=] scb=[{state},1h,fd=23,rex=,wex=] exp=10s rc=0 c_exp="
    return f"{name}: proto=tcpv4 src=10.71.1.21:39 fe=sql_syd_in be=sql_syd srv={server} ts=00 epoch=0x2 {ends}\n"


# One with each host, and one that is just being connected.
SESSIONS = session("0x7f01", A, 8) + session("0x7f02", B, 8) + session("0x7f03", A, 5)


class HAProxy:
    """Answers on the two sockets as HAProxy 3.0 does, and notes every command."""

    def __init__(self, folder: Path) -> None:
        self.admin, self.master = folder / "admin.sock", folder / "master.sock"
        self.map: dict[str, str] = {}
        self.commands: list[tuple[float, str]] = []
        self.old_worker = 0
        for path, answer in ((self.admin, self._worker), (self.master, self._chief)):
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(path))
            listener.listen()
            threading.Thread(target=self._serve, args=(listener, answer), daemon=True).start()

    def _serve(self, listener: socket.socket, answer: Callable[[str], str]) -> None:
        while True:
            with listener.accept()[0] as connection:
                line = connection.recv(65536).decode().strip()
                connection.sendall("".join(answer(command.strip()) + "\n" for command in line.split(";")).encode())

    def _worker(self, command: str) -> str:
        self.commands.append((monotonic(), command))
        words = command.split()
        if words == ["show", "sess"]:
            return SESSIONS
        if words[:2] == ["show", "map"]:
            return "".join(f"0x55d0 {key} {value}\n" for key, value in self.map.items())
        if words[:2] == ["set", "map"] and words[3] not in self.map:
            return "entry not found."
        if words[1] == "map":
            self.map[words[3]] = words[4]
        return ""

    def _chief(self, command: str) -> str:
        if command.endswith("show sess"):
            return SESSIONS
        if command != "show proc":
            self.commands.append((monotonic(), command))
            return ""
        old = f"{self.old_worker} worker 1 0d00h00m43s 3.0\n" if self.old_worker else ""
        return f"#<PID> <type> <reloads>\n1 master 1\n# workers\n2 worker 0\n# old workers\n{old}# programs\n"

    def did(self, command: str) -> int:
        return sum(command == done for _, done in self.commands)


class Island:
    """Two database hosts' keepers, a load balancer's HAProxy, and its keeper's part that routes."""

    def __init__(self, fleet: Fleet, keepers: dict[str, Keeper], folder: Path) -> None:
        self.keepers, self.haproxy = keepers, HAProxy(folder)
        self.places = Places(folder / "writers.map", folder / "routes.json", self.haproxy.admin, self.haproxy.master)
        self._identity = Identity(fleet.host("syd-lb1"))
        addresses = tuple(KeeperAddress(host, "127.0.0.1", keeper.port) for host, keeper in keepers.items())
        self._facts = RoutingFacts(addresses, {"syd": (A, B)})
        self.watch: RoutingWatch | None = None

    def begin(self) -> RoutingWatch:
        self.watch = RoutingWatch(self._facts, self._identity, self.places)
        return self.watch.start()

    @property
    def routed(self) -> tuple[str | None, str | None]:
        return read_writers(self.places.writers).get("syd"), self.haproxy.map.get("syd")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    return Fleet(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def island(fleet: Fleet, tmp_path: Path) -> Iterator[Island]:
    with Keeper(fleet.host(A)) as a, Keeper(fleet.host(B)) as b:
        a.say(says(A, open=True, epoch=7))
        b.say(says(B, open=False, epoch=7))
        one = Island(fleet, {A: a, B: b}, tmp_path)
        yield one
        if one.watch:
            one.watch.stop()


def by(deadline: float, condition: Callable[[], bool]) -> float:
    """Seconds until it was so."""
    begin = monotonic()
    while not condition():
        assert monotonic() - begin < deadline, "not within the deadline"
        sleep(0.005)
    return monotonic() - begin


def test_a_moved_writer_gets_the_clients_at_once_and_the_old_one_is_cut_again(island: Island) -> None:
    watch = island.begin()
    by(DEADLINE, lambda: island.routed == (A, A))
    assert island.haproxy.did("shutdown session 0x7f01") == 0
    island.haproxy.old_worker = 77
    island.keepers[A].say(says(A, open=False, epoch=7))
    by(DEADLINE, lambda: island.routed == ("-", "-"))
    assert watch.tick() == "routes: syd to nobody"
    island.keepers[B].say(says(B, open=True, epoch=8))
    took = by(DEADLINE, lambda: island.routed == (B, B))
    cuts = island.haproxy.did("shutdown session 0x7f02")
    print(f"from the keeper's word to HAProxy's map: {took * 1000:.0f} ms")
    by(DEADLINE, lambda: island.haproxy.did("shutdown session 0x7f01") >= 3)
    by(DEADLINE, lambda: island.haproxy.did("@!77 shutdown session 0x7f01") >= 3)
    assert island.haproxy.did("shutdown session 0x7f02") == cuts
    assert island.haproxy.did("shutdown session 0x7f03") == 0
    assert watch.alive()
    assert json.loads(island.places.routes.read_text())["syd"] == {
        "writer": B,
        "epoch": 8,
        "why": "syd-db2 is the writer in epoch 8",
    }


def test_one_that_starts_goes_by_its_file_and_tells_haproxy_nothing_new(island: Island) -> None:
    island.places.writers.write_text(f"syd {A}\nper gone-db1\n")
    island.haproxy.map = {"syd": A}
    island.begin()
    by(DEADLINE, lambda: island.keepers[A].streams > 0 and island.haproxy.did(f"show map {island.places.writers}") > 1)
    assert read_writers(island.places.writers) == {"syd": A}
    assert not [command for _, command in island.haproxy.commands if not command.startswith("show map")]


def test_an_haproxy_that_read_an_older_file_is_put_right(island: Island) -> None:
    island.begin()
    by(DEADLINE, lambda: island.routed == (A, A))
    island.haproxy.map["syd"] = B
    by(DEADLINE, lambda: island.routed == (A, A) and island.haproxy.did("shutdown session 0x7f02") >= 2)
    island.haproxy.map.clear()
    by(DEADLINE, lambda: island.routed == (A, A))


def test_silence_keeps_the_route_and_then_ends_it(island: Island) -> None:
    island.begin()
    by(DEADLINE, lambda: island.routed == (A, A))
    for keeper in island.keepers.values():
        keeper.mute()
    took = by(2 * DEADLINE, lambda: island.routed == ("-", "-"))
    assert took > 4.5
    island.keepers[A].mute(False)
    by(2 * DEADLINE, lambda: island.routed == (A, A))


def test_a_keeper_that_is_started_anew_is_heard_again(island: Island, fleet: Fleet) -> None:
    island.begin()
    by(DEADLINE, lambda: island.routed == (A, A))
    island.keepers[A].hang_up()
    by(DEADLINE, lambda: island.keepers[A].streams == 2)
    assert island.routed == (A, A)
    assert island.haproxy.did("shutdown session 0x7f01") == 0


def test_a_keeper_that_was_started_anew_has_a_moment_to_find_its_gate_open(island: Island) -> None:
    island.begin()
    by(DEADLINE, lambda: island.routed == (A, A))
    island.keepers[A].mute()
    island.keepers[A].say(says(A, open=False, epoch=7))
    island.keepers[A].hang_up()
    island.keepers[A].mute(False)
    took = by(DEADLINE, lambda: island.routed == ("-", "-"))
    assert took >= SETTLING_SECONDS


def test_without_an_haproxy_the_file_is_written_all_the_same(island: Island) -> None:
    island.haproxy.admin.unlink()
    island.haproxy.master.unlink()
    island.begin()
    by(DEADLINE, lambda: read_writers(island.places.writers) == {"syd": A})


def test_a_disk_that_takes_no_write_keeps_nobody_from_being_routed(island: Island) -> None:
    island.haproxy.map = {"syd": "-"}
    island.places.writers.mkdir()  # where the file should be
    watch = island.begin()
    by(DEADLINE, lambda: island.haproxy.map == {"syd": A})
    assert watch.alive()
    island.places.writers.rmdir()
    by(DEADLINE, lambda: island.routed == (A, A))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"host": B, "shards": {}},
        {"host": A, "shards": []},
        {"host": A, "shards": {"syd": {"open": True}}},
        {"host": A, "shards": {"syd": {"open": "yes", "epoch": 7}}},
    ],
)
def test_what_is_no_status_is_not_heard(document: dict[str, Any]) -> None:
    hearsay = Hearsay({"syd": (A, B)})
    with pytest.raises(BadAnswer, match=f"keeper of {A} said something else"):
        hearsay.hear(A, document, 1.0)
    assert hearsay.about("syd") == {}


def test_a_host_is_believed_only_about_shards_that_it_carries() -> None:
    hearsay = Hearsay({"syd": (A, B), "mel": ("mel-db1",)})
    hearsay.hear(A, {"host": A, "shards": {"mel": {"open": True, "epoch": 99}, "new": {"open": True, "epoch": 1}}}, 1.0)
    assert hearsay.about("mel") == {}
