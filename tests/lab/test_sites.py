"""A site is added by editing one file, and goes when it is taken out of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from lab.running import Running, Show, until
from lab.served import watching

NEW = "boats.harbour.example"
CONTENT = "Boats for hire, oars included"


@pytest.fixture
def tenant_file(whole: Running) -> Iterator[Path]:
    """A tenant's file, put back afterwards together with what masters and hosts made of it."""
    path = whole.tenants / "harbour.yaml"
    contents = whole.checkout / "salt/content" / NEW
    before = path.read_text()
    yield path
    path.write_text(before)
    if contents.exists():
        for file in contents.iterdir():
            file.unlink()
        contents.rmdir()
    whole.saguire("push")
    whole.saguire("apply")


def add_site(fleet: Running, tenant_file: Path) -> None:
    contents = fleet.checkout / "salt/content" / NEW
    contents.mkdir()
    (contents / "index.html").write_text(f"<!doctype html><title>Boats</title><p>{CONTENT}\n")
    text = tenant_file.read_text()
    assert text.count("\nsites:\n") == 1
    tenant_file.write_text(text.replace("\nsites:\n", f"\nsites:\n  {NEW}:\n    aliases: [www.{NEW}]\n"))


def served_by(fleet: Running, name: str = NEW) -> set[str]:
    return {island for island in fleet.islands if CONTENT in fleet.page_of(island, name)}


@pytest.mark.timeout(600)
def test_a_new_site_is_served_by_every_island_and_a_removed_one_by_none(
    whole: Running, tenant_file: Path, show: Show
) -> None:
    original = tenant_file.read_text()
    assert served_by(whole) == set()

    add_site(whole, tenant_file)
    began = monotonic()
    whole.saguire("push")
    pushed = monotonic() - began
    applying = whole.start("apply")
    with watching(whole, NEW, CONTENT) as islands:
        assert set(islands) == set(whole.islands)
        served = monotonic() - began
    assert applying.wait(120) == 0, applying.communicate()[0]
    seconds = monotonic() - began
    show(f"a new site: on every island after {served:.1f} s (push {pushed:.1f} s), in Route53 after {seconds:.1f} s")
    assert served_by(whole, f"www.{NEW}") == set(whole.islands)
    # The public name leads there as well, for somebody who only knows the name.
    until("the client knowing the name", lambda: CONTENT in whole.page(f"https://{NEW}/"), 5)

    tenant_file.write_text(original)
    whole.saguire("push")
    whole.saguire("apply")
    assert served_by(whole) == set()
    for host in (*whole.ids("web"), *whole.ids("lb")):
        assert (
            whole.ask(host, "grep", "-rl", NEW, "/etc/nginx", "/etc/php", "/etc/haproxy", "/etc/titanicarus") == ""
        ), host
    for host in whole.ids("web"):
        accounts = [line.split(":") for line in whole.ask(host, "getent", "shadow").splitlines() if "boats" in line]
        # Kept files keep their owner, so the account stays, but it is closed: expired since 1970.
        assert all(account[7] == "1" for account in accounts), (host, accounts)
    web = whole.ids("web", whole.islands[0])[0]
    kept = whole.ask(web, "grep", "-rl", CONTENT, "/srv", "/var/lib/titanicarus", "/var/www")
    assert "index.html" in kept, "the files of a removed site are kept aside, not deleted"


def test_other_sites_do_not_notice(whole: Running, tenant_file: Path, show: Show) -> None:
    def change() -> float:
        add_site(whole, tenant_file)
        began = monotonic()
        whole.saguire("push")
        whole.saguire("apply")
        return began

    result, _ = whole.measure(whole.islands[0], change, lambda: None)
    show(f"other sites during push and apply: {result.summary()}")
    assert result.failures == 0, result.table()
    assert result.longest_gap <= 1.0, result.table()
