"""New certificates and a new configuration for a server that runs, without a connection being lost.

    python -m titanicarus.directory.reload

slapd reads its file once. But it can be told everything that changes in a fleet's life through `cn=config`: so the new
file is put into that form by slaptest, and what differs is changed. What cannot be changed so is said, and is an error.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from titanicarus.directory.ldif import Attributes, Change, Kind, parse
from titanicarus.directory.places import UNIT, USER, Places
from titanicarus.directory.server import DirectoryError, Entries, local, run
from titanicarus.directory.start import show_certificate

TOP = "cn=config"
LIVE = frozenset({"olcAccess", "olcLimits", "olcSyncrepl", "olcDbIndex", "olcIdleTimeout", "olcTLSVerifyClient"})
CERTIFICATE = ("olcTLSCertificateFile", "olcTLSCertificateKeyFile")
_NUMBER = re.compile(r"^\{[0-9]+\}")
_NOT_OURS = frozenset(
    {
        # What the server adds of itself, and what slaptest notes of the conversion.
        "olcConfigDir", "olcConfigFile", "olcLogLevel", "olcSaslHost", "objectClass", "olcLocalSSF", "olcServerID",
        "structuralObjectClass", "entryUUID", "creatorsName", "createTimestamp", "entryCSN", "modifiersName",
        "modifyTimestamp", "olcConfigArgs", "olcArgsFile", "olcPidFile",
    }
)  # fmt: skip


def main() -> int:
    places = Places()
    try:
        show_certificate(places)
        client = local(places)
        wanted = converted(places.slapd_conf, places.run)
        changes, stuck = compare(wanted, client.entries(TOP))
        client.carry_out(changes)
    except (OSError, ValueError, DirectoryError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if stuck:
        print(f"{', '.join(stuck)}: counts from the next start on; systemctl restart {UNIT}", file=sys.stderr)
        return 1
    return 0


def converted(config: Path, scratch: Path, user: str = USER) -> Entries:
    """A slapd.conf as slapd keeps it. Raises DirectoryError when slapd refuses it."""
    folder = Path(tempfile.mkdtemp(dir=scratch, prefix="config-"))
    try:
        shutil.chown(folder, user, user)
        done = run(["slaptest", "-f", str(config), "-F", str(folder)], user=user)
        if done.returncode != 0:
            raise DirectoryError(f"slapd refuses {config}: {done.stderr.strip()}")
        found: Entries = {}
        for path in sorted(folder.rglob("*.ldif")):
            above = path.relative_to(folder).parent.parts
            for dn, entry in parse(path.read_text()).items():
                found[",".join([dn, *reversed(above)]) if above else dn] = entry
        return found
    finally:
        shutil.rmtree(folder)


def compare(wanted: Entries, found: Entries) -> tuple[list[Change], list[str]]:
    """What to change, and the names of what cannot be changed in a server that runs. The certificate is always named
    anew, for its file may hold another one. Pure."""
    changes, stuck = [], set(wanted) ^ set(found)
    for dn in sorted(set(wanted) & set(found)):
        differing = dict(_differing(wanted[dn], found[dn]))
        stuck |= {name for name in differing if name not in LIVE}
        live: Attributes = {name: values for name, values in differing.items() if name in LIVE}
        if dn == TOP:
            live = {**live, **{name: wanted[dn][name] for name in CERTIFICATE}}
        if live:
            changes.append(Change(Kind.MODIFY, dn, "configuration", live))
    return changes, sorted(stuck)


def _differing(wanted: Attributes, found: Attributes) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in sorted({*wanted, *found} - _NOT_OURS):
        if _plain(name, wanted.get(name, ())) != _plain(name, found.get(name, ())):
            yield name, wanted.get(name, ())


def _plain(name: str, values: tuple[str, ...]) -> list[str]:
    """slaptest numbers replications only when there are several, the server always; their order means nothing."""
    return sorted(_NUMBER.sub("", value) if name == "olcSyncrepl" else value for value in values)


if __name__ == "__main__":
    sys.exit(main())
