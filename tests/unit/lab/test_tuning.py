"""Kernel limits are raised and never lowered; priorities count."""

from __future__ import annotations

from pathlib import Path

from titanicarus.lab.tuning import tune


def test_what_is_too_low_is_raised_and_told_and_the_rest_left_alone(tmp_path: Path) -> None:
    (tmp_path / "fs/inotify").mkdir(parents=True)
    instances, watches = (tmp_path / "fs/inotify" / name for name in ("max_user_instances", "max_user_watches"))
    instances.write_text("128\n")
    watches.write_text("9999999\n")
    assert tune(tmp_path) == ("fs.inotify.max_user_instances set from 128 to 8192",)
    assert (instances.read_text(), watches.read_text()) == ("8192", "9999999\n")
    assert tune(tmp_path) == ()


def test_priorities_count_between_services(tmp_path: Path) -> None:
    switch = tmp_path / "kernel/sched_autogroup_enabled"
    switch.parent.mkdir()
    switch.write_text("1\n")
    assert tune(tmp_path) == ("kernel.sched_autogroup_enabled set from 1 to 0",)
    assert switch.read_text() == "0"
    assert tune(tmp_path) == ()
