"""What a host sees of its parts that no unit tells of: copies of databases, bricks, mounts, disks, certificates.

Who looks after a part is asked by what it wrote down; nothing is started and nothing is waited for.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from titanicarus.control import files, layout
from titanicarus.heal.ailment import restored, said_ill, step
from titanicarus.heal.here import Here, up
from titanicarus.keeper.at_hand import DOCUMENT
from titanicarus.keeper.wishes import FILE as WISHES
from titanicarus.keeper.wishes import read_wishes
from titanicarus.keys import here as keys
from titanicarus.shards.view import told
from titanicarus.volumes import words
from titanicarus.volumes.facts import STATUS

Parts = dict[str, str]
"""Each part, and what is wrong with it; "" for nothing."""

ILL = Path("/var/lib/titanicarus/heal/ill.json")
MOUNTS = Path("/proc/self/mounts")
DISKS = frozenset({"btrfs", "ext2", "ext3", "ext4", "f2fs", "xfs"})
LEAST_BYTES, LEAST_SHARE, MOST_BYTES = 128 << 20, 0.05, 4 << 30
"""Free space of a disk is little when it is less than the share of it, but at least and at most so much."""
SHARE_LEFT = 0.125
"""Certificates renew themselves with a third of their lives left (docs/control.md); with so little left something keeps
them from it."""
CERTIFICATE_SECONDS = 900.0
"""A load balancer may have a thousand of them; they are looked at so often."""
CERTIFICATES = "certificates"


class Look:
    """One host's looks. `host` is its id."""

    def __init__(self, host: str, here: Here) -> None:
        self._host, self._here = host, here
        self._certificates, self._looked = "", float("-inf")

    def look(self) -> Parts:
        """All parts. Raises OSError and ValueError when what somebody wrote down cannot be read."""
        found = dict(self._databases())
        found |= dict(self._files())
        mounts = self._here.below(MOUNTS)
        found |= dict(disks(mounts.read_text(encoding="utf-8").splitlines() if mounts.exists() else ()))
        if not self._here.below(layout.APPLIED).exists():
            # Not in service yet, or in the middle of a run of states: what is missing may still come.
            self._certificates, self._looked = "", float("-inf")
        elif self._certificates or up() - self._looked >= CERTIFICATE_SECONDS:
            self._certificates, self._looked = certificates(self._host, self._here.root, time.time()), up()
        return {**found, CERTIFICATES: self._certificates}

    def _databases(self) -> Iterator[tuple[str, str]]:
        path = self._here.below(DOCUMENT)
        if not path.exists():
            return
        document = json.loads(path.read_text(encoding="utf-8"))
        answer = {"document": document, "age": max(0.0, time.time() - path.stat().st_mtime)}
        wishes = read_wishes(self._here.below(WISHES))
        for shard in sorted(document.get("shards", {})):
            wish = wishes.get(shard)
            ill = told(self._host, self._host.partition("-")[0], shard, answer).ill()
            yield f"database {shard}", "" if wish and (wish.paused or wish.drained) else ill

    def _files(self) -> Iterator[tuple[str, str]]:
        path = self._here.below(STATUS)
        if not path.exists():
            return
        document = json.loads(path.read_text(encoding="utf-8"))
        silent = time.time() - path.stat().st_mtime
        stale = f"titanicarus-files has said nothing for {silent:.0f} s" if silent > words.STALE_SECONDS else ""
        for kind, judge in (("brick", words.brick), ("mount", words.mount)):
            for name, facts in sorted(document[f"{kind}s"].items()):
                well, why = judge(facts)
                # Who is away is told of by whoever looks at hosts.
                yield f"{kind} {name}", stale or ("" if well or words.serves(why) else why)


def disks(mounts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Of the lines of /proc/self/mounts; a disk that is mounted several times by its shortest path."""
    places: dict[int, str] = {}
    for line in mounts:
        _, place, kind, options, *_ = line.split()
        if kind in DISKS and "ro" not in options.split(","):
            try:
                device = os.stat(place).st_dev  # noqa: PTH116 - a path that a line of the kernel names
            except OSError:
                continue  # it was unmounted since
            places[device] = min(places.get(device, place), place, key=len)
    for place in sorted(places.values()):
        sizes = os.statvfs(place)
        free, size = sizes.f_bavail * sizes.f_frsize, sizes.f_blocks * sizes.f_frsize
        yield f"disk {place}", room(free, size)


def room(free: int, size: int) -> str:
    """What is wrong with a disk that has so many bytes free."""
    least = min(max(LEAST_BYTES, size * LEAST_SHARE), MOST_BYTES)
    return f"has {free >> 20} MiB free of {size >> 20}" if free < least else ""


def certificates(host: str, root: Path, now: float) -> str:
    """The first thing that is wrong with the host's certificates, and how many more there are."""
    found, wrong = keys.look(host, root)
    late = [one for one in found if one.ends - now < SHARE_LEFT * (one.ends - one.began)]
    wrong += [f"{one.kind} {one.name} ends in {(one.ends - now) / 86400:.1f} days and was not renewed" for one in late]
    return wrong[0] + (f"; and {len(wrong) - 1} more" if len(wrong) > 1 else "") if wrong else ""


class Rounds:
    """The looks of the beacon. What was said to be ill is kept in a file: a minion that is started when it is well
    again says so."""

    def __init__(self, host: str, here: Here) -> None:
        self._look, self._here = Look(host, here), here
        self._kept = here.below(ILL)
        self._written = _read(self._kept)
        self._outcome = restored(self._written, up())

    def news(self) -> list[dict[str, Any]]:
        """The events of one look. A host that is booting says nothing yet."""
        try:
            if self._here.booting(self._here.invocations()):
                return []
            found, why = self._look.look(), self._silent()
            parts = None if why else found
        except (OSError, ValueError, KeyError, TypeError) as error:
            parts, why = None, f"{type(error).__name__}: {error}"
        self._outcome, said = step(self._outcome, parts, up(), why)
        ill = said_ill(self._outcome)
        if ill != self._written:
            with suppress(OSError):  # a full disk keeps nothing from being told, and the next look tries again
                files.write(self._kept, json.dumps(ill), durable=False)
                self._written = ill
        return said

    def _silent(self) -> str:
        """Who says nothing of a part that was ill, as after a boot; "" for nobody. That is no sign of being well."""
        kinds = {part.partition(" ")[0] for part in self._written}
        for who, document, of in (
            ("keeper", DOCUMENT, {"database"}),
            ("titanicarus-files", STATUS, {"brick", "mount"}),
        ):
            if kinds & of and not self._here.below(document).exists():
                return f"{who} has said nothing since the host started"
        return ""


def _read(path: Path) -> list[str]:
    """Of a file that is not there or cannot be read, nothing."""
    try:
        return [str(part) for part in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []
