"""Each thing that can be wrong in a Saguirefile is told with its path, what was found, and what to do."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.repository import REMOVED, Repository

from titanicarus.fleet import InvalidInput

SYD = ("islands", "syd")
HOSTS = (*SYD, "hosts")
WEB1 = (*HOSTS, "web1")

Case = tuple[tuple[str | int, ...], Any, str, str, str]
SINGLE: list[Case] = [
    # where, what is put there, path of the problem, what is quoted, part of the advice
    (("fleet",), "Sample Fleet", "fleet", '"Sample Fleet"', "1 to 20 small letters"),
    (("fleet",), REMOVED, "fleet", "", "is missing: the name of the fleet"),
    (("fleet",), 7, "fleet", "7", 'put it in quotes: "7"'),
    (("domain",), "sample", "domain", '"sample"', 'at least two parts, for example "sample.example"'),
    (("domain",), "https://Sample.example/", "domain", '"https://Sample.example/"', "only the name, in small letters"),
    (("tenants",), "../elsewhere", "tenants", '"../elsewhere"', "inside the repository"),
    (("tenants",), "pillar/nobody", "tenants", '"pillar/nobody"', "make it, also for no tenants"),
    (("tenents",), "pillar/tenants", "tenents", '"pillar/tenants"', 'did you mean "tenants"?'),
    (("islands",), {}, "islands", "", "at least one island"),
    (("islands",), ["syd"], "islands", "", "should be a mapping of names to entries"),
    (("islands",), None, "islands", "", "is empty"),
    ((*SYD, "lan"), REMOVED, "islands.syd.lan", "", "is missing: the private network"),
    ((*SYD, "lan"), "10.72.1.0/24", "islands.syd.lan", '"10.72.1.0/24"', "its keys are network, vip, gateway"),
    ((*SYD, "lan", "network"), "10.72.1.0", "islands.syd.lan.network", '"10.72.1.0"', "needs its prefix length"),
    ((*SYD, "lan", "network"), "10.72.1.7/24", "islands.syd.lan.network", '"10.72.1.7/24"', 'write "10.72.1.0/24"'),
    ((*SYD, "lan", "network"), "10.72.1.0/33", "islands.syd.lan.network", '"10.72.1.0/33"', "write it like 10.71.1.0"),
    ((*SYD, "lan", "network"), "10.72.1.0/30", "islands.syd.lan.network", '"10.72.1.0/30"', "from /8 to /28"),
    ((*SYD, "lan", "network"), "127.0.0.0/24", "islands.syd.lan.network", '"127.0.0.0/24"', "hosts cannot live there"),
    ((*SYD, "lan", "vip"), "fd00::1", "islands.syd.lan.vip", '"fd00::1"', "IPv6 is not carried yet"),
    ((*SYD, "lan", "vip"), "10.72.1.10/24", "islands.syd.lan.vip", '"10.72.1.10/24"', "without the prefix length"),
    (
        (*SYD, "lan", "vip"),
        "10.72.9.10",
        "islands.syd.lan.vip",
        '"10.72.9.10"',
        "not inside 10.72.1.0/24, the LAN of syd",
    ),
    (
        (*SYD, "lan", "vip"),
        "10.72.1.11",
        "islands.syd.hosts.lb1.lan",
        '"10.72.1.11"',
        "also the address at islands.syd.lan.vip",
    ),
    ((*SYD, "wan", "router"), "198.19.1.255", "islands.syd.wan.router", '"198.19.1.255"', "is the broadcast address"),
    ((*SYD, "wan", "router"), "198.19.1.0", "islands.syd.wan.router", '"198.19.1.0"', "number of the network itself"),
    ((*SYD, "wan", "router"), "198.19.1.4", "islands.syd.wan.router", '"198.19.1.4"', "at islands.syd.wan.gateway"),
    ((*SYD, "wan", "routr"), "198.19.1.9", "islands.syd.wan.routr", '"198.19.1.9"', "is not a key here"),
    ((*SYD, "region"), "au", "islands.syd.region", '"au"', "the keys are lan, wan, weight, hosts"),
    ((*WEB1, "lan"), "10.72.1.300", "islands.syd.hosts.web1.lan", '"10.72.1.300"', "four numbers from 0 to 255"),
    ((*WEB1, "lan"), REMOVED, "islands.syd.hosts.web1.lan", "", "is missing: the host's address"),
    (
        (*WEB1, "lan"),
        "10.72.1.22",
        "islands.syd.hosts.web2.lan",
        '"10.72.1.22"',
        "also the address at islands.syd.hosts.web1",
    ),
    ((*WEB1, "lan"), "10.72.2.22", "islands.syd.hosts.web1.lan", '"10.72.2.22"', "not inside 10.72.1.0/24"),
    ((*WEB1, "wan"), "198.19.1.77", "islands.syd.hosts.web1.wan", '"198.19.1.77"', "leave it out"),
    ((*WEB1, "wan"), "198.19.1.777", "islands.syd.hosts.web1.wan", '"198.19.1.777"', "not an IPv4 address"),
    ((*HOSTS, "lb1", "wan"), REMOVED, "islands.syd.hosts.lb1.wan", "", "the role lb needs a free address"),
    ((*WEB1, "roles"), ["wbe", "mail"], "islands.syd.hosts.web1.roles[0]", '"wbe"', 'did you mean "web"?'),
    ((*WEB1, "roles"), ["nginx", "mail"], "islands.syd.hosts.web1.roles[0]", '"nginx"', 'did you mean "web"?'),
    ((*WEB1, "roles"), ["base", "web", "mail"], "islands.syd.hosts.web1.roles[0]", '"base"', "by itself; leave it out"),
    ((*WEB1, "roles"), ["web", "mail", "web"], "islands.syd.hosts.web1.roles", "", "has web twice"),
    ((*WEB1, "roles"), "web", "islands.syd.hosts.web1.roles", '"web"', "put it in [ ]"),
    ((*WEB1, "roles"), REMOVED, "islands.syd.hosts.web1.roles", "", "is missing: what the host does"),
    ((*WEB1, "roles"), ["web"], "islands.syd.hosts", "", "only web2 has the role mail"),
    ((*WEB1, "role"), ["web"], "islands.syd.hosts.web1.role", "", "is not a key here"),
    ((*HOSTS, "fw1", "roles"), ["firewall", "arbiter"], "islands.syd.hosts", "", "fw1 and web2 have the role arbiter"),
    ((*HOSTS, "lb2", "roles"), ["lb", "dns", "firewall"], "islands.syd.hosts", "", "exactly one host"),
    ((*HOSTS, "web2", "roles"), ["web", "mail", "arbiter", "control"], "islands.syd.hosts", "", "exactly two hosts"),
    ((*HOSTS, "web2", "roles"), ["web", "mail"], "islands.syd.hosts", "", "the role arbiter"),
    ((*HOSTS, "vip"), {"lan": "10.72.1.99", "roles": ["web"]}, "islands.syd.hosts.vip", '"vip"', "choose another"),
    ((*HOSTS, "Web-3"), {"lan": "10.72.1.99", "roles": ["web"]}, "islands.syd.hosts.Web-3", '"Web-3"', '"web3"'),
    ((*HOSTS, "web1"), None, "islands.syd.hosts.web1", "", "is empty; its keys are lan, wan, roles"),
    ((*HOSTS, "web3"), {"lan": "10.72.1.99", "roles": []}, "islands.syd.hosts.web3.roles", "", "give the host a role"),
]


@pytest.mark.parametrize("case", SINGLE)
def test_one_fault_is_one_problem(repository: Repository, case: Case) -> None:
    where, value, path, found, advice = case
    repository.put("Saguirefile", where, value)
    problems = repository.problems()
    ours = [problem for problem in problems if problem.path == path and advice in problem.message]
    assert len(ours) == 1, problems
    assert ours[0].file == "Saguirefile"
    assert ours[0].found == found
    assert len(problems) == 1, "follow-up noise"


def test_partners_of_roles(repository: Repository) -> None:
    hosts = repository.files["Saguirefile"]["islands"]["syd"]["hosts"]
    for name in ("web1", "web2"):
        hosts[name]["roles"].remove("web")
    for name in ("store1", "store2"):
        hosts[name]["roles"].remove("filer")
        hosts[name]["roles"].remove("control")
    told = "\n".join(map(str, repository.problems()))
    assert "there are load balancers (lb) and no web servers" in told
    assert "there is an arbiter and no filers" in told
    assert "no host has the role control" in told
    assert told.count("\n") == 2


def test_web_servers_need_load_balancers(repository: Repository) -> None:
    hosts = repository.files["Saguirefile"]["islands"]["syd"]["hosts"]
    del hosts["lb1"], hosts["lb2"]
    (problem,) = repository.problems()
    assert "no load balancers in front of them" in problem.message


def test_an_arbiter_cannot_be_a_filer(repository: Repository) -> None:
    hosts = repository.files["Saguirefile"]["islands"]["syd"]["hosts"]
    hosts["web2"]["roles"].remove("arbiter")
    hosts["store1"]["roles"].append("arbiter")
    (problem,) = repository.problems()
    assert problem.path == "islands.syd.hosts.store1.roles"
    assert "cannot be on a filer itself" in problem.message


def test_an_island_without_a_firewall_or_optional_roles_is_fine(repository: Repository) -> None:
    hosts = repository.files["Saguirefile"]["islands"]["syd"]["hosts"]
    del hosts["fw1"]
    for host in hosts.values():
        host["roles"] = [role for role in host["roles"] if role in ("lb", "web", "control")]
    assert repository.problems() == ()


def test_networks_must_be_apart(repository: Repository) -> None:
    islands = repository.files["Saguirefile"]["islands"]
    islands["mel"]["lan"]["network"] = "10.72.0.0/16"
    (problem,) = repository.problems()
    assert problem.path == "islands.mel.lan.network"
    assert "overlaps 10.72.1.0/24 at islands.syd.lan.network" in problem.message


def test_an_unknown_role_hides_no_other_problem_and_makes_none(repository: Repository) -> None:
    """web1 may be meant to be a web server, so nobody says that web2 is alone; its address is judged all the same."""
    hosts = repository.files["Saguirefile"]["islands"]["syd"]["hosts"]
    hosts["web1"] = {"lan": "10.72.1.22", "roles": ["webb"]}
    hosts["store1"]["roles"].append("firewall")
    paths = {problem.path for problem in repository.problems()}
    assert paths == {
        "islands.syd.hosts.web1.roles[0]",  # unknown role
        "islands.syd.hosts.web2.lan",  # the same address
        "islands.syd.hosts",  # two firewalls, which no unknown role can excuse
        "islands.syd.hosts.store1.wan",  # a firewall without a public address
    }


def test_every_file_is_reported_at_once_with_lines(repository: Repository) -> None:
    repository.put("Saguirefile", (*WEB1, "lan"), "10.72.1.300")
    repository.put("Saguirefile", ("islands", "mel", "hosts", "lb1", "roles"), ["loadbalancer"])
    repository.put("pillar/policy.yaml", ("session_minutes",), 0)
    repository.put("pillar/tenants/harbour.yaml", ("home",), "sid")
    repository.texts["pillar/tenants/broken.yaml"] = "tenant: [broken\n"
    problems = repository.problems()
    assert {problem.file for problem in problems} == {
        "Saguirefile",
        "pillar/policy.yaml",
        "pillar/tenants/harbour.yaml",
        "pillar/tenants/broken.yaml",
    }
    assert len(problems) == 5
    for problem in problems:
        assert problem.line is not None
        if problem.path:
            line = (repository.root / problem.file).read_text().splitlines()[problem.line - 1]
            assert problem.found.strip('"') in line
            assert str(problem).startswith(f"{problem.file}:{problem.line}: {problem.path}: ")


def test_the_message_of_the_refusal_counts_and_lists(repository: Repository) -> None:
    repository.put("Saguirefile", ("fleet",), "X")
    problems = repository.problems()
    with pytest.raises(InvalidInput) as refusal:
        repository.load()
    assert str(refusal.value) == f"1 problem in what is declared:\n  {problems[0]}"
