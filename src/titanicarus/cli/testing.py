"""`saguire test`: which tests run, and in which order."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

TIERS = ("lint", "unit", "render", "functional", "lab")
"""The tiers of tests, each a folder of tests/, quickest first."""


def run_tests(root: Path, tiers: Sequence[str], arguments: Sequence[str], *, everything: bool) -> int:
    """Run pytest over the tiers (all of them when none is named) and return its exit code.

    With `everything`, tests marked `exhaustive` run as well: more repetitions of the faults.
    """
    command = [sys.executable, "-m", "pytest", *(str(root / "tests" / tier) for tier in tiers or TIERS)]
    if not everything:
        command += ["-m", "not exhaustive"]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([*command, *arguments], cwd=root, env=environment, check=False).returncode
