"""Who is an island's way out, and what that host is told: the gateway addresses, the tunnels, what may be forwarded."""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Address
from typing import Any

from .balancing import gateway_ids
from .model import Fleet, Host
from .ports import LAN, VPN, WAN, ports_for
from .roles import Role

Data = dict[str, Any]

VPN_MTU = 1420  # 1500 of the WAN less WireGuard's 80 (outer IPv6, the larger case)
_PRIORITY_FIREWALL, _PRIORITY_STANDBY, _PRIORITY_STEP = 200, 150, 10
_GIVE_BACK_SECONDS = 30


def candidates(fleet: Fleet, island: str) -> tuple[Host, ...]:
    """The hosts of an island that can be its gateway, the one that should be first: the firewall, then each lb."""
    firewalls = fleet.with_role(Role.FIREWALL, island)
    return (*firewalls, *(host for host in fleet.with_role(Role.LB, island) if host not in firewalls))


def gateway(fleet: Fleet, host: Host) -> Data | None:
    """The pillar `gateway:` of a host, without keys; None for a host that is never a gateway."""
    order = candidates(fleet, host.island)
    if host not in order:
        return None
    island = fleet.islands[host.island]
    others = [other for other in fleet.islands.values() if other.name != host.island]
    return {
        "lan": {"network": str(island.lan.network), "gateway": str(island.lan.gateway), "address": str(host.lan)},
        "wan": {"gateway": str(island.wan.gateway), "router": str(island.wan.router)},
        "vrrp": _vrrp(fleet, host, order),
        "vpn": {
            "port": VPN,
            "mtu": VPN_MTU,
            "peers": [
                {"name": other.name, "network": str(other.lan.network), "endpoint": str(other.wan.gateway)}
                for other in others
                if candidates(fleet, other.name)
            ],
        },
        "forward": _forward(fleet, host.island),
    }


def _vrrp(fleet: Fleet, host: Host, order: tuple[Host, ...]) -> Data:
    island = fleet.islands[host.island]
    firewall = host.has(Role.FIREWALL)
    return {
        "router_id": gateway_ids(fleet)[host.island],
        "interface": LAN,
        "address": str(host.lan),
        "peers": [str(other.lan) for other in order if other != host],
        "priority": _PRIORITY_FIREWALL if firewall else max(_PRIORITY_STANDBY - _PRIORITY_STEP * order.index(host), 1),
        # The firewall takes its place back when it has been well for a while; standbys leave things where they are.
        "give_back_seconds": _GIVE_BACK_SECONDS if firewall else None,
        "vips": [
            {"address": f"{island.wan.gateway}/{island.wan.network.prefixlen}", "interface": WAN},
            {"address": f"{island.lan.gateway}/{island.lan.network.prefixlen}", "interface": LAN},
        ],
    }


def _forward(fleet: Fleet, island: str) -> list[Data]:
    """What other islands may reach here, one entry for each port of each host that has sources there."""
    inside = fleet.islands[island].lan.network
    shared = {str(fleet.islands[island].lan.vip): fleet.with_role(Role.LB, island)[:1]}
    targets = {str(host.lan): (host,) for host in fleet.islands[island].hosts.values()} | shared
    entries: list[Data] = []
    outside = cache(lambda source: IPv4Address(source) not in inside)
    for address, hosts in targets.items():
        for host in hosts:
            for port in ports_for(fleet, host):
                away = [source for source in port.sources if outside(source)]
                if port.interface == LAN and port.protocol in ("tcp", "udp") and away:
                    entries.append(
                        {
                            "protocol": port.protocol,
                            "port": port.port,
                            "address": address,
                            "sources": away,
                            "why": f"{host.id if address == str(host.lan) else 'vip'}: {port.why}",
                        }
                    )
    return sorted(entries, key=lambda entry: (entry["address"], entry["protocol"], entry["port"]))
