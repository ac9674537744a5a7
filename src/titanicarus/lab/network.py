"""Makes the network plan real, and takes it away again. The one module of the project that imports pyroute2.

No card, address or route of a lab is ever in the machine's own namespace: a cable is made inside the switch's
namespace with its other end already in the host's.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Any

from titanicarus.lab.errors import LabError
from titanicarus.lab.layout import Layout
from titanicarus.lab.mounts import read_mounts
from titanicarus.lab.plan import SWITCH, Link, NetworkPlan, Node

if TYPE_CHECKING:
    from pyroute2 import IPRoute

NAMESPACES = Path("/run/netns")
_CLONE_NEWNET = 0x40000000  # sched.h
_MAIN_TABLE = 254  # linux/rtnetlink.h
_MNT_DETACH = 2  # sys/mount.h
_IPV6_OFF = {"net/ipv6/conf/all/disable_ipv6": "1", "net/ipv6/conf/default/disable_ipv6": "1"}
_ROUTER = {"net/ipv4/ip_forward": "1", "net/ipv4/conf/all/rp_filter": "0", "net/ipv4/conf/default/rp_filter": "0"}
# Present only when the machine filters bridged packets; a switch must not look into them.
_SWITCH = {"net/bridge/bridge-nf-call-iptables": "0", "net/bridge/bridge-nf-call-arptables": "0"}


class Network:
    """The network of one lab on this machine."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def ensure_base(self, plan: NetworkPlan) -> None:
        """Make the switch with its bridges, and the routers; what is there already stays as it is."""
        self._ensure_namespace(SWITCH, {**_IPV6_OFF, **_SWITCH})
        with self._inside(SWITCH) as switch:
            there = {link.get("ifname") for link in switch.get_links()}
            for bridge in plan.bridges:
                if bridge not in there:
                    # No spanning tree and no snooping: a switch that forwards from its first packet on.
                    switch.link("add", ifname=bridge, kind="bridge", br_stp_state=0, br_mcast_snooping=0)
                switch.link("set", index=_index(switch, bridge), state="up")
        for router in plan.routers:
            self.connect(router)

    def connect(self, node: Node) -> None:
        """Make a node's namespace, cables, addresses and routes; what is there already stays as it is."""
        self._ensure_namespace(node.name, {**_IPV6_OFF, **(_ROUTER if node.forwards else {})})
        with self._inside(SWITCH) as switch, self._inside(node.name) as inside:
            for link in node.links:
                self._ensure_cable(switch, link)
                _configure(inside, link)
            inside.link("set", index=_index(inside, "lo"), state="up")
            for route in node.routes:
                inside.route("replace", dst=str(route.to), gateway=str(route.via))

    def cut(self, node: Node) -> None:
        """Pull a node's cables out of the switch: from then on no packet of it reaches anybody."""
        if not self.exists(SWITCH):
            return
        with self._inside(SWITCH) as switch:
            for link in node.links:
                for index in switch.link_lookup(ifname=link.port):
                    switch.link("del", index=index)

    def connected(self, node: Node) -> bool:
        """Whether all cables of a node are plugged in."""
        if not self.exists(SWITCH) or not self.exists(node.name):
            return False
        with self._inside(SWITCH) as switch:
            return all(switch.link_lookup(ifname=link.port) for link in node.links)

    def exists(self, name: str) -> bool:
        """Whether the namespace of a node is there."""
        return _is_namespace(NAMESPACES / self._layout.namespace(name))

    def remove(self, name: str) -> None:
        """Remove a node's namespace with all that is in it. Its processes must be gone."""
        path = NAMESPACES / self._layout.namespace(name)
        while _is_namespace(path):
            _unmount(path)
        path.unlink(missing_ok=True)

    def names(self) -> tuple[str, ...]:
        """Nodes that have a namespace now, found by the names of namespaces alone; sorted."""
        prefix = self._layout.namespace_prefix
        if not NAMESPACES.is_dir():
            return ()
        return tuple(sorted(p.name.removeprefix(prefix) for p in NAMESPACES.iterdir() if p.name.startswith(prefix)))

    @contextmanager
    def _inside(self, name: str) -> Iterator[IPRoute]:
        with _pyroute2().IPRoute(netns=self._layout.namespace(name)) as routes:
            yield routes

    def _ensure_namespace(self, name: str, settings: dict[str, str]) -> None:
        path = NAMESPACES / self._layout.namespace(name)
        if not _is_namespace(path):
            path.unlink(missing_ok=True)  # what an interrupted `up` leaves: a name without a namespace
            _pyroute2().netns.create(path.name)
        _in_namespace(path, lambda: _write_settings(settings))

    def _ensure_cable(self, switch: IPRoute, link: Link) -> None:
        if not switch.link_lookup(ifname=link.port):
            namespace = self._layout.namespace(link.node)
            far_end = {"ifname": link.name, "address": link.hardware_address, "net_ns_fd": namespace}
            switch.link("add", ifname=link.port, kind="veth", peer=far_end)
        bridge = _index(switch, link.bridge)
        port = _index(switch, link.port)
        switch.link("set", index=port, master=bridge, state="up", ifalias=f"{link.node} {link.name}")


def machine_networks() -> dict[str, IPv4Network]:
    """Networks that this machine itself has addresses in or routes to, by what they are (`address of eth0`)."""
    found: dict[str, IPv4Network] = {}
    with _pyroute2().IPRoute() as routes:
        names = {link["index"]: link.get("ifname") for link in routes.get_links()}
        for address in routes.get_addr(family=socket.AF_INET):
            interface = IPv4Interface(f"{address.get('address')}/{address['prefixlen']}")
            found[f"address {interface.ip} of {names.get(address['index'])}"] = interface.network
        for route in routes.get_routes(family=socket.AF_INET, table=_MAIN_TABLE):
            if route.get("dst"):
                network = IPv4Network(f"{route.get('dst')}/{route['dst_len']}")
                found[f"route to {network}"] = network
    return found


def _configure(inside: IPRoute, link: Link) -> None:
    index = _index(inside, link.name)
    for address in (link.address, *link.more):
        try:
            inside.addr("add", index=index, address=str(address.ip), prefixlen=address.network.prefixlen)
        except _pyroute2().NetlinkError as error:
            if error.code != errno.EEXIST:
                raise LabError(f"{link.node}: {link.name} did not take {address}: {error}") from error
    inside.link("set", index=index, state="up")


def _pyroute2() -> Any:
    """Most commands make no network, and pyroute2 is a sixth of what the command line imports.

    It forks itself to enter a namespace, and ends that child by SIGTERM. Where a drill answers SIGTERM by an exception,
    the child would take it for its own and go on as a second drill, mending what the first one just broke.
    """
    import pyroute2  # noqa: PLC0415
    import pyroute2.config  # noqa: PLC0415

    pyroute2.config.disable_mp_signal = True  # in its children signals do what they do by default
    return pyroute2


def _index(routes: IPRoute, name: str) -> int:
    found = routes.link_lookup(ifname=name)
    if not found:
        raise LabError(f"network card {name} is missing: `saguire down` and `saguire up` make the lab anew")
    return int(found[0])


def _is_namespace(path: Path) -> bool:
    return any(mount.target == path for mount in read_mounts() if mount.kind == "nsfs")


def _unmount(path: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.umount2(os.fsencode(path), _MNT_DETACH) != 0:
        raise LabError(f"namespace {path} cannot be unmounted: {os.strerror(ctypes.get_errno())}")


def _write_settings(settings: dict[str, str]) -> None:
    for name, value in settings.items():
        with suppress(FileNotFoundError):  # a kernel without IPv6 or without bridge filtering needs no telling
            Path("/proc/sys", name).write_text(value)


def _in_namespace(path: Path, action: Callable[[], None]) -> None:
    """Run a function in a network namespace: in a thread that enters it and ends there."""
    failures: list[OSError] = []

    def enter_and_act() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        try:
            with path.open() as handle:
                if libc.setns(handle.fileno(), _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns", str(path))
            action()
        except OSError as error:
            failures.append(error)

    thread = threading.Thread(target=enter_and_act)
    thread.start()
    thread.join()
    if failures:
        raise LabError(f"namespace {path} cannot be set up: {failures[0]}")
