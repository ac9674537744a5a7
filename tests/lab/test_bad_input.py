"""Row 25: a wrong Saguirefile or tenant file is refused at the door, with path and reason; nothing changes anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab.running import Running

HARBOUR = "harbour.yaml"
SAGUIREFILE = "Saguirefile"
Spoil = Callable[[str], str]

WRONG: dict[str, tuple[str, Spoil, tuple[str, ...]]] = {
    "an unknown role": (
        SAGUIREFILE,
        lambda text: text.replace("roles: [web", "roles: [wep", 1),
        ("wep",),
    ),
    "an address twice": (
        SAGUIREFILE,
        lambda text: text.replace("10.71.1.22", "10.71.1.21", 1),
        ("10.71.1.21",),
    ),
    "not YAML at all": (SAGUIREFILE, lambda text: text + "\n}{ nonsense: [\n", ()),
    "an unknown key of a tenant": (
        HARBOUR,
        lambda text: text.replace("aliases:", "aliasses:", 1),
        ("aliasses", "aliases"),
    ),
    "a tenant of no island": (HARBOUR, lambda text: text.replace("home: syd", "home: nowhere", 1), ("nowhere", "home")),
    "a site of another tenant": (
        HARBOUR,
        lambda text: text.replace("  harbour.example:", "  laneway.example:", 1),
        ("laneway.example",),
    ),
}


@pytest.fixture
def put_back(whole: Running) -> Iterator[Running]:
    """The files of the checkout are put back afterwards."""
    paths = (whole.saguirefile, whole.tenants / HARBOUR, whole.checkout / "salt/top.sls")
    files = {path: path.read_bytes() for path in paths}
    yield whole
    for path, content in files.items():
        path.write_bytes(content)


def place(fleet: Running, name: str) -> Path:
    return fleet.saguirefile if name == SAGUIREFILE else fleet.tenants / name


def fingerprint(fleet: Running) -> dict[str, object]:
    """Everything that a refused change could have touched: what masters serve, and what hosts run and have."""
    paths = ["/etc/haproxy", "/etc/nginx", "/etc/keepalived", "/etc/nftables.conf", "/etc/hosts", "/srv/titanicarus"]
    web, balancer, master = fleet.ids("web")[0], fleet.ids("lb")[0], fleet.ids("control")[0]
    # Bytecode is made by whoever imports something first.
    listing = ["find", *paths, "-path", "*/bytecode", "-prune", "-o", "-printf", "%p %T@ %i\n"]
    return {
        "releases": fleet.releases(),
        "files": {host: sorted(fleet.ask(host, *listing).splitlines()) for host in (web, balancer, master)},
        "leaders": {host: fleet.lab.host(host).leader() for host in fleet.lab.ids},
    }


@pytest.mark.parametrize("what", list(WRONG))
def test_row_25_what_is_wrong_is_refused_and_nothing_changes(put_back: Running, what: str) -> None:
    fleet = put_back
    name, spoil, said = WRONG[what]
    path = place(fleet, name)
    before = fingerprint(fleet)
    spoiled = spoil(path.read_text())
    assert spoiled != path.read_text(), "the file to spoil has changed: this test has to follow"
    path.write_text(spoiled)
    for command in ("check", "push", "up"):
        refused = fleet.saguire(command, ok=False)
        output = refused.stdout + refused.stderr
        assert refused.returncode == 1, (command, output)
        assert path.name in output, (command, output)
        assert all(word in output for word in said), (command, output)
        assert "Traceback" not in output
    assert fingerprint(fleet) == before


def test_row_25_a_state_that_does_not_parse_is_refused_by_push(put_back: Running) -> None:
    fleet = put_back
    before = fingerprint(fleet)
    path = fleet.checkout / "salt/top.sls"
    path.write_text(path.read_text() + "\n{% if %}\n")
    refused = fleet.saguire("push", ok=False)
    assert refused.returncode == 1
    assert "top.sls" in refused.stdout + refused.stderr
    after = fingerprint(fleet)
    assert after["releases"] == before["releases"]
    assert after["leaders"] == before["leaders"]


def test_every_problem_is_told_at_once(put_back: Running) -> None:
    fleet = put_back
    for what in ("an unknown role", "an unknown key of a tenant", "a tenant of no island"):
        name, spoil, _ = WRONG[what]
        path = place(fleet, name)
        path.write_text(spoil(path.read_text()))
    output = fleet.saguire("check", ok=False).stderr
    assert all(word in output for word in ("wep", "aliasses", "nowhere")), output
