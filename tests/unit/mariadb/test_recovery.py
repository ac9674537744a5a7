"""When an instance may forget the end of its history: only with the note, the keeper's word, and once."""

from __future__ import annotations

from pathlib import Path

import pytest

from titanicarus.mariadb import recovery
from titanicarus.mariadb.recovery import Notes, Recovery
from titanicarus.mariadb.start import choose_recovery, forget_received


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return recovery.notes("syd", tmp_path / "state", tmp_path / "run")


def test_a_copy_that_was_never_open_starts_at_once_and_keeps_everything(notes: Notes) -> None:
    assert recovery.decide(notes) is Recovery.KEEP


def test_one_that_was_open_alone_keeps_everything(notes: Notes) -> None:
    recovery.opening(notes, 4, waits=True)
    recovery.waiting(notes, False)
    recovery.say_cut("syd", 4, notes)
    assert recovery.decide(notes) is Recovery.KEEP


def test_one_whose_commits_waited_asks_the_keeper(notes: Notes) -> None:
    recovery.opening(notes, 4, waits=False)
    recovery.waiting(notes, True)
    assert recovery.decide(notes) is None
    recovery.say_cut("syd", 4, notes)
    assert recovery.decide(notes) is Recovery.CUT


def test_a_word_about_another_epoch_does_not_count(notes: Notes) -> None:
    recovery.opening(notes, 4, waits=True)
    recovery.say_cut("syd", 3, notes)
    assert recovery.decide(notes) is Recovery.KEEP


def test_opening_again_takes_the_word_back(notes: Notes) -> None:
    recovery.opening(notes, 4, waits=True)
    recovery.say_cut("syd", 4, notes)
    recovery.opening(notes, 6, waits=True)
    assert recovery.decide(notes) is None


def test_a_refused_cut_is_not_tried_again(notes: Notes) -> None:
    recovery.opening(notes, 4, waits=True)
    recovery.say_cut("syd", 4, notes)
    recovery.try_cut(notes)
    assert recovery.decide(notes) is Recovery.KEEP


def test_a_replica_has_no_notes(notes: Notes) -> None:
    recovery.opening(notes, 4, waits=True)
    recovery.following(notes)
    assert recovery.decide(notes) is Recovery.KEEP
    recovery.waiting(notes, True)
    assert recovery.decide(notes) is Recovery.KEEP


def test_a_damaged_note_cuts_nothing(notes: Notes) -> None:
    recovery.opening(notes, 4, waits=True)
    notes.opened.write_text('{"epoch": 4')
    assert recovery.decide(notes) is Recovery.KEEP


def test_silence_of_the_keeper_is_waited_for_and_then_everything_is_kept(notes: Notes) -> None:
    recovery.opening(notes, 4, waits=True)
    assert choose_recovery(notes, wait=0.05) is Recovery.KEEP


def test_a_start_forgets_what_was_received_and_nothing_else(tmp_path: Path) -> None:
    """A power cut leaves these empty or half written, and mariadbd follows nobody beside a note that it cannot read."""
    received = {"master.info", "relay-log.info", "multi-master.info", "relay.index", "relay.000001", "relay.000002"}
    own = {"binlog.000001", "binlog.index", "ibdata1", "relays", "master.information"}
    for name in received | own:
        (tmp_path / name).write_text("")
    forget_received(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == own
    forget_received(tmp_path)
