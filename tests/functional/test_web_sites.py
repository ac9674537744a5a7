"""`web_sites.managed` through Salt's loaders, on a real Debian disk with real users."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from functional.salt_in_image import Host, fresh_host

NAME = "/srv/www"


def site(name: str, number: int, files: dict[str, str], **more: Any) -> dict[str, Any]:
    contents = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}
    user = f"www-{name.replace('.', '-')}"
    return {
        "name": name,
        "user": user,
        "uid": 1_000_000 + number,
        "php": False,
        "root": ".",
        "contents": contents,
    } | more


def publish(host: Host, *sites: tuple[dict[str, Any], dict[str, str]]) -> None:
    shutil.rmtree(host.root / "srv/test/states/content", ignore_errors=True)
    for described, files in sites:
        for path, text in files.items():
            host.write(f"srv/test/states/content/{described['name']}/{path}", text)
    host.pillar({"web": {"sites": [described for described, _ in sites]}})


PAGES = {"index.html": "hello", "img/logo.svg": "<svg/>"}
HARBOUR = site("harbour.example", 1, PAGES)
SCRIPT = {"public/index.php": "<?php"}
LANEWAY = site("laneway.example", 2, SCRIPT, php=True, root="public")


@pytest.fixture(scope="module")
def disk() -> Iterator[Host]:
    with fresh_host() as host:
        yield host


@pytest.fixture
def host(disk: Host) -> Host:
    """Two sites in place, and nothing of earlier tests but the users."""
    shutil.rmtree(disk.root / "srv/www", ignore_errors=True)
    publish(disk, (HARBOUR, PAGES), (LANEWAY, SCRIPT))
    ret = disk.state("web_sites.managed", name=NAME)
    assert ret["result"] is True, ret
    return disk


def owner(host: Host, path: str) -> tuple[str, str]:
    said = host.run("stat", "--format=%U:%G %a", path).stdout.decode().split()
    return said[0], said[1]


def test_sites_are_there_and_a_second_run_changes_nothing(host: Host) -> None:
    assert (host.root / "srv/www/harbour.example/img/logo.svg").read_text() == "<svg/>"
    assert owner(host, "/srv/www/harbour.example") == ("www-harbour-example:www-data", "2750")
    assert owner(host, "/srv/www/harbour.example/index.html") == ("www-harbour-example:www-data", "640")
    php = "www-laneway-example"
    assert owner(host, f"/var/lib/titanicarus/php/{php}") == (f"{php}:{php}", "700")
    ret = host.state("web_sites.managed", name=NAME)
    assert (ret["result"], ret["changes"], ret["comment"]) == (True, {}, "2 sites as wanted")


def test_one_tenant_cannot_read_another(host: Host) -> None:
    for path in ("/srv/www/laneway.example/public/index.php", "/srv/www/laneway.example"):
        denied = host.run(
            "setpriv", "--reuid=www-harbour-example", "--regid=www-harbour-example", "--init-groups", "ls", path
        )
        assert b"Permission denied" in denied.stderr


def test_only_the_file_that_changed_is_replaced(host: Host) -> None:
    kept = (host.root / "srv/www/harbour.example/img/logo.svg").stat().st_ino
    pages = PAGES | {"index.html": "hello again"}
    publish(host, (site("harbour.example", 1, pages), pages), (LANEWAY, SCRIPT))
    ret = host.state("web_sites.managed", name=NAME)
    assert ret["changes"] == {"harbour.example": "wrote index.html"}
    assert (host.root / "srv/www/harbour.example/index.html").read_text() == "hello again"
    assert (host.root / "srv/www/harbour.example/img/logo.svg").stat().st_ino == kept


def test_damage_is_repaired_and_uploads_stay(host: Host) -> None:
    """Also when the damaged file has the size that it should have."""
    host.write("srv/www/harbour.example/index.html", "HELLO")
    host.write("srv/www/harbour.example/upload.jpg", "theirs")
    ret = host.state("web_sites.managed", name=NAME)
    assert ret["changes"] == {"harbour.example": "wrote index.html"}
    assert (host.root / "srv/www/harbour.example/index.html").read_text() == "hello"
    assert (host.root / "srv/www/harbour.example/upload.jpg").read_text() == "theirs"


def test_a_site_that_is_gone_is_kept_aside_and_its_user_locked(host: Host) -> None:
    publish(host, (HARBOUR, PAGES))
    ret = host.state("web_sites.managed", name=NAME)
    assert ret["result"] is True, ret
    assert not (host.root / "srv/www/laneway.example").exists()
    (aside,) = (host.root / "srv/www/.removed").iterdir()
    assert aside.name.startswith("laneway.example-")
    assert (aside / "public/index.php").read_text() == "<?php"
    assert owner(host, "/srv/www/.removed")[1] == "700"
    assert b"Account expires" in host.run("chage", "--list", "www-laneway-example").stdout
    assert b"Jan 02, 1970" in host.run("chage", "--list", "www-laneway-example").stdout
    assert host.state("web_sites.managed", name=NAME)["changes"] == {}

    publish(host, (HARBOUR, PAGES), (LANEWAY, SCRIPT))
    assert host.state("web_sites.managed", name=NAME)["result"] is True
    assert (host.root / "srv/www/laneway.example/public/index.php").exists()
    assert b"never" in host.run("chage", "--list", "www-laneway-example").stdout.split(b"Account expires")[1][:20]
    assert (aside / "public/index.php").exists()


def test_one_site_comes_while_another_goes(host: Host) -> None:
    """Users are added and accounts closed within one second, twice."""
    publish(host, (HARBOUR, PAGES), (LANEWAY, SCRIPT))
    assert host.state("web_sites.managed", name=NAME)["result"] is True
    for number, gone in ((4, "laneway-example"), (5, "four-example")):
        there = site(f"{'four' if number == 4 else 'five'}.example", number, {})
        publish(host, (HARBOUR, PAGES), (there, {}))
        ret = host.state("web_sites.managed", name=NAME)
        assert ret["result"] is True, ret
        assert b"Jan 02, 1970" in host.run("chage", "--list", f"www-{gone}").stdout


def test_an_empty_site_has_a_placeholder_until_contents_come(host: Host) -> None:
    empty = site("empty.example", 3, {})
    publish(host, (HARBOUR, PAGES), (LANEWAY, SCRIPT), (empty, {}))
    host.state("web_sites.managed", name=NAME)
    assert "no contents yet" in (host.root / "srv/www/empty.example/index.html").read_text()
    page = {"start.html": "here"}
    publish(host, (HARBOUR, PAGES), (LANEWAY, SCRIPT), (site("empty.example", 3, page), page))
    host.state("web_sites.managed", name=NAME)
    assert {path.name for path in (host.root / "srv/www/empty.example").iterdir()} == {"start.html"}


def test_contents_of_another_release_than_the_pillar_are_refused(host: Host) -> None:
    publish(host, (site("harbour.example", 1, {"index.html": "new"}), {"index.html": "old"}), (LANEWAY, SCRIPT))
    ret = host.state("web_sites.managed", name=NAME)
    assert ret["result"] is False
    assert "not the file that the pillar names" in ret["comment"]
    assert (host.root / "srv/www/harbour.example/index.html").read_text() == "hello"


def test_a_tenant_with_a_link_in_the_way_hurts_itself_only(host: Host) -> None:
    victim = host.write("etc/victim", "precious")
    home = host.root / "srv/www/harbour.example"
    shutil.rmtree(home / "img")
    (home / "img").symlink_to("/etc")
    pages = PAGES | {"img/victim": "evil"}
    script = {"public/index.php": "<?php // new"}
    laneway = site("laneway.example", 2, script, php=True, root="public")
    publish(host, (site("harbour.example", 1, pages), pages), (laneway, script))
    ret = host.state("web_sites.managed", name=NAME)
    assert ret["result"] is False
    assert "harbour.example: /srv/www/harbour.example/img is no folder" in ret["comment"]
    assert victim.read_text() == "precious"
    assert (host.root / "srv/www/laneway.example/public/index.php").read_text() == "<?php // new"


def test_a_dry_run_changes_nothing(host: Host) -> None:
    publish(host, (LANEWAY, SCRIPT))
    ret = host.state("web_sites.managed", test=True, name=NAME)
    assert ret["result"] is None
    assert ret["changes"]["harbour.example"].startswith("removed")
    assert (host.root / "srv/www/harbour.example/index.html").exists()


def test_a_user_in_the_way_is_a_failure_that_says_so(host: Host) -> None:
    other = site("backup.example", 4, {}, user="backup")
    publish(host, (HARBOUR, PAGES), (LANEWAY, SCRIPT), (other, {}))
    ret = host.state("web_sites.managed", name=NAME)
    assert ret["result"] is False
    assert "the user backup exists with uid:gid 34:34" in ret["comment"]
    assert host.call("web_sites.listing")["harbour.example"]["files"] == 2
