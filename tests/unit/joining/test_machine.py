"""The blank machine's own part: what it makes, whom it asks, when it applies, and when it is done."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from titanicarus.control import layout
from titanicarus.control.secrets import new_pair
from titanicarus.joining.machine import ATTEMPTS, PLACE, Answer, JoinFailed, Joining, Way, own_pair
from titanicarus.joining.ticket import issue

NOW = 1_800_000_000.0
SIGN = new_pair()
DESKS = ("10.0.0.1:4507", "10.0.0.2:4507", "10.0.1.1:4507")
MASTERS = ("10.0.0.1", "10.0.0.2", "10.0.1.1")
GOOD = json.dumps({"local": {"outcome": "applied", "failed": []}})
BAD = json.dumps({"local": {"outcome": "failed", "failed": [{"id": "a", "comment": "b"}]}})


class World:
    """A machine whose desks, salt-call and clock are played."""

    def __init__(self, root: Path) -> None:
        Way(issue("syd-web1", 600, NOW, SIGN.private), DESKS, MASTERS).write(root)
        self.root, self.now = root, NOW
        self.answers: dict[str, Callable[[], Answer]] = dict.fromkeys(DESKS, joined)
        self.asked: list[tuple[str, str]] = []
        self.results = [GOOD]
        self.commands: list[list[str]] = []
        self.said: list[str] = []

    def joining(self) -> Joining:
        def ask(desk: str, wanted: dict[str, Any]) -> Answer:
            self.asked.append((desk, wanted["public"]))
            return self.answers[desk]()

        def run(argv: list[str]) -> str:
            self.commands.append(argv)
            if argv[0] == "systemctl":
                return ""
            self.now += 30
            return self.results.pop(0) if len(self.results) > 1 else self.results[0]

        def sleep(seconds: float) -> None:
            self.now += seconds

        return Joining(Way.read(self.root), self.root, ask, run, lambda: self.now, sleep, self.said.append)

    def applies(self) -> list[list[str]]:
        return [argv for argv in self.commands if argv[0] != "systemctl"]


def joined(revision: str = "r1", at: str = "2026-11-26T10:00:00+00:00") -> Answer:
    return {"joined": True, "revision": revision, "at": at}


def refused() -> Answer:
    return {"refused": "the ticket is not one of this fleet"}


def silent() -> Answer:
    raise ConnectionRefusedError("nobody listens")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_it_joins_everywhere_applies_once_and_forgets_its_token(world: World) -> None:
    world.joining().work()
    pair = own_pair(world.root)
    assert sorted(world.asked) == [(desk, pair.public) for desk in DESKS]
    (apply,) = world.applies()
    assert apply[1] == "--master=10.0.0.1" and 'expected={"syd-web1": "r1"}' in apply and "full=True" in apply
    assert ["systemctl", "enable", "--now", "--no-block", "salt-minion.service"] in world.commands
    assert not layout.below(world.root, PLACE).exists()


def test_its_key_is_its_own_and_private(world: World) -> None:
    pair = own_pair(world.root)
    keys = world.root / "etc/salt/pki/minion"
    assert stat.S_IMODE((keys / "minion.pem").stat().st_mode) == 0o400
    assert stat.S_IMODE(layout.below(world.root, PLACE).stat().st_mode) == 0o600
    assert own_pair(world.root) == pair


def test_a_key_whose_making_was_cut_short_is_made_again(world: World) -> None:
    pair = own_pair(world.root)
    (world.root / "etc/salt/pki/minion/minion.pub").unlink()
    assert own_pair(world.root) != pair


def test_it_applies_from_the_master_that_was_pushed_to_last(world: World) -> None:
    world.answers[DESKS[2]] = lambda: joined("r2", "2026-11-26T11:00:00+00:00")
    world.joining().work()
    assert world.applies()[0][1] == "--master=10.0.1.1" and 'expected={"syd-web1": "r2"}' in world.applies()[0]


def test_it_applies_when_one_lets_it_in_and_goes_on_asking_the_others(world: World) -> None:
    world.answers[DESKS[0]] = world.answers[DESKS[1]] = silent
    world.joining().work()
    assert world.applies()[0][1] == "--master=10.0.1.1" and len(world.applies()) == 1
    assert world.now > NOW + 600, "until the ticket's end"
    assert [desk for desk, _ in world.asked].count(DESKS[2]) == 1
    assert sum("nobody listens" in sentence for sentence in world.said) == 2, "a journal is not filled"


def test_it_waits_for_control_hosts_that_are_starting(world: World) -> None:
    late: list[Callable[[], Answer]] = [silent, lambda: {"later": "nothing was pushed"}, joined]

    def starting() -> Answer:
        return late.pop(0)()

    world.answers = dict.fromkeys(DESKS, silent) | {DESKS[0]: starting}
    world.joining().work()
    assert len(world.applies()) == 1


def test_a_machine_that_nobody_lets_in_says_so(world: World) -> None:
    world.answers = dict.fromkeys(DESKS, refused)
    with pytest.raises(JoinFailed, match=r"10\.0\.0\.1:4507: the ticket is not one of this fleet; 10"):
        world.joining().work()
    assert not world.commands and layout.below(world.root, PLACE).exists()


def test_a_machine_that_nobody_answers_ends_with_its_ticket(world: World) -> None:
    world.answers = dict.fromkeys(DESKS, silent)
    with pytest.raises(JoinFailed, match=r"no control host lets this machine in: .*nobody listens"):
        world.joining().work()
    assert NOW + 600 < world.now < NOW + 610


@pytest.mark.parametrize("result", [BAD, "", "Minion did not return", '{"local": "ERROR"}'])
def test_an_apply_that_fails_is_tried_again(world: World, result: str) -> None:
    world.results = [result, result, GOOD]
    world.joining().work()
    assert len(world.applies()) == 3


def test_applies_have_an_end_and_the_minion_runs_all_the_same(world: World) -> None:
    world.results = [BAD]
    with pytest.raises(JoinFailed, match="10 attempts failed: a person has to look"):
        world.joining().work()
    assert len(world.applies()) == ATTEMPTS and len(world.commands) == 2 * ATTEMPTS
    assert layout.below(world.root, PLACE).exists(), "a reboot tries again"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{}", '{"ticket": 3, "secret": "", "desks": [], "masters": []}']
)
def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    path = layout.below(tmp_path, PLACE)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(JoinFailed, match=r"join\.json does not say how to join"):
        Way.read(tmp_path)
