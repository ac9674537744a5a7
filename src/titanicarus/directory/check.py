"""The timer titanicarus-directory-check: a wish that nobody carried out, and copies that differ.

    python -m titanicarus.directory.check

On the host that writes: what Salt wished for while another host was to do it. Elsewhere: with the same changes the copy
must have the same entries as that of the one who writes; if it has not, it is thrown away for another's.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from titanicarus.directory import apply, wishes
from titanicarus.directory.people import BadPerson
from titanicarus.directory.places import UNIT, Places, Settings, read_settings
from titanicarus.directory.plan import describe
from titanicarus.directory.server import Client, DirectoryError, OutOfReach, local, remote
from titanicarus.mariadb.tenants.wishes import due
from titanicarus.mariadb.tenants.writer import Standing, read_status, writer_of

SHOWN = 10


def main() -> int:
    places = Places()
    try:
        settings = read_settings(places)
        status = read_status()
        if writer_of(settings.shard, status).standing is Standing.HERE:
            return catch_up(settings, places)
        return compare(settings, places, status)
    except OutOfReach as error:
        print(error, flush=True)  # nothing is known, so nothing is done
        return 0
    except (OSError, ValueError, KeyError, DirectoryError, BadPerson, subprocess.CalledProcessError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1


def catch_up(settings: Settings, places: Places) -> int:
    """Carry out a wish that is newer than what was done."""
    client, known = local(places), wishes.kept()
    top = client.entries(settings.suffix, "description", scope="base").get(settings.suffix, {})
    if known is None or not due(known[1], wishes.done(top)):
        return 0
    ran = apply.run(client, *known, settings, places)
    for subject, words in describe(ran.plan.changes).items():
        print(f"{subject}: {words}", flush=True)
    for sentence in (*ran.plan.conflicts, *ran.behind):
        print(sentence, flush=True)
    return int(bool(ran.plan.conflicts or ran.left))


def compare(settings: Settings, places: Places, status: Mapping[str, Any] | None) -> int:
    """With the server of the one who writes. Where the copies differ this one is doubted, and started anew."""
    owner = ((status or {}).get("shards", {}).get(settings.shard) or {}).get("owner")
    writers = [server for server in settings.others if server.id == owner]
    if not writers:
        return 0
    odd = differences(local(places), remote(writers[0], places.identity), settings.suffix)
    if not odd:
        return 0
    print(f"this copy differs from that of {owner} with the same changes: {', '.join(odd[:SHOWN])}", flush=True)
    places.doubt.touch()
    subprocess.run(["systemctl", "restart", UNIT], check=True)
    return 0


def differences(own: Client, other: Client, suffix: str) -> list[str]:
    """Names of entries that two servers have otherwise, though both have the same changes, before and after the look.
    Nothing while changes are under way. Raises DirectoryError."""
    before = (sorted(own.versions(suffix)), sorted(other.versions(suffix)))
    if before[0] != before[1]:
        return []
    here, there = own.marks(suffix), other.marks(suffix)
    if (sorted(own.versions(suffix)), sorted(other.versions(suffix))) != before:
        return []
    return sorted(dn for dn in {*here, *there} if here.get(dn) != there.get(dn))


if __name__ == "__main__":
    sys.exit(main())
