"""What a host sees of its parts, on a disk that a test makes."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from fixtures.keepers_at_hand import facts, owner
from unit.heal.disk import Disk

from titanicarus.control import layout
from titanicarus.heal import parts
from titanicarus.heal.parts import CERTIFICATES, Look, Rounds
from titanicarus.keeper.at_hand import DOCUMENT
from titanicarus.keeper.wishes import FILE as WISHES
from titanicarus.keys.here import Found
from titanicarus.volumes.facts import STATUS

MIB = 1 << 20
BRICK = {"online": True, "waits": "", "torn": [], "why": "well", "pending": 7}
MOUNT = {"well": False, "why": "is dead", "repairs": 0}


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    found = Disk(tmp_path)
    found.write("proc/self/mounts", "")
    found.write(str(layout.APPLIED.relative_to("/")), {})
    return found


def test_databases_by_what_their_keeper_wrote_down(disk: Disk) -> None:
    shards = {
        "mel": facts(), "per": facts(commits=None), "syd": owner(), "bad": facts(replicates=False, why="waits"),
        "far": facts(lag=90.0), "new": facts(rebuilding=True), "odd": facts(trouble="the witness does not answer"),
    }  # fmt: skip
    path = disk.write(str(DOCUMENT.relative_to("/")), {"shards": shards})
    found = Look("syd-db1", disk.here).look()
    assert {part: why for part, why in found.items() if part != CERTIFICATES} == {
        "database bad": "its copy follows nobody; waits",
        "database far": "its copy is 90 s behind",
        "database mel": "",
        "database new": "",
        "database odd": "",
        "database per": "database down",
        "database syd": "",
    }
    os.utime(path, (time.time() - 60, time.time() - 60))
    assert Look("syd-db1", disk.here).look()["database mel"] == "its keeper has said nothing for 60 s"


def test_what_an_operator_asked_for_is_not_ill(disk: Disk) -> None:
    paused = facts(replicates=False, why="is paused")
    disk.write(str(DOCUMENT.relative_to("/")), {"shards": {"mel": paused, "syd": paused}})
    disk.write(str(WISHES.relative_to("/")), {"mel": {"paused": True}})
    found = Look("syd-db1", disk.here).look()
    assert (found["database mel"], found["database syd"]) == ("", "its copy follows nobody; is paused")


def test_a_brick_that_goes_on_without_others_is_not_ill(disk: Disk) -> None:
    brick = BRICK | {"waits": "goes on without syd-filer2"}
    disk.write(str(STATUS.relative_to("/")), {"bricks": {"syd": brick}, "mounts": {}})
    assert Look("syd-filer1", disk.here).look()["brick syd"] == ""


def test_files_by_what_their_service_wrote_down(disk: Disk) -> None:
    path = disk.write(str(STATUS.relative_to("/")), {"bricks": {"syd": BRICK}, "mounts": {"syd": MOUNT}})
    found = Look("syd-filer1", disk.here).look()
    assert (found["brick syd"], found["mount syd"]) == ("", "is dead")
    os.utime(path, (time.time() - 60, time.time() - 60))
    found = Look("syd-filer1", disk.here).look()
    assert found["brick syd"] == found["mount syd"] == "titanicarus-files has said nothing for 60 s"


@pytest.mark.parametrize(
    ("free", "size", "little"),
    [
        (127 * MIB, 1024 * MIB, True),
        (128 * MIB, 1024 * MIB, False),
        (499 * MIB, 10000 * MIB, True),
        (500 * MIB, 10000 * MIB, False),
        (4095 * MIB, 4_000_000 * MIB, True),
        (4096 * MIB, 4_000_000 * MIB, False),
    ],
)
def test_a_disk_with_little_room(free: int, size: int, little: bool) -> None:
    words = f"has {free // MIB} MiB free of {size // MIB}"
    assert parts.room(free, size) == (words if little else "")


def test_disks_of_this_machine_are_told_once_each(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    lines = [
        f"/dev/a {tmp_path}/deep ext4 rw,noatime 0 0",
        f"/dev/a {tmp_path} ext4 rw 0 0",
        f"/dev/b {tmp_path}/gone xfs rw 0 0",
        "/dev/c / squashfs ro 0 0",
        f"/dev/d {tmp_path} ext4 ro,noatime 0 0",
        "tmpfs /run tmpfs rw 0 0",
    ]
    assert [part for part, _ in parts.disks(lines)] == [f"disk {tmp_path}"]


def test_certificates_that_were_not_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    day, now = 86400, 1_800_000_000
    fresh = Found("host", "syd-db1", "1", now - 10 * day, now + 20 * day)
    late = Found("ssh host", "syd-db1", "2", now - 28 * day, now + 2 * day)
    monkeypatch.setattr(parts.keys, "look", lambda *_: ([fresh, late], []))
    assert parts.certificates("syd-db1", Path("/"), now) == "ssh host syd-db1 ends in 2.0 days and was not renewed"
    monkeypatch.setattr(parts.keys, "look", lambda *_: ([fresh, late], ["/etc/x is missing"]))
    assert parts.certificates("syd-db1", Path("/"), now) == "/etc/x is missing; and 1 more"
    monkeypatch.setattr(parts.keys, "look", lambda *_: ([fresh], []))
    assert parts.certificates("syd-db1", Path("/"), now) == ""


def test_certificates_are_not_read_at_each_look(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(parts, "certificates", lambda host, *_: read.append(host) or "")  # type: ignore[func-returns-value]
    look = Look("syd-db1", disk.here)
    assert [look.look()[CERTIFICATES] for _ in range(3)] == [""] * 3
    assert read == ["syd-db1"]


def test_certificates_of_a_host_that_was_not_applied_are_not_missed(disk: Disk) -> None:
    look = Look("syd-db1", disk.here)
    assert "/etc/titanicarus/pki/host.crt is missing" in look.look()[CERTIFICATES]
    disk.here.below(layout.APPLIED).unlink()
    assert look.look()[CERTIFICATES] == Look("syd-db1", disk.here).look()[CERTIFICATES] == ""


def test_what_is_wrong_with_certificates_is_read_anew(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter(["is missing", "", "never read"])
    monkeypatch.setattr(parts, "certificates", lambda *_: next(found))
    look = Look("syd-db1", disk.here)
    assert [look.look()[CERTIFICATES] for _ in range(3)] == ["is missing", "", ""]


def test_a_look_that_fails_is_unknown_and_a_booting_host_is_silent(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "certificates", lambda *_: "")
    rounds = Rounds("syd-db1", disk.here)
    disk.write(str(DOCUMENT.relative_to("/")), "{")
    assert rounds.news() == []
    (event,) = rounds.news()
    assert (event["tag"], event["part"]) == ("unknown", "*") and "JSONDecodeError" in event["why"]
    disk.write(str(DOCUMENT.relative_to("/")), {"shards": {"mel": facts(failed=True)}})
    events = [rounds.news() for _ in range(2)][-1]
    assert [(one["tag"], one["part"], one["why"]) for one in events] == [("ill", "database mel", "database fails")]
    monkeypatch.setattr(type(disk.here), "booting", lambda *_: True)
    assert [Rounds("syd-db1", disk.here).news() for _ in range(3)] == [[]] * 3


def test_a_minion_that_is_started_again_says_that_it_is_well(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "certificates", lambda *_: "")
    mounts = {"syd": MOUNT}
    disk.write(str(STATUS.relative_to("/")), {"bricks": {}, "mounts": mounts})
    rounds = Rounds("syd-web1", disk.here)
    assert [len(rounds.news()) for _ in range(2)] == [0, 1]
    disk.write(str(STATUS.relative_to("/")), {"bricks": {}, "mounts": {"syd": MOUNT | {"well": True}}})
    rounds = Rounds("syd-web1", disk.here)
    said = [one for _ in range(3) for one in rounds.news()]
    assert [(one["tag"], one["part"]) for one in said] == [("well", "mount syd")]
    assert json.loads(disk.here.below(parts.ILL).read_text()) == []


def test_silence_after_a_boot_is_no_sign_of_being_well(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "certificates", lambda *_: "")
    disk.write(str(parts.ILL.relative_to("/")), ["database mel", "disk /gone"])
    rounds = Rounds("syd-db1", disk.here)
    said = [one for _ in range(4) for one in rounds.news()]
    assert [(one["tag"], one["why"]) for one in said] == [("unknown", "keeper has said nothing since the host started")]
    disk.write(str(DOCUMENT.relative_to("/")), {"shards": {"mel": facts()}})
    said = [one for _ in range(4) for one in rounds.news()]
    assert sorted((one["tag"], one["part"]) for one in said) == [("well", "database mel"), ("well", "disk /gone")]


@pytest.mark.parametrize("text", ["", "7", "{}", "\xff"])
def test_notes_that_cannot_be_read_are_none(disk: Disk, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "certificates", lambda *_: "")
    path = disk.here.below(parts.ILL)
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="latin-1")
    assert Rounds("syd-web1", disk.here).news() == []
