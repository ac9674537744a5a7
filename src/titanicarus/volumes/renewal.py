"""Processes that still show a certificate which has a successor. GlusterFS reads its own when a process begins, and not
again: a connection that stands goes on for ever, one that is made anew after the end of that certificate is refused.

So each is ended and begun anew in the weeks between, one host at a time: bricks while every copy is complete, mounts
while nobody has a file open in them. (A new graph in place, as by an option that is set, would have a client read its
certificate anew without a cut; under load that was seen to end clients by SIGSEGV. GlusterFS 11.1.)
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from pathlib import Path

CERTIFICATE = Path("/etc/titanicarus/pki/host.crt")
TURN_SECONDS = 180.0
"""For how long it is one host's turn."""
TURNS = 6
"""Mounts of this many hosts, mostly, are not mounted anew at the same time."""


def written(path: Path = CERTIFICATE) -> float:
    """When this host's certificate came (Unix time). Raises OSError.

    Long ago, if by its date it is still to come: the clock was set back, and everything that begins would be older.
    """
    came = path.stat().st_mtime
    return came if came <= time.time() else 0.0


def latest(path: Path = CERTIFICATE) -> float:
    """Until when (Unix time) processes may go on with the certificate before this host's: a tenth of the time that is
    left to that one is kept in reserve. Raises OSError or ValueError."""
    from cryptography import x509  # noqa: PLC0415 -- 10 MiB of each host's agent, for once in some weeks

    found = x509.load_pem_x509_certificate(path.read_bytes())
    began, ends = found.not_valid_before_utc.timestamp(), found.not_valid_after_utc.timestamp()
    # Windows overlap by a third of a life (titanicarus.pki.window_at). One that came later, for another reason than a
    # new window, has a day.
    return max(began + (ends - began) / 3 * 0.9, path.stat().st_mtime + 86_400)


def turn(host: str, hosts: Sequence[str], now: float) -> bool:
    """Whether it is this one's turn among hosts that have to take turns."""
    return int(now // TURN_SECONDS) % len(hosts) == sorted(hosts).index(host)


def mount_is_due(host: str, now: float, latest: float, *, busy: bool) -> bool:
    """Whether a client that shows an older certificate is to be ended and begun anew now: in its turn, when nobody uses
    it or it cannot be put off."""
    mine = int(now // TURN_SECONDS) % TURNS == place(host)
    return mine and (not busy or now >= latest)


def place(host: str) -> int:
    """Which of TURNS turns is a host's."""
    return zlib.crc32(host.encode()) % TURNS
