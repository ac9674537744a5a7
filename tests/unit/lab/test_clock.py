"""A host's wrong clock: what is written, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from titanicarus.lab import clock
from titanicarus.lab.errors import LabError

LIBRARY = "usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


class Host:
    """Remembers what was run, and has three services running."""

    def __init__(self) -> None:
        self.ran: list[Sequence[str]] = []

    def command(self, host_id: str, argv: Sequence[str]) -> list[str]:
        self.ran.append(argv)
        names = ("dbus.service", "nginx.service", "systemd-logind.service", "titanicarus-keeper.service")
        lines = "\n".join(f"{name} loaded active running words" for name in names)
        return [sys.executable, "-c", f"print({lines!r})"]

    def reachable(self, host_id: str) -> bool:
        return True


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A host's disk with the library."""
    (tmp_path / LIBRARY).parent.mkdir(parents=True)
    (tmp_path / LIBRARY).touch()
    return tmp_path


def test_a_clock_is_put_wrong_and_right(root: Path) -> None:
    host = Host()
    assert clock.skewed(root) == 0
    for seconds in (300, -300):
        assert clock.skew(host, "syd-db1", root, seconds) == ("nginx.service", "titanicarus-keeper.service")
        assert clock.skewed(root) == seconds
    assert host.ran[-1] == ["systemctl", "restart", "nginx.service", "titanicarus-keeper.service"]
    written = (root / "etc/systemd/system.conf.d/90-titanicarus-clock.conf").read_text()
    assert f"LD_PRELOAD=/{LIBRARY}" in written
    assert "FAKETIME=-300s" in written
    clock.skew(host, "syd-db1", root, 0)
    assert clock.skewed(root) == 0
    clock.skew(host, "syd-db1", root, 0)  # no harm


def test_what_is_refused(root: Path) -> None:
    host = Host()
    with pytest.raises(LabError, match="at most 86400"):
        clock.skew(host, "syd-db1", root, 90000)
    (root / LIBRARY).unlink()
    with pytest.raises(LabError, match="without libfaketime"):
        clock.skew(host, "syd-db1", root, 300)
    assert host.ran == []
