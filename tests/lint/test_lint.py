"""Every file of the project against the linter of its language."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def tracked(*patterns: str) -> list[str]:
    """Files that git knows or would add, by pattern; a tree without git is searched whole."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


LINTERS = {
    "ruff": [str(BIN / "ruff"), "check", "."],
    "ruff-format": [str(BIN / "ruff"), "format", "--check", "."],
    "mypy": [sys.executable, "-m", "mypy"],
    "salt-lint": [str(BIN / "salt-lint"), *tracked("*.sls")],
    "yamllint": [str(BIN / "yamllint"), "--strict", *tracked("*.yaml", "*.yml", "Saguirefile", "*.saguirefile")],
}


@pytest.mark.parametrize("linter", LINTERS)
def test_linter_finds_nothing(linter: str) -> None:
    done = subprocess.run(LINTERS[linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("script", ["saguire", ".ci/run"])
def test_shell_scripts_parse(script: str) -> None:
    done = subprocess.run(["sh", "-n", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_sls_is_short() -> None:
    """Past 60 lines, a state belongs in Python."""
    long = {name: count for name in tracked("*.sls") if (count := len((ROOT / name).read_text().splitlines())) > 60}
    assert not long
