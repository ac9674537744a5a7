"""Runs on a load balancer's disk, in a network of its own: a real HAProxy with the configuration that its states write,
databases that say their name, keepers that say what they are told. What a client saw: /srv/test/seen.json."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from fixtures.keepers import Fleet, Keeper

from titanicarus import haproxy
from titanicarus.keeper.routing_facts import KeeperAddress, RoutingFacts
from titanicarus.keeper.routing_watch import WRITERS, RoutingWatch
from titanicarus.keeper.tls import Identity

DEADLINE = 15.0
SHARD = json.loads(sys.argv[1])
HOSTS = {host["id"]: host for host in SHARD["hosts"]}
SEEN: dict[str, Any] = {}


def database(host: dict[str, Any]) -> None:
    """Greets with its name, as a database speaks first, and says back what it is told."""
    subprocess.run(["ip", "address", "add", f"{host['address']}/32", "dev", "lo"], check=False)
    listener = socket.create_server((host["address"], host["port"]))

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.sendall(f"{host['id']}\n".encode())
            while data := connection.recv(100):
                connection.sendall(data)

    def accept() -> None:
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def session() -> tuple[socket.socket, str]:
    """A new connection of a client, and who greets it ("" when it was turned away)."""
    client = socket.create_connection(("127.0.0.1", SHARD["port"]), DEADLINE)
    client.settimeout(DEADLINE)
    with contextlib.suppress(ConnectionResetError):
        return client, client.recv(100).decode().strip()
    return client, ""


def talks(client: socket.socket) -> bool:
    client.sendall(b"?")
    return client.recv(1) == b"?"


def cut_after(client: socket.socket, begin: float) -> float:
    """Milliseconds until the client finds that its session has ended."""
    with contextlib.suppress(ConnectionResetError):
        assert client.recv(1) == b"", "something else than the end"
    return (monotonic() - begin) * 1000


def greeted_by(host: str) -> None:
    """Waits until new sessions come to a host."""
    deadline = monotonic() + DEADLINE
    while session()[1] != host:
        assert monotonic() < deadline, f"{host or 'nobody'} is not reached: {WRITERS.read_text()}"
        sleep(0.01)


def health() -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=DEADLINE)
    connection.request("GET", "/healthz/sql")
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def unplug(host: dict[str, Any]) -> None:
    """Packets to it are lost from now on."""
    subprocess.run(["ip", "address", "del", f"{host['address']}/32", "dev", "lo"], check=True)
    for words in (
        ["link", "add", "unplugged", "type", "veth", "peer", "name", "nobody"],
        ["link", "set", "unplugged", "up"],
        ["link", "set", "nobody", "up"],
        ["address", "add", "10.99.0.1/24", "dev", "unplugged"],
        ["route", "add", host["address"], "via", "10.99.0.2"],
        ["neighbour", "add", "10.99.0.2", "lladdr", "02:00:00:00:00:09", "dev", "unplugged"],
    ):
        subprocess.run(["ip", *words], check=True)


def start_haproxy(config: str) -> subprocess.Popen[bytes]:
    argv = ["/usr/sbin/haproxy", "-W", "-S", str(haproxy.MASTER_SOCKET), "-f", config]
    process = subprocess.Popen(argv, start_new_session=True)
    deadline = monotonic() + DEADLINE
    while haproxy.ask("show info") is None:
        assert process.poll() is None, "HAProxy ended"
        assert monotonic() < deadline, "HAProxy does not answer"
        sleep(0.05)
    return process


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """As systemd does when the main process was killed: no worker is left to answer in the place of the next one."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    deadline = monotonic() + DEADLINE
    while True:
        try:
            session()[0].close()
        except ConnectionRefusedError:
            return
        assert monotonic() < deadline, "an old worker still listens"
        sleep(0.01)


def says(host: str, *, open: bool, epoch: int) -> dict[str, Any]:
    return {"host": host, "shards": {SHARD["name"]: {"open": open, "epoch": epoch}}}


def scenario(config: str, keepers: dict[str, Keeper], watch: RoutingWatch) -> None:
    a, b = sorted(keepers)
    process = start_haproxy(config)
    begin = monotonic()
    SEEN["nobody"] = session()[1]
    SEEN["turned_away_ms"] = (monotonic() - begin) * 1000
    SEEN["health_nobody"] = health()

    watch.start()
    keepers[a].say(says(a, open=True, epoch=7))
    greeted_by(a)
    SEEN["health_writer"] = health()
    first, _ = session()

    # moved: the old one shuts, the new one opens
    begin = monotonic()
    keepers[a].say(says(a, open=False, epoch=7))
    SEEN["cut_ms"] = cut_after(first, begin)
    begin = monotonic()
    keepers[b].say(says(b, open=True, epoch=8))
    greeted_by(b)
    SEEN["moved_ms"] = (monotonic() - begin) * 1000

    # who is just being connected to a host that has died is not held up when the writer moves
    unplug(HOSTS[b])
    waiting = socket.create_connection(("127.0.0.1", SHARD["port"]), DEADLINE)
    waiting.settimeout(DEADLINE)
    sleep(0.1)
    begin = monotonic()
    keepers[a].say(says(a, open=True, epoch=9))
    SEEN["connecting_ends_ms"] = cut_after(waiting, begin)
    greeted_by(a)

    # a session outlives a reload, and is cut all the same when its writer goes
    second, _ = session()
    SEEN["reload"] = (haproxy.ask("reload", haproxy.MASTER_SOCKET) or "").splitlines()[0]
    SEEN["talks_after_reload"] = talks(second)
    SEEN["old_workers"] = len(haproxy.old_workers())
    SEEN["after_reload"] = session()[1]
    begin = monotonic()
    keepers[a].say(says(a, open=False, epoch=9))
    SEEN["cut_in_old_worker_ms"] = cut_after(second, begin)
    keepers[a].say(says(a, open=True, epoch=10))
    greeted_by(a)

    # an HAProxy that is started anew reads the file
    kill_all(process)
    start_haproxy(config)
    SEEN["after_restart"] = session()[1]


def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    folder = Path("/srv/test/pki")
    folder.mkdir(parents=True)
    fleet = Fleet(folder)
    for host in HOSTS.values():
        database(host)
    with contextlib.ExitStack() as stack:
        keepers = {host: stack.enter_context(Keeper(fleet.host(host))) for host in HOSTS}
        for host, keeper in keepers.items():
            keeper.say(says(host, open=False, epoch=6))
        addresses = tuple(KeeperAddress(host, "127.0.0.1", keeper.port) for host, keeper in keepers.items())
        facts = RoutingFacts(addresses, {SHARD["name"]: tuple(HOSTS)})
        scenario(sys.argv[2], keepers, RoutingWatch(facts, Identity(fleet.host("lb1"))))
    Path("/srv/test/seen.json").write_text(json.dumps(SEEN))


main()
