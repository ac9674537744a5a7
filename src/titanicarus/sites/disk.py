"""Sites on a real disk: looking and doing. The decisions are in `plan`."""

from __future__ import annotations

import grp
import hashlib
import json
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from titanicarus.sites import folder
from titanicarus.sites.model import FOLDER_MODE, SCRATCH_MODE, USER, Observed, Owned, Seen, Site, placeholder_page
from titanicarus.sites.plan import Plan, SiteWork, record_after, sysusers

REMOVED = ".removed"
LONG_AGO, NEVER = "1", ""
"""When an account expires, in days since 1970."""
# vipw takes a copy that is as old as the file, in whole seconds, for one that nobody changed, and drops it without a
# word; sysusers may have written the file a moment ago.
EDITOR = """set -e
sed --regexp-extended --in-place --file="$1" "$2"
before=$(stat --format=%Y /etc/shadow)
[ "$(stat --format=%Y "$2")" -gt "$before" ] || touch --date="@$((before + 1))" "$2"
"""
Fetch = Callable[[Site, str], bytes]


class CommandFailed(Exception):
    """A program that manages users failed; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are; tests use folders of their own."""

    sites: Path = Path("/srv/www")
    scratch: Path = Path("/var/lib/titanicarus/php")
    record: Path = Path("/var/lib/titanicarus/web_sites.json")
    users: Path = Path("/etc/sysusers.d/titanicarus-sites.conf")
    shadow: Path = Path("/etc/shadow")


def reader_gid() -> int:
    """The group that nginx reads with."""
    return grp.getgrnam("www-data").gr_gid


def observe(sites: Iterable[Site], places: Places) -> Observed:
    """Look at everything that the plan needs. A file whose size and times are as recorded is not read again."""
    memory = _memory(places)
    record = {name: {path: entry[0] for path, entry in files.items()} for name, files in memory["files"].items()}
    wanted = {site.name: {*site.contents, site.index} | set(record.get(site.name, ())) for site in sites}
    return Observed(
        accounts={entry.pw_name: (entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall()},
        locked=_locked(places.shadow),
        folders=_folders(places.sites),
        scratch=_folders(places.scratch),
        files={
            name: _files(places.sites / name, paths, memory["files"].get(name, {})) for name, paths in wanted.items()
        },
        record=record,
        users=memory["users"],
    )


def apply(plan: Plan, sites: tuple[Site, ...], places: Places, fetch: Fetch, gid: int) -> list[str]:
    """Do what the plan says. Returns sentences about what could not be done; the other sites are done all the same."""
    places.sites.mkdir(mode=0o711, parents=True, exist_ok=True)
    places.scratch.mkdir(mode=0o711, parents=True, exist_ok=True)
    _add_users(sites, plan, places)
    failed = []
    for work in plan.work:
        try:
            _site(work, places, fetch, gid)
        except (OSError, ValueError) as error:
            failed.append(f"{work.site.name}: {error}")
    for name in plan.retire:
        _retire(places.sites, name)
    _set_expiry(dict.fromkeys(plan.lock, LONG_AGO))
    for user in plan.drop_scratch:
        shutil.rmtree(places.scratch / user)
    return failed


def remember(sites: tuple[Site, ...], observed: Observed, places: Places) -> None:
    """Write down which files are ours, with their size and times, for the next run."""
    files = {
        name: {path: [sha256, *_stamp(f"{places.sites}/{name}/{path}")] for path, sha256 in wanted.items()}
        for name, wanted in record_after(sites, observed).items()
    }
    text = json.dumps({"files": files, "users": {site.name: site.user for site in sites}}, sort_keys=True)
    if places.record.exists() and places.record.read_text() == text:
        return
    places.record.parent.mkdir(parents=True, exist_ok=True)
    fresh = places.record.with_suffix(".new")
    fresh.write_text(text)
    fresh.chmod(0o600)  # which sites there are is nobody else's business
    fresh.replace(places.record)


def _memory(places: Places) -> dict[str, Any]:
    try:
        memory: dict[str, Any] = json.loads(places.record.read_text())
    except FileNotFoundError:
        return {"files": {}, "users": {}}
    return memory


def _folders(root: Path) -> dict[str, Owned]:
    found = {}
    if root.is_dir():
        for entry in os.scandir(root):
            if not entry.name.startswith("."):
                status = entry.stat(follow_symlinks=False)
                found[entry.name] = Owned(status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))
    return found


def _files(root: Path, paths: Iterable[str], remembered: Mapping[str, list[Any]]) -> dict[str, Seen]:
    found = {}
    below = f"{root}/"
    for path in paths:
        try:
            status = os.lstat(below + path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        owned = Owned(status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))
        if not stat.S_ISREG(status.st_mode):
            found[path] = Seen(None, owned)
        elif path in remembered and remembered[path][1:] == [status.st_size, status.st_mtime_ns, status.st_ctime_ns]:
            found[path] = Seen(remembered[path][0], owned)
        else:
            found[path] = Seen(_sha256(root / path), owned)
    return found


def _sha256(path: Path) -> str | None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _stamp(path: str) -> list[int]:
    try:
        status = os.lstat(path)
    except OSError:
        return [-1, -1, -1]  # never equal: the next run reads the file
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _locked(shadow: Path) -> frozenset[str]:
    """Users whose account has expired: that is how sites that are gone are locked."""
    fields = (line.split(":") for line in shadow.read_text().splitlines())
    return frozenset(parts[0] for parts in fields if len(parts) > 7 and parts[7] == LONG_AGO)


def _add_users(sites: tuple[Site, ...], plan: Plan, places: Places) -> None:
    """One run of systemd-sysusers for all: a thousand calls of useradd would take minutes."""
    text = sysusers(sites, str(places.sites))
    if not places.users.exists() or places.users.read_text() != text:
        places.users.parent.mkdir(parents=True, exist_ok=True)
        places.users.write_text(text)
    if any(work.add_user for work in plan.work):
        _run(["systemd-sysusers", str(places.users)])
    _set_expiry({work.site.user: NEVER for work in plan.work if work.unlock})


def _set_expiry(days: Mapping[str, str]) -> None:
    """Set the day on which accounts expire, of all users in one go: usermod takes a few tenths of a second for each.

    vipw locks and keeps the file, has an editor change a copy, and tells those who remember users. The passwords need
    no lock: sysusers gives none. Raises CommandFailed, also for a name that could mean something else to sed.
    """
    if not days:
        return
    for user in days:
        if not USER.fullmatch(user):
            raise CommandFailed(f"{user!r} is no name of a site's user: its account is left as it is")
    with tempfile.TemporaryDirectory() as scratch:
        script, editor = Path(scratch) / "expiry.sed", Path(scratch) / "editor"
        script.write_text("".join(f"s/^({user}:([^:]*:){{6}})[^:]*:/\\1{day}:/\n" for user, day in days.items()))
        editor.write_text(EDITOR)
        _run(["vipw", "--shadow", "--quiet"], {**os.environ, "VISUAL": f"sh {editor} {script}"})


def _site(work: SiteWork, places: Places, fetch: Fetch, gid: int) -> None:
    site = work.site
    home = places.sites / site.name
    owner = (site.uid, gid)
    if work.folder:
        _own_folder(home, owner, FOLDER_MODE)
    if work.scratch:
        _own_folder(places.scratch / site.user, (site.uid, site.uid), SCRATCH_MODE)
    for path in work.remove:
        folder.remove(str(home), path)
    for path in work.write:
        data = fetch(site, path) if site.contents else placeholder_page(site.name)
        folder.write(str(home), path, data, owner)
    for path in work.fix:
        folder.fix(str(home), path, owner)


def _own_folder(path: Path, owner: tuple[int, int], mode: int) -> None:
    """The parent belongs to root, so nobody else can put a link here."""
    path.mkdir(mode=0o700, exist_ok=True)
    os.chown(path, *owner, follow_symlinks=False)
    path.chmod(mode)


def _retire(root: Path, name: str) -> None:
    """Move a site's folder aside: files of a tenant are never deleted by a change of configuration."""
    aside = root / REMOVED
    aside.mkdir(mode=0o700, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    (root / name).rename(aside / f"{name}-{stamp}")


def _run(argv: list[str], environment: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300, env=environment
    )
    if done.returncode != 0:
        raise CommandFailed(f"{argv[0]} failed: {(done.stderr or done.stdout).strip()}")
