"""What a host wrote down of its files, and when that does not count."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from titanicarus.operations.files import LOOK, said


def asked(status: Path) -> str:
    return subprocess.run([*LOOK[:-1], str(status)], capture_output=True, text=True, check=True).stdout


def test_what_was_said_just_now_counts(tmp_path: Path) -> None:
    status = tmp_path / "status.json"
    status.write_text('{"host": "syd-web1", "mounts": {}, "bricks": {}}')
    assert said(asked(status)) == {"host": "syd-web1", "mounts": {}, "bricks": {}}


def test_what_was_said_long_ago_does_not(tmp_path: Path) -> None:
    status = tmp_path / "status.json"
    status.write_text("{}")
    os.utime(status, (0, status.stat().st_mtime - 60))
    assert said(asked(status)) == "titanicarus-files has said nothing for 60 s"


def test_a_host_that_has_said_nothing_yet(tmp_path: Path) -> None:
    assert said(asked(tmp_path / "status.json")) == "titanicarus-files has said nothing since the host started"


def test_half_an_answer_is_an_error() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        said("{}\n1.0\n")
