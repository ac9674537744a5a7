"""Which MariaDB is installed. A copy of one series is not given to another."""

from __future__ import annotations

import re
import subprocess
from typing import NamedTuple

from titanicarus.mariadb.errors import ServerError

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)-MariaDB")


class Version(NamedTuple):
    """11.8.9, of the series 11.8."""

    major: int
    minor: int
    patch: int

    @property
    def series(self) -> str:
        return f"{self.major}.{self.minor}"

    def __str__(self) -> str:
        return f"{self.series}.{self.patch}"


def read(text: str) -> Version:
    """From what `mariadbd --version` prints. Raises ServerError."""
    found = _VERSION.search(text)
    if found is None:
        raise ServerError(f"this is no version of MariaDB: {text.strip()[:100]!r}")
    return Version(*(int(number) for number in found.groups()))


def installed() -> Version:
    """The one on this host's disk. Raises ServerError."""
    try:
        done = subprocess.run(
            ["/usr/sbin/mariadbd", "--no-defaults", "--version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ServerError(f"mariadbd does not say its version: {error}") from error
    return read(done.stdout)
