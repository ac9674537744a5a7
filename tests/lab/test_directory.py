"""The directory on the real fleet: the same people on every server, and a server that was off. Only hosts get in."""

from __future__ import annotations

import pytest
from lab.running import Running, Show, until

from titanicarus.fleet.directory import suffix
from titanicarus.transport import run

PKI = "/etc/titanicarus/pki"
SAME_SECONDS = 30.0
pytestmark = pytest.mark.timeout(600)


def search(fleet: Running, server: str, attribute: str = "uid", *, certificate: bool = True) -> set[str]:
    """Values of all people, as a web server of the fleet gets them over the network; empty when it gets no answer."""
    files = {
        "LDAPTLS_CACERT": "root.crt",
        **({"LDAPTLS_CERT": "host.crt", "LDAPTLS_KEY": "host.key"} if certificate else {}),
    }
    declared = fleet.lab.fleet
    url = f"ldaps://{declared.fqdn(declared.host(server))}"
    command = ["ldapsearch", "-Q", "-Y", "EXTERNAL"] if certificate else ["ldapsearch", "-x"]
    said = fleet.ask(
        fleet.ids("web")[0],
        "env",
        *(f"{key}={PKI}/{name}" for key, name in files.items()),
        *command,
        *("-o", "ldif_wrap=no", "-o", "nettimeout=3", "-LLL", "-H", url),
        *("-b", f"ou=people,{suffix(declared)}", "(objectClass=posixAccount)", attribute),
    )
    # Two colons stand before a value in base 64, as those of passwords are.
    return {line.partition(":")[2].lstrip(": ") for line in said.splitlines() if line.startswith(f"{attribute}:")}


def people(fleet: Running) -> set[str]:
    return {name for tenant in fleet.declaration.tenants for name in tenant.users}


def test_every_server_has_everybody_and_tells_hosts_no_hash(whole: Running) -> None:
    assert people(whole)
    for server in whole.ids("directory"):
        assert search(whole, server) == people(whole), server
        assert search(whole, server, "userPassword") == set(), server


def test_nobody_gets_in_without_a_certificate_of_the_fleet(whole: Running) -> None:
    for server in whole.ids("directory"):
        assert search(whole, server), server
        assert search(whole, server, certificate=False) == set(), server


def test_a_server_that_is_killed_is_not_missed_and_comes_back(whole: Running, show: Show) -> None:
    victim, other = whole.ids("directory", whole.islands[0])
    whole.lab.kill(victim)
    assert search(whole, other) == people(whole)
    whole.lab.start(victim)
    seconds = until(f"{victim} answering", lambda: search(whole, victim) == people(whole), SAME_SECONDS)
    show(f"{victim}, a directory server, answers {seconds:.1f} s after it has booted")


def test_a_password_is_in_no_list_of_processes_and_no_log(whole: Running) -> None:
    hashes = [user.password for tenant in whole.declaration.tenants for user in tenant.users.values() if user.password]
    for server in whole.ids("directory"):
        seen = run(whole.lab, server, ["sh", "-c", "ps axww; journalctl --no-pager --boot"], timeout=60).stdout.decode()
        assert "$y$" not in seen, server
        assert "$6$" not in seen, server
        assert not any(secret in seen for secret in hashes), server
