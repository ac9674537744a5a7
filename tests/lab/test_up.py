"""A fleet that came up is whole, stays as it is when applied again, and `up` again is quick."""

from __future__ import annotations

from time import monotonic

import pytest
from lab.running import SITES, Running, Show

from titanicarus.lab import CLIENT, UnknownHost
from titanicarus.transport import run


def test_every_host_runs_and_every_island_serves(whole: Running, show: Show) -> None:
    status = whole.json("status")
    powers = {host["id"]: host["power"] for host in status["hosts"]}
    assert set(powers) == set(whole.lab.ids)
    assert set(powers.values()) == {"running"}, [host for host in status["hosts"] if host["power"] != "running"]
    assert {island["web"] for island in status["islands"]} == {"200"}
    show(f"memory of {len(powers)} hosts: {status['memory_bytes'] / 2**30:.2f} GiB")
    assert status["memory_bytes"] <= 10 * 2**30


def test_all_masters_serve_the_same_release(whole: Running) -> None:
    served = whole.releases()
    assert set(served) == set(whole.ids("control"))
    assert len({release for release, _ in served.values()}) == 1


def test_each_island_serves_each_site(whole: Running) -> None:
    for island in whole.islands:
        for site, scheme in whole.sites.items():
            assert SITES[site] in whole.page_of(island, site, scheme=scheme), (island, site)


def test_http_leads_to_https_and_redirects_lead_where_they_should(whole: Running) -> None:
    moved = whole.ask(
        CLIENT, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", "http://harbour.example/a?b=c"
    )
    assert moved in {"301 https://harbour.example/a?b=c", "308 https://harbour.example/a?b=c"}
    old = whole.ask(
        CLIENT,
        "curl",
        "-s",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code} %{redirect_url}",
        "https://harbour.example/timetable",
    )
    assert old == "301 https://harbour.example/swims.html"


def test_https_speaks_http_2_and_each_alias_has_its_certificate(whole: Running) -> None:
    for site in ("quokka.example", "www.quokka-bikes.example", "rottnest-cycles.example"):
        version = whole.ask(
            CLIENT, "curl", "-s", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", f"https://{site}/"
        )
        assert version == "2 200", site


@pytest.mark.timeout(300)
def test_a_second_apply_changes_nothing_on_any_host(whole: Running, show: Show) -> None:
    began = monotonic()
    report = whole.json("apply", "--full")
    seconds = monotonic() - began
    results = report["results"]
    assert set(results) == {host.id for host in whole.lab.fleet.hosts}
    wrong = {host: one for host, one in results.items() if one["changed"] or one["failed"]}
    assert wrong == {}
    assert {one["outcome"] for one in results.values()} <= {"applied", "unchanged"}
    show(f"second state.apply on {len(results)} hosts: no change, {seconds:.1f} s")


def test_up_again_is_quick(whole: Running, show: Show) -> None:
    began = monotonic()
    whole.saguire("up")
    seconds = monotonic() - began
    show(f"up on a running, unchanged fleet: {seconds:.1f} s")


def test_up_repairs_what_is_missing_and_touches_nothing_else(whole: Running, show: Show) -> None:
    victim = whole.ids("web", whole.islands[0])[0]
    before = {host["id"]: host["leader"] for host in whole.json("status")["hosts"]}
    whole.lab.kill(victim)
    began = monotonic()
    whole.saguire("up")
    show(f"up with one web server off: {monotonic() - began:.1f} s")
    after = {host["id"]: host["leader"] for host in whole.json("status")["hosts"]}
    assert {host for host in before if before[host] != after[host]} == {victim}
    assert whole.lab.reachable(victim)


def test_any_master_of_any_island_drives_the_whole_fleet(whole: Running) -> None:
    for island in whole.islands:
        master = whole.ids("control", island)[0]
        assert whole.minions_answer(master), master


def test_exec_passes_input_and_the_exit_code(whole: Running) -> None:
    host = whole.lab.fleet.hosts[0].id
    assert whole.saguire("exec", host, "--", "sh", "-c", "exit 7", ok=False).returncode == 7
    done = run(whole.lab, host, ["cat"], input=b"through\x00")
    assert done.stdout == b"through\x00"
    with pytest.raises(UnknownHost):
        whole.lab.command("nowhere", ["true"])


def test_nothing_of_the_lab_can_reach_a_real_network(whole: Running) -> None:
    for host in (CLIENT, *whole.ids("lb", whole.islands[0]), *whole.ids("web", whole.islands[0])):
        # 192.0.2.0/24 is nobody's (RFC 5737); 1.1.1.1 is a real one.
        for address in ("192.0.2.1", "1.1.1.1"):
            done = run(whole.lab, host, ["ping", "-c1", "-W1", "-n", address], timeout=10, check=False)
            assert done.returncode != 0, (host, address)


def test_masters_do_not_hand_out_the_pillar_as_files(whole: Running) -> None:
    minion = whole.ids("web", whole.islands[0])[0]
    listed = whole.saguire("salt", "--out=json", "--static", minion, "cp.list_master").stdout
    assert "top.sls" in listed
    assert "tenants/" not in listed
    assert "pillar/" not in listed
    for path in ("pillar/tenants/harbour.yaml", "../pillar/tenants/harbour.yaml", "Saguirefile"):
        got = whole.saguire(
            "salt", "--out=json", "--static", minion, "cp.get_file_str", f"salt://{path}", ok=False
        ).stdout
        assert "tenant:" not in got
        assert "islands:" not in got
