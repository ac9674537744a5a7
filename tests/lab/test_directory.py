"""The directory on the real fleet: the same people on every server, and a server that was off. Only hosts get in.

That hosts are told no hash is shown with real passwords in tests/functional/test_directory.py.
"""

from __future__ import annotations

import pytest
from lab.running import Running, Show, until

from titanicarus.fleet.directory import suffix

PKI = "/etc/titanicarus/pki"
SAME_SECONDS = 30.0
pytestmark = pytest.mark.timeout(600)


def search(fleet: Running, server: str, *, certificate: bool = True) -> set[str]:
    """Names of all people, as a web server of the fleet gets them over the network; empty when it gets no answer."""
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
        *("-b", f"ou=people,{suffix(declared)}", "(objectClass=posixAccount)", "uid"),
    )
    return {line.removeprefix("uid: ") for line in said.splitlines() if line.startswith("uid: ")}


def people(fleet: Running) -> set[str]:
    return {name for tenant in fleet.declaration.tenants for name in tenant.users}


def test_every_server_has_everybody(whole: Running) -> None:
    assert people(whole)
    for server in whole.ids("directory"):
        assert search(whole, server) == people(whole), server


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
