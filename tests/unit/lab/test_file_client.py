"""The client that writes files, run here as it runs on a web server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from titanicarus.drill.files import _READER, written
from titanicarus.lab import LabError
from titanicarus.lab.probe import FILE_CLIENT, Probe
from titanicarus.lab.probe_figures import ProbeResult, Target


def run(folder: Path, seconds: float = 5.0) -> ProbeResult:
    target = Target("files", f"file://{folder}")
    # As on a host, but for `nice`, which needs rights that tests may not have.
    probe = Probe(lambda argv: [sys.executable, *argv[4:]], [target], rate=100.0, deadline=1.0, client=FILE_CLIENT)
    with probe:
        if seconds:
            probe.wait_until_good(seconds)
        return probe.stop()


def missing(folder: Path, numbers: str) -> str:
    argv = [sys.executable, "-I", "-c", _READER, str(folder)]
    return subprocess.run(argv, input=numbers, capture_output=True, text=True, check=True).stdout.strip()


def test_what_was_written_is_there_and_is_taken_away_when_it_was_read(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    result = run(folder)
    numbers = list(written(result))
    assert numbers and numbers == sorted(int(path.name) for path in folder.iterdir())
    assert result.failures == 0
    assert missing(folder, str(numbers)) == "[]"
    assert not folder.exists()


def test_a_file_that_is_gone_or_changed_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    numbers = list(written(run(folder)))
    (folder / "0").write_text("something else")
    assert missing(folder, str([*numbers, 9999])) == "[0, 9999]"
    assert folder.exists()


def test_errors_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "0").mkdir()
    result = run(folder)
    assert result.targets[0].reasons == {"Is a directory": 1}
    assert 0 not in written(result)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(LabError, match="FileExistsError"):
        run(tmp_path / "run")
