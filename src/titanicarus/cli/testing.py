"""`saguire test`: which tests run, in which order, and which at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

TIERS = ("lint", "unit", "render", "functional", "lab")
"""The tiers of tests, each a folder of tests/, quickest first."""
PURE = frozenset({"lint", "unit"})
"""Tiers that only compute. They run beside the others that need no fleet, and give way to them: those wait for daemons
most of the time, and a machine has two cores. The lab's own tests have the machine to themselves."""
LAB = "lab"
INTERRUPTED, NOTHING_CHOSEN = 2, 5
"""Exit codes of pytest."""


def parts(tiers: Sequence[str]) -> list[list[list[str]]]:
    """The runs of pytest, each a list of tiers: one step after the other, the runs of a step at the same time.

    The last run of a step is the one whose words are shown as they come.
    """
    pure = [tier for tier in tiers if tier in PURE]
    daemons = [tier for tier in tiers if tier not in PURE and tier != LAB]
    steps = [[run for run in (pure, daemons) if run], [[LAB]] if LAB in tiers else []]
    return [step for step in steps if step]


def run_tests(root: Path, tiers: Sequence[str], arguments: Sequence[str], *, everything: bool) -> int:
    """Run pytest over the tiers (all of them when none is named) and return its exit code, the first that is not 0.

    With `everything`, tests marked `exhaustive` run as well: more repetitions of the faults.
    """
    codes: list[int] = []
    for step in parts([tier for tier in TIERS if tier in (tiers or TIERS)]):
        commands = [_command(root, run, arguments, everything=everything) for run in step]
        codes += _at_once(root, commands)
        if INTERRUPTED in codes:
            break
    # Arguments may choose tests of one run only; then the others find none, which is no failure.
    told = [code for code in codes if code != NOTHING_CHOSEN] or codes
    return next((code for code in told if code != 0), 0)


def _command(root: Path, tiers: Sequence[str], arguments: Sequence[str], *, everything: bool) -> list[str]:
    command = [sys.executable, "-m", "pytest", *(str(root / "tests" / tier) for tier in tiers)]
    return [*command, *([] if everything else ["-m", "not exhaustive"]), *arguments]


def _at_once(root: Path, commands: Sequence[Sequence[str]]) -> list[int]:
    """Run them all; the words of all but the last are shown in one piece, when the last has ended."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    *quiet, shown = commands
    with tempfile.TemporaryFile() as kept:
        beside = [
            subprocess.Popen(
                ["nice", *command], cwd=root, env=environment, stdin=subprocess.DEVNULL, stdout=kept, stderr=kept
            )
            for command in quiet
        ]
        try:
            last = subprocess.run(shown, cwd=root, env=environment, check=False).returncode
            codes = [process.wait() for process in beside]
        finally:
            for process in beside:
                process.kill()
                process.wait()
            kept.seek(0)
            sys.stdout.flush()
            sys.stdout.buffer.write(kept.read())
            sys.stdout.flush()
    return [*codes, last]
