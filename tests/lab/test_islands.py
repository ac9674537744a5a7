"""Islands: any of them answers for any site, one may sink, and one may be taken out of service by an operator."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from secrets import token_hex
from time import monotonic

import pytest
from lab.running import Running, Show, pass_seconds, until

from titanicarus.drill import looking
from titanicarus.lab import CLIENT
from titanicarus.operations.overview import GSLB
from titanicarus.transport import run

LOST_SECONDS = 12.0
OUT_SECONDS = 300.0
"""`notify_lost_seconds`, the turns of masters that are lost with the island, and a look of everybody."""


@pytest.fixture
def several(whole: Running) -> Running:
    """A fleet of at least two islands."""
    if len(whole.islands) < 2:
        pytest.skip("this Saguirefile has one island")
    return whole


def state(fleet: Running, island: str) -> str:
    """What an island tells the world about itself: this is what Route53's checkers ask."""
    vip = fleet.lab.fleet.islands[island].wan.vip
    # Without --fail: a red answer is an answer.
    text = fleet.ask(CLIENT, "curl", "-s", "--max-time", "2", f"http://{vip}/healthz/web")
    return str(json.loads(text)["state"]) if text else "no answer"


def answered_by(fleet: Running, mark: str) -> list[str]:
    """The islands whose web servers have answered a request with this in it."""
    return [
        island
        for island in fleet.islands
        if any(fleet.ask(host, "grep", "-F", mark, "/var/log/nginx/access.log") for host in fleet.ids("web", island))
    ]


def test_a_request_to_any_island_is_answered_where_the_site_is_at_home(several: Running) -> None:
    """Each request has a mark of its own: one that was repeated, as reads may be, is in the log twice."""
    for tenant, site in several.declaration.sites:
        if site.name not in several.sites:
            continue
        for asked in several.islands:
            mark = f"?asked={token_hex(8)}"
            assert several.page_of(asked, site.name, f"/{mark}", scheme=several.sites[site.name])
            until(f"{site.name}, asked of {asked}, in a log", partial(answered_by, several, mark), 10)
            assert answered_by(several, mark) == [asked if site.everywhere else tenant.home], f"{site.name} of {asked}"


def test_only_load_balancers_of_other_islands_may_pass_requests_on(several: Running) -> None:
    """The public spill port answers nobody without the right certificate, and the packet filter nobody else at all."""
    first, second = several.islands[:2]
    vip = several.lab.fleet.islands[first].wan.vip
    url = f"https://{first}.{several.lab.fleet.domain}:8444/healthz"
    resolve = f"{first}.{several.lab.fleet.domain}:8444:{vip}"
    stranger = several.ask(CLIENT, "curl", "-sk", "--max-time", "2", "--resolve", resolve, url)
    assert stranger == ""
    base = ["curl", "-s", "--max-time", "2", "--resolve", resolve, "--cacert", "/etc/titanicarus/pki/root.crt", url]
    own = ["--cert", "/etc/titanicarus/pki/host.crt", "--key", "/etc/titanicarus/pki/host.key"]
    balancer = several.ids("lb", second)[0]
    assert several.ask(balancer, *base, *own) == "up\n"
    assert several.ask(balancer, *base) == ""


@pytest.mark.exhaustive
@pytest.mark.timeout(600)
def test_row_12_an_island_is_lost_and_users_of_the_others_notice_nothing(several: Running, show: Show) -> None:
    """Also not those who want a site that was at home there: from the first second it is answered from the copy."""
    lost, asked = several.islands[0], several.islands[-1]

    def sink() -> float:
        moment = monotonic()
        several.lab.kill_island(lost)
        return moment

    result, _ = several.measure(asked, sink, pass_seconds(LOST_SECONDS))
    show(f"row 12: {lost} lost, asked of {asked}: {result.summary()}")
    assert result.longest_gap <= 1.0, result.table()
    assert result.failures == 0, result.table()
    # It comes back, and asks for no users until it has been well for a while.
    seen = [state(several, lost)]

    def asks_for_users() -> bool:
        seen.append(state(several, lost))
        return seen[-1] == "up"

    with ThreadPoolExecutor(4) as pool:
        hosts = [host.id for host in several.lab.fleet.islands[lost].hosts.values()]
        list(pool.map(several.lab.start, hosts))
        reentry = several.declaration.policy.reentry_seconds
        seconds = until(f"{lost} asking for users", asks_for_users, reentry + 60)
    assert set(seen) == {"no answer", "held", "up"}, seen
    show(f"row 18: {lost} was held until {seconds:.0f} s after its last host was up")


@pytest.mark.exhaustive
def test_an_island_is_drained_and_restored_with_no_failed_request(several: Running, show: Show) -> None:
    island, other = several.islands[0], several.islands[1]
    result, _ = several.measure(island, lambda: _do(several, "drain", island), pass_seconds(2))
    show(f"drain {island}: {result.summary()}")
    assert result.failures == 0, result.table()
    assert state(several, island) == "drained"
    for name in several.islands[2:]:
        several.saguire("drain", name)
    refused = several.saguire("drain", other, ok=False)
    assert refused.returncode == 1
    assert "last healthy island" in refused.stderr
    assert state(several, other) == "up"
    several.saguire("drain", "--force", other)
    assert state(several, other) == "drained"
    several.saguire("restore", island)
    assert state(several, island) == "up"


@pytest.mark.exhaustive
@pytest.mark.timeout(300)
def test_a_drained_island_stays_drained_over_a_reboot(several: Running) -> None:
    island = several.islands[0]
    first, second = several.ids("lb", island)[:2]
    several.lab.kill(second)
    told = several.saguire("drain", island).stdout
    assert f"{second} is off" in told
    several.lab.start(second)  # it was off when the operator said so, and hears it from the other one

    def drained(host: str) -> bool:
        address = several.lab.fleet.host(host).wan
        return '"drained"' in several.ask(CLIENT, "curl", "-s", "--max-time", "2", f"http://{address}/healthz/island")

    until(f"{second} being drained as well", lambda: drained(second), 30)
    several.lab.kill(first)
    several.lab.start(first)
    until(f"{first} being drained after its reboot", lambda: drained(first), 30)


@pytest.mark.exhaustive
@pytest.mark.timeout(400)
def test_a_minion_that_starts_while_the_masters_are_away_is_there_when_they_return(several: Running) -> None:
    victim = several.ids("lb", several.islands[-1])[-1]
    several.masters("stop")
    try:
        run(several.lab, victim, ["systemctl", "restart", "salt-minion", "--no-block"], timeout=30)

        def tried() -> bool:
            return "Minion unable to successfully connect" in several.ask(
                victim, "journalctl", "-u", "salt-minion", "-o", "cat", "--since", "-3min"
            )

        until(f"{victim} having tried each master in vain", tried, 240, poll=1)
    finally:
        several.masters("start")
    until("every minion answering", several.minions_answer, 120, poll=1)


def _do(fleet: Running, *arguments: str) -> float:
    fleet.saguire(*arguments)
    return monotonic()


def weight(fleet: Running, island: str) -> int:
    """An island's weight in Route53, as a control host of another one reads it there."""
    host = next(host for host in fleet.ids("control") if fleet.lab.fleet.host(host).island != island)
    return int(json.loads(run(fleet.lab, host, [*GSLB, host], timeout=60).stdout)[island]["weight"])


@pytest.mark.exhaustive
@pytest.mark.timeout(1200)
def test_a_lost_island_is_taken_out_and_brought_back_when_it_is_well(several: Running, show: Show) -> None:
    """Route53's health checks have led users elsewhere long before; this keeps them there until all of it is well."""
    lost = several.islands[0]
    assert weight(several, lost) > 0
    several.lab.kill_island(lost)
    began = monotonic()
    out = until(f"{lost} being out", lambda: lost in looking.islands_out(several.lab), OUT_SECONDS, poll=1.0)
    until("Route53 being told so", lambda: weight(several, lost) == 0, 60, poll=1.0)
    told = monotonic() - began
    with ThreadPoolExecutor(9) as pool:
        hosts = several.lab.fleet.islands[lost].hosts.values()
        list(pool.map(lambda host: several.lab.start(host.id), hosts))
    began = monotonic()
    green = until(f"{lost} saying that it is well", lambda: state(several, lost) == "up", 240, poll=0.5)
    assert lost in looking.islands_out(several.lab), "it was brought back before its hosts were asked"
    until(f"{lost} being back", lambda: lost not in looking.islands_out(several.lab), 300, poll=1.0)
    back = monotonic() - began
    until("Route53 being told so", lambda: weight(several, lost) > 0, 60, poll=1.0)
    told_of = [
        one for one in several.json("incidents", "--last", "200")["incidents"] if one["subject"] == f"{lost}/share"
    ]
    assert told_of[-1]["result"] == "healed", told_of
    show(
        f"{lost} lost: out after {out:.0f} s, in Route53 {told:.0f} s; it returns: green after {green:.0f} s,"
        f" back after {back:.0f} s: {told_of[-1]['sentence']}"
    )
    show(several.saguire("explain", told_of[-1]["id"]).stdout)
