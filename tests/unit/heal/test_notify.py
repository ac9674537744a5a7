"""Who is told of what, and that nobody is told twice."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from titanicarus.heal import notify
from titanicarus.heal.facts import Facts
from titanicarus.heal.ledger import Ledger
from titanicarus.heal.notify import AGAIN_SECONDS, TRIES, Channels, Message, Unsure

ME, MATE = "syd-filer1", "syd-filer2"
FACTS = Facts(ME, {}, {}, "sample")
NGINX = "nginx.service of syd-web1"


class World:
    """Ledgers of two masters in one folder, and what was sent. `answers` are what the next sendings come to."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.now, self.names = folder, 1000.0, itertools.count(1)
        self.sent: list[tuple[str, Message]] = []
        self.answers: list[Exception] = []
        self.channels = ["e-mail"]
        monkeypatch.setattr(Channels, "named", lambda _: {name: self._send(name) for name in self.channels})

    def _send(self, name: str) -> notify.Send:
        def send(message: Message) -> None:
            if self.answers:
                raise self.answers.pop(0)
            self.sent.append((name, message))

        return send

    def step(self, incident: str, master: str = ME, subject: str = NGINX, **entry: Any) -> None:
        common = {"at": self.now, "master": master, "incident": incident, "subject": subject}
        Ledger(master, self.folder).add({**common, **entry})

    def incident(self, result: str = "escalated", master: str = ME, subject: str = NGINX) -> str:
        """One that ends at once."""
        name = f"20260101-000000-{next(self.names):04x}"
        report = {"host": "syd-web1", "unit": "nginx.service", "kind": "failing", "seconds": 9.0, "looks": 2}
        self.step(name, master, subject, step="opened", report=report, by_hand=False)
        end = {"result": result, "question": 7, "seconds": 2.0, "down": None, "sentence": "nginx ends again and again"}
        self.step(name, master, subject, step="closed", **end)
        return name

    def run(self) -> bool:
        self.now += 1
        return notify.notify(Ledger(ME, self.folder), FACTS, Channels((), None, "", ""), lambda: self.now)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def test_what_needs_a_person_is_told_once(world: World) -> None:
    name = world.incident()
    assert world.run() and world.run()
    ((channel, message),) = world.sent
    assert channel == "e-mail"
    assert message.subject == f"[sample] {NGINX}: nginx ends again and again"
    assert f"`saguire explain {name}`" in "\n".join(message.lines)
    assert message.facts["incident"] == name


def test_of_what_a_host_said_only_the_first_line_goes_out(world: World) -> None:
    name = "20260101-000000-abcd"
    words = "stopped after start: nginx_running: systemctl failed:\npassword=secret\x1b[0m"
    report = {"host": "syd-web1", "unit": "nginx.service", "kind": "stopped", "seconds": 9.0, "looks": 2}
    world.step(name, step="opened", report=report, by_hand=False)
    end = {"result": "escalated", "question": 7, "seconds": 2.0, "down": None, "sentence": words}
    world.step(name, step="closed", **end)
    assert world.run()
    ((_, message),) = world.sent
    assert message.subject == f"[sample] {NGINX}: stopped after start: nginx_running: systemctl failed:"
    assert "secret" not in "".join([*message.lines, *map(str, message.facts.values())])
    assert all(line.isprintable() for line in message.lines)


@pytest.mark.parametrize("result", ["healed", "refused", "left"])
def test_nobody_is_told_of_the_rest(world: World, result: str) -> None:
    world.incident(result)
    assert world.run()
    assert world.sent == []


def test_another_masters_incident_is_its_own_to_tell(world: World) -> None:
    world.incident(master=MATE)
    assert world.run()
    assert world.sent == []


def test_a_plain_no_is_tried_again_and_not_for_ever(world: World) -> None:
    world.incident()
    world.answers = [OSError("no route to host")]
    assert not world.run()
    assert world.run()
    assert len(world.sent) == 1
    world.incident(subject="php of syd-web1")
    world.answers = [OSError("no route to host")] * (TRIES + 5)
    assert [world.run() for _ in range(TRIES + 3)] == [False] * TRIES + [True] * 3


def test_what_may_have_arrived_is_not_sent_again(world: World) -> None:
    world.incident()
    world.answers = [Unsure("mail said nothing at the end")]
    assert world.run() and world.run()
    assert world.sent == []


def test_a_host_that_died_while_it_told_does_not_tell_again(world: World) -> None:
    name = world.incident()
    world.step(name, step="telling", channel="e-mail")
    assert world.run()
    assert world.sent == []


def test_each_channel_is_told_for_itself(world: World) -> None:
    world.incident()
    world.channels = ["e-mail", "webhook"]
    world.answers = [OSError("refused")]
    assert not world.run()
    assert [name for name, _ in world.sent] == ["webhook"]
    assert world.run()
    assert [name for name, _ in world.sent] == ["webhook", "e-mail"]


@pytest.mark.parametrize("master", [ME, MATE])
def test_of_the_same_trouble_nobody_is_told_again(world: World, master: str) -> None:
    """The beacon says each minute what is still wrong, to several masters."""
    first = world.incident(master=master)
    world.step(first, master, step="telling", channel="e-mail")
    world.step(first, master, step="told", channel="e-mail", words="")
    world.now += 60
    world.incident()
    assert world.run() and world.run()
    assert world.sent == []
    world.now += AGAIN_SECONDS
    world.incident()
    assert world.run()
    assert len(world.sent) == 1


def test_unless_it_was_over_meanwhile(world: World) -> None:
    first = world.incident()
    world.run()
    world.now += 60
    world.step(first, step="ended", sentence="runs again")
    world.now += 60
    world.incident()
    world.run()
    assert len(world.sent) == 2


def test_or_nobody_could_be_told_before(world: World) -> None:
    first = world.incident(master=MATE)
    world.step(first, MATE, step="telling", channel="e-mail")
    world.step(first, MATE, step="not told", channel="e-mail", words="refused")
    world.incident()
    assert world.run()
    assert len(world.sent) == 1


def test_old_news_is_none(world: World) -> None:
    world.incident()
    world.now += notify.OLDEST_SECONDS + 1
    assert world.run()
    assert world.sent == []


def test_without_channels_there_is_a_sentence() -> None:
    with pytest.raises(notify.NoChannels, match="notify_webhook"):
        notify.channels(None)
