"""What comes before the server's start: its certificate, and a copy of the directory that has been compared.

    python -m titanicarus.directory.start

A server that was away may know people who have left since. So it asks the others first, and takes the whole copy of
one that is ahead of it; only then it answers anybody. When nobody answers it goes on with what it has.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from titanicarus.directory.ldif import entries_text, parse
from titanicarus.directory.places import TLS_FILES, USER, Places, Server, Settings, read_settings
from titanicarus.directory.server import DirectoryError, Entries, remote, run
from titanicarus.directory.versions import Vector, Verdict, judge, vector


def main() -> int:
    places = Places()
    try:
        settings = read_settings(places)
        show_certificate(places)
        print(prepare(places, settings).why, flush=True)
    except (OSError, ValueError, KeyError, DirectoryError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def show_certificate(places: Places, user: str = USER) -> None:
    """Give the server a copy of the host's certificate and key that it can read: in a folder that is its own."""
    for name in TLS_FILES:
        fresh = places.run / f".{name}"
        fresh.unlink(missing_ok=True)
        shutil.copyfile(places.identity / name, fresh)
        fresh.chmod(0o400)
        shutil.chown(fresh, user, user)
        fresh.replace(places.run / name)


def prepare(places: Places, settings: Settings, user: str = USER) -> Verdict:
    """Compare the copy on the disk with the others', and take another one if it must be. The server does not run.

    Raises DirectoryError when the copy that was to be taken could not be: the start is tried again then.
    """
    if not places.database.exists() and _old(places).exists():
        _old(places).rename(places.database)  # cut off between two renames
    for folder in (places.data, places.database):
        folder.mkdir(mode=0o700, exist_ok=True)
        shutil.chown(folder, user, user)
    others = ask(settings.others, settings.suffix, places.identity)
    verdict = judge(own_version(places, settings.suffix, user), others, places.doubt.exists())
    if verdict.take is not None:
        server = next(one for one in settings.others if one.id == verdict.take)
        _take(places, remote(server, places.identity).everything(settings.suffix), settings.suffix, user)
    if verdict.take is not None or others:
        places.doubt.unlink(missing_ok=True)
    return verdict


def own_version(places: Places, suffix: str, user: str = USER) -> Vector:
    """Of the copy on the disk. Raises DirectoryError when it cannot be read."""
    if not (places.database / "data.mdb").exists():
        return {}
    argv = ["slapcat", "-f", str(places.slapd_conf), "-b", suffix, "-o", "ldif_wrap=no", "-a", f"(entryDN={suffix})"]
    done = run(argv, user=user)
    if done.returncode != 0:
        raise DirectoryError(f"the copy on this host cannot be read: {done.stderr.strip()}")
    return vector(parse(done.stdout).get(suffix, {}).get("contextCSN", ()))


def ask(servers: tuple[Server, ...], suffix: str, identity: Path) -> Mapping[str, Vector]:
    """What those have that answer, in the order that they are named in."""

    def look(server: Server) -> Vector | None:
        try:
            return vector(remote(server, identity).versions(suffix))
        except DirectoryError as error:
            print(error, flush=True)
            return None

    with ThreadPoolExecutor(max(len(servers), 1)) as pool:
        answers = zip(servers, pool.map(look, servers), strict=True)
    return {server.id: known for server, known in answers if known is not None}


def _take(places: Places, entries: Entries, suffix: str, user: str) -> None:
    """Load a copy beside the present one, then change places: a crash leaves one of the two whole. The old one is kept
    until the next time."""
    fresh, old = places.data / "fresh", _old(places)
    for folder in (fresh, old):
        if folder.exists():
            shutil.rmtree(folder)
    fresh.mkdir(mode=0o700)
    shutil.chown(fresh, user, user)
    config = places.run / "fresh.conf"
    text = places.slapd_conf.read_text()
    line = f"directory {places.database}\n"
    if text.count(line) != 1:
        raise DirectoryError(f"{places.slapd_conf} should have one line {line.strip()!r}")
    config.write_text(text.replace(line, f"directory {fresh}\n"))
    shutil.chown(config, user, user)  # the unit's umask lets nobody else read it
    parents_first = dict(sorted(entries.items(), key=lambda entry: entry[0].count(",")))
    done = run(["slapadd", "-q", "-f", str(config), "-b", suffix], entries_text(parents_first), user=user)
    config.unlink()
    if done.returncode != 0:
        raise DirectoryError(f"the copy could not be loaded: {done.stderr.strip()}")
    os.sync()
    places.database.rename(old)
    fresh.rename(places.database)


def _old(places: Places) -> Path:
    return places.data / "old"


if __name__ == "__main__":
    sys.exit(main())
