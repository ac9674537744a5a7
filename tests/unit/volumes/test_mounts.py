"""What is done about a mount, by what is seen of it: never too early, and never for ever."""

from __future__ import annotations

import errno
from dataclasses import replace

import pytest

from titanicarus.volumes.mounts import DEAD_SECONDS, HANG_SECONDS, PAUSES, Seen, Unlike, judge

GOOD = Seen(mounted=True, good_at=99.0)
NOW = 100.0


def failing(error: OSError, seconds: float) -> Seen:
    return replace(GOOD, error=error, failing_since=NOW - seconds)


def test_a_mount_that_is_written_and_read_is_well() -> None:
    verdict = judge(NOW, GOOD)
    assert (verdict.well, verdict.repair) == (True, False)


def test_one_that_was_never_tried_is_not_called_well() -> None:
    verdict = judge(NOW, Seen(mounted=True, trying_since=NOW - 1))
    assert (verdict.well, verdict.repair) == (False, False)


def test_what_is_not_mounted_is_mounted_at_once() -> None:
    assert judge(NOW, Seen(mounted=False)).repair


def test_a_filer_that_dies_ends_no_client() -> None:
    """Clients go on without it after twice the ping timeout at most."""
    for seconds in (1.0, 6.0, HANG_SECONDS - 0.1):
        verdict = judge(NOW, replace(GOOD, trying_since=NOW - seconds))
        assert not verdict.repair
    assert HANG_SECONDS > 2 * 6


def test_one_that_hangs_is_mounted_anew() -> None:
    verdict = judge(NOW, replace(GOOD, trying_since=NOW - HANG_SECONDS))
    assert (verdict.well, verdict.repair, "no answer" in verdict.why) == (False, True, True)


@pytest.mark.parametrize("number", [errno.ENOTCONN, errno.ESTALE, errno.EIO])
def test_one_that_is_dead_is_mounted_anew_after_a_moment(number: int) -> None:
    error = OSError(number, "x")
    assert not judge(NOW, failing(error, DEAD_SECONDS - 0.1)).repair
    assert judge(NOW, failing(error, DEAD_SECONDS)).repair


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES])
def test_a_new_client_would_not_help_against_a_full_disk(number: int) -> None:
    verdict = judge(NOW, failing(OSError(number, "x"), 1000.0))
    assert (verdict.well, verdict.repair) == (False, False)


def test_wrong_content_is_as_bad_as_none() -> None:
    assert judge(NOW, failing(Unlike("x"), DEAD_SECONDS)).repair


def test_repairs_that_do_not_help_become_rare_and_never_end() -> None:
    dead = replace(failing(OSError(errno.ENOTCONN, "x"), 1000.0), repaired_at=NOW)
    for repairs, pause in [*enumerate(PAUSES, 1), (100, PAUSES[-1])]:
        seen = replace(dead, repairs=repairs)
        assert not judge(NOW + pause - 0.1, seen).repair
        assert judge(NOW + pause, seen).repair


def test_reasons_are_words() -> None:
    assert judge(NOW, failing(OSError(errno.ENOTCONN, "Transport endpoint is not connected"), 0)).why == (
        "fails: no brick, or too few of them, can be reached"
    )
    assert judge(NOW, failing(OSError(errno.ENOSPC, "x"), 0)).why == "fails: the disk of a brick is full"
