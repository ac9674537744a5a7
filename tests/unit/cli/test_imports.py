"""The command runs with what `saguire` itself installs, which is less than what tests and hosts have."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import importlib, pkgutil, sys
from importlib.metadata import packages_distributions

locked = set(sys.argv[1].split(","))

class OnlyLocked:
    owners = {
        package: {name.lower().replace("_", "-") for name in names}
        for package, names in packages_distributions().items()
    }

    def find_spec(self, name, path=None, target=None):
        owner = self.owners.get(name)
        if owner and not owner & locked:
            raise ModuleNotFoundError(f"{name} is not locked for saguire")

sys.meta_path.insert(0, OnlyLocked())
for part in ("cli", "operations", "lab"):
    package = importlib.import_module(f"titanicarus.{part}")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name != "__main__":
            importlib.import_module(f"titanicarus.{part}.{module.name}")
print("imported", "pydantic" in sys.modules)
try:
    import pymysql
except ModuleNotFoundError as error:
    print(error)
"""


def test_the_command_needs_only_what_is_locked_for_it() -> None:
    lock = (ROOT / "requirements/saguire.txt").read_text()
    names = {name.lower().replace("_", "-") for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, ",".join(sorted({*names, "titanicarus"}))],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # Another library really is out of its reach here.
    assert done.stdout.splitlines() == ["imported True", "pymysql is not locked for saguire"]
