"""Files that wait to be copied: which of them are healed, which are being written, and which wait for good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from titanicarus.volumes.agent import BrickWatch
from titanicarus.volumes.errors import VolumeError
from titanicarus.volumes.facts import Facts, Member, Mount, Volume
from titanicarus.volumes.filesystem import Health
from titanicarus.volumes.waiting import STILL_SECONDS, TURN_SECONDS, Waiting

LOOK = 5
STILL = int(STILL_SECONDS)
HOST = "syd-filer1"


def followed(looks: Iterable[set[str]], *, complete: bool = True, turn: int = 0) -> list[int]:
    """How many are said to be stuck at each look; looks are five seconds apart, and each "stuck" brings an order."""
    waiting, said = Waiting(turn), []
    for number, names in enumerate(looks):
        now = 1000.0 + LOOK * number
        waiting.see(names, now, complete=complete)
        said.append(waiting.stuck(now))
        if said[-1]:
            waiting.ordered(now)
    return said


def orders(said: list[int]) -> list[int]:
    return [LOOK * number for number, stuck in enumerate(said) if stuck]


def test_files_that_wait_for_good_are_walked_for_and_more_rarely_each_time() -> None:
    assert orders(followed([{"a", "b"}] * 200)) == [n * STILL for n in (1, 3, 7, 15, 31)]


def test_a_later_brick_orders_later() -> None:
    assert orders(followed([{"a"}] * 25, turn=1)) == [STILL + int(TURN_SECONDS)]


def test_files_that_are_healed_one_by_one_need_no_walk() -> None:
    names = [str(number) for number in range(100)]
    assert orders(followed([set(names[number // 4 :]) for number in range(200)])) == []


def test_files_that_stay_behind_when_others_were_healed_are_found() -> None:
    looks = [{"lost", *(str(one) for one in range(number, 20))} for number in range(60)]
    assert orders(followed(looks))[0] == 20 * LOOK + STILL


def test_files_that_are_being_written_do_not_wait() -> None:
    assert orders(followed([{str(number), str(number + 1)} for number in range(200)])) == []


def test_files_that_are_being_written_do_not_hide_one_that_waits() -> None:
    assert orders(followed([{"lost", str(number)} for number in range(10)])) == [STILL + LOOK]


def test_nothing_is_walked_for_while_a_brick_is_away() -> None:
    assert orders(followed([{"a"}] * 200, complete=False)) == []


def test_patience_is_new_for_other_files() -> None:
    looks = [{"a"}] * 30 + [set[str]()] + [{"b"}] * 30
    back = 31 * LOOK
    assert orders(followed(looks)) == [STILL, 3 * STILL, back + STILL, back + 3 * STILL]


def test_nothing_waits_any_more() -> None:
    waiting = Waiting()
    for names in ({"a"}, {"b"}):
        waiting.see(names, 0.0, complete=True)
        assert waiting.any
    waiting.see(set(), 40.0, complete=True)
    assert not waiting.any
    assert waiting.stuck(1000.0) == 0


class Files:
    """A file system with files that wait."""

    def __init__(self, why: str = "", torn: tuple[str, ...] = (), refuses: bool = False) -> None:
        self.why, self.torn, self.refuses = why, torn, refuses
        self.names = {"a", "b"}
        self.walks = self.renewals = 0

    def client(self, _mount: Mount) -> Sequence[str]:
        return []

    def health(self, _volume: Volume) -> Health:
        return Health(True, len(self.names), None, "served")

    def tend(self, _volume: Volume) -> str:
        return self.why

    def waiting(self, _volume: Volume) -> set[str]:
        return self.names

    def in_split_brain(self, _volume: Volume) -> tuple[str, ...]:
        return self.torn

    def heal_all(self, _volume: Volume) -> None:
        if self.refuses:
            raise VolumeError("another transaction is in progress")
        self.walks += 1

    def renew(self, _volume: Volume, _written: float) -> str:
        self.renewals += 1
        return "the brick begins anew"

    def reconnect(self, _volume: Volume) -> str:
        return ""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("titanicarus.volumes.agent.time.monotonic", lambda: now[0])
    return now


def tended(system: Files, clock: list[float], looks: int = STILL // LOOK + 2) -> list[str]:
    said: list[str] = []
    volume = Volume("syd", (HOST, "syd-filer2", "syd-db1"), ())
    pool = (Member(HOST, "", arbiter=False),)
    watch = BrickWatch(Facts(HOST, pool, (volume,), ()), system, said.append)
    for _ in range(looks):
        watch.tend()
        clock[0] += LOOK
    return said


def test_a_walk_is_ordered_and_said(clock: list[float]) -> None:
    system = Files()
    said = tended(system, clock)
    assert system.walks == 1
    assert any("of 2 files that wait to be copied none has been healed" in line for line in said)


def test_a_walk_that_was_refused_is_ordered_again(clock: list[float]) -> None:
    system = Files(refuses=True)
    said = tended(system, clock)
    assert any("another transaction is in progress" in line for line in said)
    system.refuses = False
    tended(system, clock)
    assert system.walks == 1


def test_files_that_only_a_person_can_judge_are_named_when_a_walk_was_in_vain(clock: list[float]) -> None:
    torn = Files(torn=("/home/ann/a", "/home/ann/b"))
    words = "volume syd: no copy can be said to be the right one of /home/ann/a, /home/ann/b"
    assert words not in tended(torn, clock, STILL // LOOK + 2)
    assert words in tended(torn, clock, 3 * STILL // LOOK + 2)


def test_nothing_is_ordered_while_a_brick_is_away(clock: list[float]) -> None:
    system = Files(why="goes on without syd-filer2")
    tended(system, clock)
    assert system.walks == 0


@pytest.mark.parametrize(
    ("names", "why", "mine"),
    [(set(), "", True), (set(), "", False), ({"a"}, "", True), (set(), "goes on without syd-filer2", True)],
)
def test_what_shows_an_older_certificate_begins_anew_when_all_is_well_and_it_is_its_turn(
    names: set[str], why: str, mine: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("titanicarus.volumes.agent.renewal.turn", lambda _host, _hosts, _now: mine)
    monkeypatch.setattr("titanicarus.volumes.agent.renewal.written", lambda: 5.0)
    system = Files(why=why)
    system.names = names
    said = tended(system, [0.0], 1)
    well = mine and not names and not why
    assert system.renewals == int(well)
    assert ("volume syd: the brick begins anew" in said) == well
