"""A tenant's WordPress, used by somebody who writes in it, before, during and after the loss of its database's primary.

Installed by the tenant's file alone. Nothing that WordPress acknowledged may be missing afterwards.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Thread
from typing import Any

import pytest
from lab.databases import await_whole, mariadb, view, writer
from lab.running import ROOT, Running, Show, until
from lab.wordpress_visitor import Event

from titanicarus.fleet.model import App
from titanicarus.lab import CLIENT
from titanicarus.transport import run

VISITOR = (ROOT / "tests/lab/wordpress_visitor.py").read_text()
INSTALL_SECONDS = 180.0
RECOVER_SECONDS = 60.0
# Of a person: one request may wait for as long as WordPress is patient, and for a page on a busy machine.
LONGEST_GAP = 20.0
pytestmark = pytest.mark.timeout(900)


@dataclass
class Person:
    """Somebody who writes, and what was answered so far."""

    process: subprocess.Popen[str]
    events: list[Event] = field(default_factory=list)

    def done(self, kind: str, since: float = 0.0) -> list[Event]:
        """What went well: posts, say."""
        return [event for event in self.events if event.ok and event.kind == kind and event.at >= since]

    def wait_for(self, kind: str, count: int, seconds: float, since: float = 0.0) -> None:
        until(f"{count} times {kind}", lambda: len(self.done(kind, since)) >= count, seconds)


@dataclass(frozen=True)
class Blog:
    """A WordPress site of the fleet, as people reach it through its home island."""

    fleet: Running
    site: str
    shard: str

    @property
    def orders(self) -> dict[str, Any]:
        """What a visitor is told."""
        login = self.fleet.json("login", self.site)
        vip = str(self.fleet.lab.fleet.islands[self.shard].wan.vip)
        return {
            "place": {"site": self.site, "address": vip},
            "login": {"user": login["user"], "password": login["password"]},
        }

    def _command(self, **orders: Any) -> list[str]:
        words = json.dumps({**self.orders, **orders})
        return self.fleet.lab.command(CLIENT, ["python3", "-I", "-u", "-c", VISITOR, words])

    @contextmanager
    def person(self, name: str) -> Iterator[Person]:
        """Writes until the end of the block."""
        process = subprocess.Popen(
            self._command(name=name, most=0, pause=0.1, pictures=True),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        person = Person(process)
        reading = Thread(target=_read, args=(person,), daemon=True)
        reading.start()
        try:
            yield person
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(60)
            finally:
                process.kill()
            reading.join(10)

    def lost(self, events: list[Event]) -> list[str]:
        """What was acknowledged and is not there, asked of WordPress itself."""
        found: list[str] = []
        told = [event.__dict__ for event in events if event.ok and event.kind in ("post", "comment", "picture")]
        for first in range(0, len(told), 100):  # one argument of a program is not longer than 128 KiB
            argv = self._command(events=told[first : first + 100])
            said = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=300)
            found += json.loads(said.stdout)
        return found

    def serves(self) -> bool:
        """Whether the first page is there."""
        return self.site in self.fleet.page_of(self.shard, self.site)


def _read(person: Person) -> None:
    assert person.process.stdout is not None
    for line in person.process.stdout:
        person.events.append(Event(**json.loads(line)))


@pytest.fixture
def blog(whole: Running) -> Blog:
    """The one that is declared, installed and well."""
    found = next((pair for pair in whole.declaration.sites if pair[1].app is App.WORDPRESS), None)
    if found is None:
        pytest.skip("no tenant of this fleet has a WordPress")
    blog = Blog(whole, found[1].name, found[0].home)
    await_whole(whole, blog.shard)
    until(f"{blog.site} being installed", blog.serves, INSTALL_SECONDS, poll=1)
    return blog


@pytest.mark.exhaustive
def test_it_is_used(blog: Blog, show: Show) -> None:
    with blog.person("first") as person:
        person.wait_for("look", 3, 90)
    assert all(event.ok for event in person.events), [event for event in person.events if not event.ok]
    assert blog.lost(person.events) == []
    show(f"{blog.site}: {_figures(person)}")


@pytest.mark.exhaustive
def test_the_primary_s_host_is_killed_while_somebody_writes(blog: Blog, show: Show) -> None:
    victim = writer(blog.fleet, blog.shard)
    person = _through(blog, lambda: blog.fleet.lab.kill(victim), "host")
    assert writer(blog.fleet, blog.shard) != victim
    show(f"{victim}, primary of {blog.shard}, killed: {_figures(person)}")
    blog.fleet.lab.start(victim)
    await_whole(blog.fleet, blog.shard)
    assert blog.lost(person.events) == []


@pytest.mark.exhaustive
def test_the_primary_s_process_is_killed_while_somebody_writes(blog: Blog, show: Show) -> None:
    victim = writer(blog.fleet, blog.shard)
    person = _through(blog, lambda: blog.fleet.lab.host(victim).kill_unit(mariadb(blog.shard)), "process")
    show(f"mariadbd of {blog.shard} on {victim} killed: {_figures(person)}")


@pytest.mark.exhaustive
def test_a_planned_move_is_not_felt(blog: Blog, show: Show) -> None:
    before = writer(blog.fleet, blog.shard)
    other = next(copy.host for copy in view(blog.fleet, blog.shard).copies if copy.host != before)
    person = _through(blog, lambda: blog.fleet.saguire("db", "move", blog.shard, "--to", other), "move")
    failed = [event for event in person.events if not event.ok]
    show(f"{blog.shard} moved to {other}: {_figures(person)}")
    assert not failed, failed
    blog.fleet.saguire("db", "move", blog.shard, "--to", before)


@pytest.mark.exhaustive
def test_nobody_can_make_a_database_s_site_his_own(blog: Blog) -> None:
    for path in ("/wp-admin/install.php", "/wp-config.php", "/xmlrpc.php"):
        url = f"https://{blog.site}{path}"
        vip = blog.fleet.lab.fleet.islands[blog.shard].wan.vip
        argv = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--resolve", f"{blog.site}:443:{vip}", url]
        assert run(blog.fleet.lab, CLIENT, argv, timeout=20).stdout.decode() in ("404", "503")


def _through(blog: Blog, fault: Callable[[], object], name: str) -> Person:
    """Somebody writes before, during and after a fault. Fails the test when something acknowledged is lost."""
    with blog.person(f"{name}-{time.time():.0f}") as person:
        person.wait_for("comment", 3, 90)
        moment = time.time()
        fault()
        person.wait_for("post", 3, RECOVER_SECONDS + LONGEST_GAP, since=moment + 1)
        person.wait_for("comment", 2, RECOVER_SECONDS, since=moment + 1)
    assert blog.lost(person.events) == []
    wrong = [event for event in person.events if not event.ok and event.status not in (0, 502, 503, 504)]
    assert not wrong, wrong
    assert _gap(person) <= LONGEST_GAP, _figures(person)
    return person


def _gap(person: Person) -> float:
    """The longest time between two acknowledged writes, in seconds."""
    ends = sorted(event.at + event.seconds for event in person.done("post") + person.done("comment"))
    return max(after - before for before, after in pairwise(ends))


def _figures(person: Person) -> str:
    posts, comments, pictures = (person.done(kind) for kind in ("post", "comment", "picture"))
    failed = [event.status for event in person.events if not event.ok]
    middle = sorted(event.seconds for event in posts)[len(posts) // 2]
    return (
        f"{len(posts)} posts, {len(comments)} comments and {len(pictures)} pictures acknowledged, none lost; "
        f"longest gap {_gap(person):.1f} s, post {middle:.2f} s; "
        f"{len(failed)} failed {sorted(set(failed)) if failed else ''}"
    )
