"""Begins the cluster on hosts of a running lab, asks it, and puts everything back.

All that the hosts get beside data is below /run and in the kernel, so that a host that loses its power has none of it.
"""

from __future__ import annotations

import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from galera_cluster import settings
from galera_cluster.settings import Choices, Node
from titanicarus.checker.plan import Access
from titanicarus.fleet import Role
from titanicarus.fleet.shards import sql_name
from titanicarus.lab import Lab
from titanicarus.lab.disks import DATABASES, Disk
from titanicarus.transport import CommandFailed, Unreachable, run

PLATFORM = Path("/etc/titanicarus/mariadb/mariadbd.cnf")
_PROVIDER = "/usr/lib/galera/libgalera_smm.so"
_TABLE = ("inet", "titanicarus", "input")
_START_SECONDS, _ASK_SECONDS, _POLL_SECONDS = 300.0, 20.0, 0.3
_DISK_MIB, _ROOM_MIB = 1024, 768


class Trouble(Exception):
    """The cluster cannot be begun, does not become whole, or something of it stays."""


class Cluster:
    """Three nodes in one island (both database hosts and a filer), HAProxy on the load balancer with the address.

    The database hosts' data are on the disk of the platform's own instances, the filer's on such a disk made for it.
    """

    def __init__(self, lab: Lab, island: str, client: str, choices: Choices) -> None:
        """`client` is the host where applications run. Raises Trouble when the island lacks hosts."""
        databases = lab.fleet.with_role(Role.DB, island)
        others = [host for host in lab.fleet.with_role(Role.FILER, island) if host not in databases]
        if len(databases) < 2 or not others:
            raise Trouble(f"{island} needs two database hosts and a filer beside them; see docs/saguirefile.md")
        folder = Path("/") / DATABASES / f".{settings.NAME}"
        self.nodes = [Node(host.id, str(host.lan), folder) for host in databases[:2]]
        third = others[0]
        self.nodes.append(Node(third.id, str(third.lan), Path("/srv") / settings.NAME))
        self.lab, self.island, self.client, self._choices = lab, island, client, choices
        home = lab.layout.host(third.id)
        self._disk = Disk(home.home / f"{settings.NAME}.img", home.root / "srv" / settings.NAME, _DISK_MIB)
        self._balancers = [host.id for host in lab.fleet.with_role(Role.LB, island)]
        self._balancer = self._holder()
        # The platform's own name: the database hosts' certificates are good for it.
        password = secrets.token_urlsafe(24)
        self.access = Access(sql_name(lab.fleet), settings.SERVER, settings.USER, password, settings.DATABASE)

    # Beginning and end

    @contextmanager
    def standing(self) -> Iterator[None]:
        """The cluster, begun and whole; put back however the block ends. Raises Trouble."""
        self.put_back()  # what a run that was killed has left
        try:
            self._begin()
            yield
        finally:
            with _undisturbed():
                self.put_back()

    def _begin(self) -> None:
        self._check()
        self._disk.mount()
        options = settings.options_of(self._do(self.nodes[0].host, "cat", str(PLATFORM)))
        first, *others = self.nodes
        for node in self.nodes:
            self._furnish(node, options)
        data = str(first.data / "data")
        # Its own defaults: with these it would try to join.
        installer = ["mariadb-install-db", "--no-defaults", "--user=mysql", f"--datadir={data}", "--skip-test-db"]
        self._do(first.host, *installer, "--auth-root-authentication-method=socket", seconds=_START_SECONDS)
        self._do(first.host, "touch", str(settings.FIRST))
        self._start(first)
        self._do(first.host, "rm", str(settings.FIRST))
        self.sql(first.host, settings.first_statements(self.access.password))
        for node in others:
            self._start(node)
        self._write(self._balancer, settings.PROXY, settings.proxy(self.nodes))
        self._unit(self._balancer, settings.PROXY_UNIT, settings.proxy_unit())
        self._open(self._balancer, settings.balancer_rule(str(self.lab.fleet.host(self.client).lan)))
        self.await_whole()

    def restore(self, host: str) -> None:
        """Once more all that a node needs which lost its power, and its start. Its data are still there."""
        node = self._node(host)
        options = settings.options_of(self._do(host, "cat", str(PLATFORM)))
        self._furnish(node, options)
        self._start(node)

    def put_back(self) -> None:
        """Take everything away from every host of the island that can have it. Raises Trouble for what stays."""
        left = []
        for host in {*self._balancers, *(node.host for node in self.nodes)}:
            try:
                self._clear(host)
                left += self._left(host)
            except (Unreachable, CommandFailed) as error:
                left.append(str(error))
        left += self._take_disk()
        if left:
            raise Trouble("not everything of the cluster is gone:\n" + "\n".join(left))

    def _take_disk(self) -> list[str]:
        """The third host's disk goes; gives back why it does not."""
        target = self._disk.target
        if self._disk.mounted:
            done = subprocess.run(["umount", "--", str(target)], capture_output=True, text=True, check=False)
            if done.returncode:
                return [done.stderr.strip()]
        self._disk.image.unlink(missing_ok=True)
        if target.is_dir():
            target.rmdir()
        return []

    def _clear(self, host: str) -> None:
        for unit in (settings.PROXY_UNIT, settings.CHECK_UNIT, settings.NODE_UNIT):
            run(self.lab, host, ["systemctl", "stop", unit], timeout=_ASK_SECONDS, check=False)
            run(self.lab, host, ["systemctl", "reset-failed", unit], timeout=_ASK_SECONDS, check=False)
            self._do(host, "rm", "-f", str(settings.UNITS / f"{unit}.service"))
        self._do(host, "systemctl", "daemon-reload")
        for handle in self._rules(host):
            self._do(host, "nft", "delete", "rule", *_TABLE, "handle", str(handle))
        data = [str(node.data) for node in self.nodes if node.host == host and node is not self.nodes[-1]]
        self._do(host, "rm", "-rf", str(settings.HERE), *data, seconds=60)

    def _left(self, host: str) -> list[str]:
        """What a host still has of it, in words."""
        units = self._do(host, "systemctl", "list-units", "--all", "--plain", "--no-legend", f"{settings.NAME}*")
        found = [f"{host}: unit {line.split()[0]}" for line in units.splitlines() if line.strip()]
        found += [f"{host}: rule {handle}" for handle in self._rules(host)]
        paths = [settings.HERE, *(node.data for node in self.nodes[:-1] if node.host == host)]
        listing = run(self.lab, host, ["ls", "-d", *map(str, paths)], timeout=_ASK_SECONDS, check=False).stdout
        return found + [f"{host}: {path}" for path in listing.decode().split()]

    # Asking

    def told(self, host: str) -> Mapping[str, str]:
        """What a node says of itself (check.py); empty when it does not answer."""
        node = self._node(host)
        argv = ["curl", "-s", "--fail", "--max-time", "2", f"http://{node.address}:{settings.HEALTH}/"]
        try:
            said = run(self.lab, host, argv, timeout=_ASK_SECONDS, check=False).stdout.decode()
        except Unreachable:
            return {}
        return dict(line.split(maxsplit=1) for line in said.splitlines())

    def whole(self) -> bool:
        """Whether all three are in sync, with nothing left to apply, and HAProxy knows it."""
        for node in self.nodes:
            said = self.told(node.host)
            if said.get("wsrep_cluster_size") != str(len(self.nodes)) or said.get("wsrep_local_recv_queue") != "0":
                return False
        lines = self._admin("show stat").splitlines()
        up = {line.split(",")[1] for line in lines if line.startswith("galera,") and ",UP," in line}
        return up >= {node.host for node in self.nodes}

    def settled(self) -> bool:
        """Whether a majority is in sync, and no node that answers has anything left to apply."""
        said = [told for node in self.nodes if (told := self.told(node.host))]
        return 2 * len(said) > len(self.nodes) and all(told.get("wsrep_local_recv_queue") == "0" for told in said)

    def await_whole(self, seconds: float = 120.0) -> None:
        """Wait for it. Raises Trouble with what the nodes say."""

        def words() -> str:
            return "; ".join(f"{node.host}: {dict(self.told(node.host)) or 'no answer'}" for node in self.nodes)

        _until("the cluster being whole", self.whole, seconds, words)

    def writer(self) -> str:
        """The host that HAProxy sends everybody to: whom it chose last, or the first. Raises Trouble."""
        table = self._admin("show table galera")
        if not table.strip():
            raise Trouble(f"the cluster's HAProxy on {self._balancer} does not answer")
        for word in table.split():
            name, _, value = word.partition("=")
            if name == "server_key":
                return value
        return self.nodes[0].host

    def versions(self) -> dict[str, str]:
        """What runs there, as the programs say it."""
        host = self.nodes[0].host
        said = self.sql(
            host,
            "SELECT @@version, (SELECT variable_value FROM information_schema.global_status"
            " WHERE variable_name = 'WSREP_PROVIDER_VERSION')",
        ).split()
        proxy = self._do(self._balancer, "haproxy", "-v").split()
        return {"mariadb": said[0], "galera": said[1], "haproxy": proxy[2] if len(proxy) > 2 else "?"}

    def sql(self, host: str, statements: str) -> str:
        """What a node answers to root, by its socket: columns apart by tabs, no headings. Raises CommandFailed."""
        argv = ["mariadb", "--no-defaults", "--skip-ssl", "-N", "-B", f"--socket={settings.SOCKET}"]
        done = run(self.lab, host, argv, input=statements.encode(), timeout=_ASK_SECONDS)
        return done.stdout.decode()

    def _admin(self, order: str) -> str:
        """What HAProxy answers; nothing when it does not."""
        argv = ["socat", "-", f"UNIX-CONNECT:{settings.ADMIN}"]
        done = run(self.lab, self._balancer, argv, input=f"{order}\n".encode(), timeout=_ASK_SECONDS, check=False)
        return done.stdout.decode()

    # Parts

    def _check(self) -> None:
        """Raises Trouble with everything that stands in the way."""
        against = []
        for node in self.nodes:
            if run(self.lab, node.host, ["test", "-e", _PROVIDER], timeout=_ASK_SECONDS, check=False).returncode:
                against.append(f"{node.host} has no {_PROVIDER}: its image was made without galera-4")
            listening = self._do(node.host, "ss", "-Hltn")
            against += [f"{node.host}: port {port} is in use" for port in _PORTS if f":{port} " in listening]
        for node in self.nodes[:-1]:
            free = int(
                self._do(node.host, "df", "-BM", "--output=avail", str(node.data.parent)).split()[-1].rstrip("M")
            )
            if free < _ROOM_MIB:
                against.append(f"{node.host} has {free} MiB free in {node.data.parent}, and {_ROOM_MIB} are needed")
        if f":{settings.SERVER} " in self._do(self._balancer, "ss", "-Hltn"):
            against.append(f"{self._balancer}: port {settings.SERVER} is in use")
        if against:
            raise Trouble("\n".join(against))

    def _furnish(self, node: Node, options: Mapping[str, str]) -> None:
        """Everything but the start."""
        owned = ["install", "-d", "-o", "mysql", "-g", "mysql", "-m", "0750"]
        self._do(node.host, *owned, str(settings.HERE), str(node.data), str(node.data / "data"))
        for name, mode in (("root.crt", "0444"), ("host.crt", "0444"), ("host.key", "0400")):
            owned = ["install", "-o", "mysql", "-g", "mysql", "-m", mode]
            self._do(node.host, *owned, f"/etc/titanicarus/pki/{name}", str(settings.HERE / name))
        self._write(node.host, settings.CNF, settings.mariadbd(options, self.nodes, node, self._choices))
        self._write(node.host, settings.LAUNCH, settings.launcher())
        self._write(node.host, settings.CHECK, (Path(__file__).parent / "check.py").read_text())
        self._open(node.host, settings.node_rule(self.nodes, str(self.lab.fleet.host(self._balancer).lan)))

    def _start(self, node: Node) -> None:
        self._unit(node.host, settings.NODE_UNIT, settings.node_unit())
        self._unit(node.host, settings.CHECK_UNIT, settings.check_unit(node))
        _until(f"{node.host} being in sync", lambda: bool(self.told(node.host)), _START_SECONDS)

    def _unit(self, host: str, name: str, text: str) -> None:
        self._write(host, settings.UNITS / f"{name}.service", text)
        self._do(host, "systemctl", "daemon-reload")
        try:
            self._do(host, "systemctl", "start", name, seconds=_START_SECONDS)
        except CommandFailed as error:
            said = self._do(host, "journalctl", "-u", name, "-n", "30", "-o", "cat", "--no-pager")
            raise Trouble(f"{error}\n{said}") from error

    def _open(self, host: str, rule: str) -> None:
        run(self.lab, host, ["nft", "-f", "-"], input=f"{rule}\n".encode(), timeout=_ASK_SECONDS)

    def _rules(self, host: str) -> list[int]:
        return settings.handles(self._do(host, "nft", "-j", "list", "chain", *_TABLE))

    def _write(self, host: str, path: Path, text: str) -> None:
        argv = ["install", "-D", "-m", "0644", "/dev/stdin", str(path)]
        run(self.lab, host, argv, input=text.encode(), timeout=_ASK_SECONDS)

    def _do(self, host: str, *argv: str, seconds: float = _ASK_SECONDS) -> str:
        return run(self.lab, host, argv, timeout=seconds).stdout.decode()

    def _node(self, host: str) -> Node:
        return next(node for node in self.nodes if node.host == host)

    def _holder(self) -> str:
        """The load balancer that has the island's inner address. Raises Trouble."""
        vip = str(self.lab.fleet.islands[self.island].lan.vip)
        for host in self._balancers:
            if f" {vip}/" in self._do(host, "ip", "-4", "-o", "address", "show", "dev", "lan0"):
                return host
        raise Trouble(f"no load balancer of {self.island} has {vip}")


_PORTS = (settings.GROUP, settings.TRANSFER, settings.SNAPSHOT, settings.SERVER, settings.HEALTH)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not end the putting back."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _until(what: str, there: Callable[[], bool], seconds: float, words: Callable[[], str] = str) -> None:
    end = time.monotonic() + seconds
    while not there():
        if time.monotonic() > end:
            raise Trouble(f"{what} did not happen within {seconds:g} s: {words()}")
        time.sleep(_POLL_SECONDS)
