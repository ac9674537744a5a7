"""Certificates that are due get a successor without anybody, and no user notices."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
import yaml
from lab import databases
from lab.running import Running, Show, until

from titanicarus.control import secrets
from titanicarus.control.push import push
from titanicarus.fleet.ports import HTTPS, KEEPER, LDAPS
from titanicarus.pki import Window, window_at

UNIT = "titanicarus-renewal.service"
LIVES = (90, 84, 78, 72, 66, 60, 54, 48, 42, 36, 30)
SPARE = timedelta(days=2)
RENEWED_SECONDS = 400
SERVED = """
import socket, ssl, sys
from cryptography import x509
context = ssl._create_unverified_context()
context.load_cert_chain("/etc/titanicarus/pki/host.crt", "/etc/titanicarus/pki/host.key")
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 5) as plain:
    with context.wrap_socket(plain, server_hostname=sys.argv[3]) as tls:
        found = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True))
print(int(found.not_valid_after_utc.timestamp()))
"""


def grow_old(fleet: Running) -> Window:
    """Bring the fleet to where it would be had nobody pushed since the window before this one; gives this window.

    How long certificates live is chosen so that those of that window have not ended yet. It stays: another life would
    be another apply of everything.
    """
    now = datetime.now(UTC)
    days = next(days for days in LIVES if now - window_at(now, days).start < timedelta(days=days) / 3 - SPARE)
    policy = fleet.checkout / "pillar/policy.yaml"
    document = yaml.safe_load(policy.read_text())
    policy.write_text(yaml.safe_dump(document | {"certificate_days": days}))
    window = window_at(now, days)
    lab, declaration = fleet.lab, fleet.declaration
    keys = secrets.load(declaration.fleet, lab.secrets)
    push(fleet.checkout, lab, keys, lab.layout.home, declaration=declaration, now=window.start - timedelta(days=1))
    fleet.saguire("apply")
    return window


def due(fleet: Running) -> list[str]:
    """Certificates that are not well."""
    said = json.loads(fleet.saguire("keys", "list", "--json", ok=False).stdout)
    return [f"{row['kind']} {row['name']}: {row['state']}" for row in said["certificates"] if row["state"] != "well"]


def ends_of_what_is_served(fleet: Running, asking: str) -> dict[str, int]:
    """When the certificates end that daemons show now: of a site, a keeper, and a directory server."""
    island = fleet.lab.fleet.host(asking).island
    balancer, database, directory = (fleet.ids(role, island)[0] for role in ("lb", "db", "directory"))
    site = next(name for name, scheme in fleet.sites.items() if scheme == "https")
    places = {
        f"site {site}": (balancer, HTTPS, site),
        f"keeper of {database}": (database, KEEPER, database),
        f"directory of {directory}": (directory, LDAPS, directory),
    }
    return {
        what: int(fleet.ask(asking, "/opt/salt/bin/python", "-c", SERVED, host, str(port), name))
        for what, (host, port, name) in places.items()
    }


@pytest.mark.exhaustive
@pytest.mark.timeout(1200)
def test_certificates_are_renewed_by_themselves_and_nobody_notices(whole: Running, show: Show) -> None:
    window = grow_old(whole)
    before = due(whole)
    assert len(before) > len(whole.lab.fleet.hosts), before
    controls = whole.ids("control")
    seconds = 0.0

    def renew() -> float:
        nonlocal seconds
        began = monotonic()
        for host in controls:
            whole.ask(host, "systemctl", "start", "--no-block", UNIT)
        until("every certificate being of the new window", lambda: not due(whole), RENEWED_SECONDS, poll=5.0)
        seconds = monotonic() - began
        return began

    island = whole.islands[0]
    felt = databases.start(whole, whole.shards[0], (island,))
    try:
        result, _ = whole.measure(island, renew, lambda: None)
        felt.report = felt.workload.judged()
    finally:
        felt.workload.kill()
    show(f"{len(before)} certificates and more renewed in {seconds:.0f} s; {result.summary()}")
    databases.verdict(show, "renewal, SQL", felt, gap=3.0)
    assert result.failures == 0, result.table()
    served = ends_of_what_is_served(whole, whole.ids("control", island)[0])
    assert set(served.values()) == {int(window.not_after.timestamp())}, served
    told = json.loads(whole.saguire("incidents", "--json").stdout)["incidents"]
    healed = [one for one in told if one["subject"].startswith("certificates of") and one["result"] == "healed"]
    assert {one["subject"] for one in healed} == {f"certificates of {name}" for name in whole.islands}, told
