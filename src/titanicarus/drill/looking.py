"""How the living fleet is looked at: who has which address, and what is missing of each part. For drills and tests."""

from __future__ import annotations

import json
from collections.abc import Iterable

from titanicarus.control.apply import RECORD
from titanicarus.control.layout import below
from titanicarus.fleet import Role
from titanicarus.heal import shares
from titanicarus.heal.ledger import FOLDER, Entry, Ledger
from titanicarus.joining.machine import PLACE
from titanicarus.lab import CLIENT, CLOUD, Lab
from titanicarus.lab.cloud import ADMIN, LIBRARY, PROGRAM
from titanicarus.lab.faults import faults_there
from titanicarus.operations.files import VolumeView
from titanicarus.shards import ShardView
from titanicarus.transport import Unreachable, run

FRESH_SECONDS = 1.0


def ask(lab: Lab, host: str, *argv: str, timeout: float = 20) -> str:
    """What a command prints on a host; empty when it fails or the host is off."""
    try:
        return run(lab, host, argv, timeout=timeout, check=False).stdout.decode()
    except Unreachable:
        return ""


def page(lab: Lab, url: str, *options: str) -> str:
    """What the client gets for a URL, or an empty string."""
    return ask(lab, CLIENT, "curl", "-s", "--fail", "--max-time", "2", *options, url)


def vip_holder(lab: Lab, island: str) -> str | None:
    """The load balancer that has the island's public address now."""
    balancers = [host.id for host in lab.fleet.with_role(Role.LB, island)]
    return _holder(lab, balancers, str(lab.fleet.islands[island].wan.vip), "wan0")


def gateway_holder(lab: Lab, island: str) -> str | None:
    """The host that has the island's gateway address."""
    ways = [host.id for role in (Role.FIREWALL, Role.LB) for host in lab.fleet.with_role(role, island)]
    return _holder(lab, ways, str(lab.fleet.islands[island].lan.gateway), "lan0")


def _holder(lab: Lab, hosts: Iterable[str], address: str, card: str) -> str | None:
    for host in hosts:
        listing = ask(lab, host, "ip", "-j", "-4", "address", "show", "dev", card) or "[]"
        try:
            cards = json.loads(listing)
        except ValueError:
            continue  # it died while it answered
        if any(entry.get("local") == address for found in cards for entry in found.get("addr_info", ())):
            return host
    return None


def web_lacks(lab: Lab, island: str) -> list[str]:
    """What the island's load balancers, each and by their public address, do not see of its web servers; and its share
    of new users, if it was taken out."""
    addresses = {host.id: str(host.wan) for host in lab.fleet.with_role(Role.LB, island)}
    lacking = []
    for name, address in {**addresses, "the public address": str(lab.fleet.islands[island].wan.vip)}.items():
        try:
            health = json.loads(page(lab, f"http://{address}/healthz/web"))
        except ValueError:
            lacking.append(f"{name} of {island} does not say that it can serve")
            continue
        if health.get("usable") != health.get("of"):
            lacking.append(f"{name} of {island} sees {health.get('usable')} of {health.get('of')} web servers")
    return lacking + ([f"{island} has no share of new users: it is out"] if island in islands_out(lab) else [])


def islands_out(lab: Lab) -> set[str]:
    """The islands that are out, by the ledgers of all control hosts together."""
    roots = [lab.layout.host(host.id).root for host in lab.fleet.with_role(Role.CONTROL)]
    if not any(below(root, shares.MARK).exists() for root in roots):
        return set()
    ledgers: dict[str, list[Entry]] = {}
    for root in roots:
        for name, entries in Ledger("", below(root, FOLDER)).everything().items():
            ledgers[name] = max(ledgers.get(name, []), entries, key=len)
    return set(shares.out(ledgers))


def healthy(lab: Lab) -> set[str]:
    """The islands whose health check is green in Route53."""
    argv = ["env", f"PYTHONPATH={LIBRARY}", *PROGRAM, "ctl", "--socket", ADMIN, "status"]
    text = ask(lab, CLOUD, *argv)
    checks: dict[str, bool] = json.loads(text)["health_checks"] if text else {}
    return {reference.split("/")[2] for reference, green in checks.items() if green}


def shard_lacks(found: ShardView) -> list[str]:
    """What a shard lacks of a writer, a standby that keeps up, and copies that all follow closely."""
    lacking = found.remarks()
    if found.writer is None or lacking:
        return lacking or ["nobody writes"]
    following = [copy for copy in found.copies if copy is not found.writer]
    lacking += [
        f"{copy.host}: {copy.state(found.writer)}; {copy.why}"
        for copy in following
        if copy.lag is None or copy.lag > FRESH_SECONDS
    ]
    mates = [copy for copy in following if copy.island == found.writer.island]
    return lacking + (["its standby is not in sync"] if mates and not found.in_sync else [])


def volume_lacks(view: VolumeView) -> list[str]:
    """What is not well of a volume, in words; also files that wait to be healed."""
    words = [f"{part.what} of {part.host}: {part.why}" for part in view.parts if not part.well]
    return words + ([f"{view.pending} files wait"] if view.pending else [])


def applied(lab: Lab, host: str) -> bool:
    """Whether a host that was blank has all of its states, from its own record, and its token is gone."""
    return bool(ask(lab, host, "cat", RECORD)) and not ask(lab, host, "cat", str(PLACE))


def broken(lab: Lab) -> list[str]:
    """Everything that is broken on purpose, as sentences: cuts, hosts that are off or frozen, and inside the others."""
    hosts = {host: "frozen" if lab.host(host).frozen() else "off" for host in lab.ids if not lab.reachable(host)}
    found = [str(cut) for cut in lab.cuts.there()]
    found += [f"{host} is {state}" for host, state in hosts.items()]
    return found + [str(fault) for fault in faults_there(lab)]
