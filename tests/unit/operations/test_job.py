"""A job on one host: an answer, an error, and a minion that was just being started when the job was sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from titanicarus.operations import job
from titanicarus.operations.errors import OperationFailed

HOST = "syd-web1"


@pytest.fixture
def salt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what `salt` prints each time that it is run, `1`, `2` and so on; it ends with the file's mode."""
    script = f"cd {tmp_path}; n=$(($(cat n 2>/dev/null || echo 0) + 1)); echo $n > n; cat $n; test ! -x $n"
    monkeypatch.setattr(job, "salt_command", lambda *_, **__: ["sh", "-c", script])
    return tmp_path


class Fleet:
    def __getattr__(self, _name: str) -> Any:
        return lambda _host: self

    island = "syd"


class Declared:
    fleet = Fleet()


def call(timeout: float = 60.0) -> Any:
    return job.call(None, Declared(), HOST, "drain.stop", timeout=timeout)  # type: ignore[arg-type]


def test_a_job_that_reached_nobody_is_sent_again(salt: Path) -> None:
    (salt / "1").write_text(f'{{"{HOST}": false}}')
    (salt / "2").write_text(f'{{"{HOST}": "Minion did not return. [No response]\\nThe minions may not have all"}}')
    (salt / "2").chmod(0o755)
    (salt / "3").write_text(f'{{"{HOST}": {{"web": "is back"}}}}')
    assert call() == {"web": "is back"}


def test_an_error_is_told_and_not_tried_again(salt: Path) -> None:
    (salt / "1").write_text(f'{{"{HOST}": "stays in service: it is the last one"}}')
    (salt / "1").chmod(0o755)
    with pytest.raises(OperationFailed, match=r"syd-web1: drain\.stop: stays in service: it is the last one"):
        call()


def test_words_that_are_no_answer_are_shown(salt: Path) -> None:
    (salt / "1").write_text("Traceback: no key")
    with pytest.raises(OperationFailed, match="could not be run: Traceback: no key"):
        call()


def test_nobody_answers_until_the_time_is_over(salt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "FOUND_OUT_SECONDS", 0.4)
    monkeypatch.setattr(job, "ROOM_SECONDS", 0.5)
    for number in range(1, 1000):
        (salt / str(number)).write_text("{}")
    with pytest.raises(OperationFailed, match="the minion gave no answer"):
        call(timeout=0.1)
