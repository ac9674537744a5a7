"""The one diff: what has to be done so that a host carries exactly the sites that it should. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from titanicarus.sites.model import (
    FILE_MODE,
    FOLDER_MODE,
    SCRATCH_MODE,
    Observed,
    Owned,
    Seen,
    Site,
    placeholder_sha256,
)


@dataclass(frozen=True, slots=True)
class SiteWork:
    """What one site needs. Paths are relative to the site's folder.

    `write` new or other content; `fix` owner or mode; `remove` was put there by us, is wanted no more and was not
    touched since; `kept` was put there by us, is wanted no more, but somebody changed it: left alone.
    """

    site: Site
    add_user: bool = False
    unlock: bool = False
    folder: bool = False
    scratch: bool = False
    write: tuple[str, ...] = ()
    fix: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(
            self.add_user or self.unlock or self.folder or self.scratch or self.write or self.fix or self.remove
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """`retire`: folders below /srv/www of sites that are gone; `lock` their users; `conflicts`: sentences about what
    stands in the way, which no plan may paper over; `record`: what to remember once all is done."""

    work: tuple[SiteWork, ...]
    retire: tuple[str, ...]
    lock: tuple[str, ...]
    drop_scratch: tuple[str, ...]
    conflicts: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.work or self.retire or self.lock or self.drop_scratch)


def plan(sites: Iterable[Site], observed: Observed, reader_gid: int) -> Plan:
    """Compare. `reader_gid` is the group that nginx runs as.

    Invariant: applying the plan and planning again gives an empty plan.
    """
    sites = tuple(sites)
    names = {site.name for site in sites}
    users = {site.user for site in sites}
    gone = {user for site, user in observed.users.items() if site not in names and user not in users}
    return Plan(
        work=tuple(work for site in sites if (work := _work(site, observed, reader_gid))),
        retire=tuple(sorted(set(observed.folders) - names)),
        lock=tuple(sorted(user for user in gone if user in observed.accounts and user not in observed.locked)),
        drop_scratch=tuple(sorted(set(observed.scratch) - {site.user for site in sites if site.php})),
        conflicts=tuple(_conflicts(sites, observed)),
    )


def wanted_files(site: Site, observed: Observed) -> dict[str, str]:
    """Path to SHA-256 of what the site's folder should hold of ours.

    A site without contents gets a placeholder page, unless an index page is there that is not ours, an application
    answers for it, or its files are elsewhere.
    """
    if site.contents or site.app or site.uploads:
        return dict(site.contents)
    there = observed.files.get(site.name, {}).get(site.index)
    ours = placeholder_sha256(site)
    recorded = observed.record.get(site.name, {}).get(site.index)
    if there is None or there.sha256 in (ours, recorded):
        return {site.index: ours}
    return {}


def record_after(sites: Iterable[Site], observed: Observed) -> dict[str, dict[str, str]]:
    """What the next run has to know: which files are ours."""
    return {site.name: wanted_files(site, observed) for site in sites}


def _work(site: Site, observed: Observed, reader_gid: int) -> SiteWork:
    files = observed.files.get(site.name, {})
    wanted = wanted_files(site, observed)
    owned = Owned(site.uid, reader_gid, FILE_MODE)
    changed = [path for path, sha256 in wanted.items() if path not in files or files[path].sha256 != sha256]
    misowned = [path for path in wanted if path not in changed and files[path].owned != owned]
    remove, kept = _obsolete(observed.record.get(site.name, {}), wanted, files)
    return SiteWork(
        site=site,
        add_user=site.user not in observed.accounts,
        unlock=site.user in observed.locked,
        folder=observed.folders.get(site.name) != Owned(site.uid, reader_gid, FOLDER_MODE),
        scratch=site.php and observed.scratch.get(site.user) != Owned(site.uid, site.uid, SCRATCH_MODE),
        write=tuple(sorted(changed)),
        fix=tuple(sorted(misowned)),
        remove=tuple(remove),
        kept=tuple(kept),
    )


def _obsolete(
    record: Mapping[str, str], wanted: Mapping[str, str], files: Mapping[str, Seen]
) -> tuple[list[str], list[str]]:
    remove: list[str] = []
    kept: list[str] = []
    for path in sorted(set(record) - set(wanted)):
        seen = files.get(path)
        if seen is None:
            continue
        (remove if seen.sha256 == record[path] else kept).append(path)
    return remove, kept


def _conflicts(sites: tuple[Site, ...], observed: Observed) -> Iterable[str]:
    owner = {uid: name for name, (uid, _) in observed.accounts.items()}
    for site in sites:
        account = observed.accounts.get(site.user)
        if account is not None and account != (site.uid, site.uid):
            yield f"{site.name}: the user {site.user} exists with uid:gid {account[0]}:{account[1]}, not {site.uid}"
        elif account is None and site.uid in owner:
            yield f"{site.name}: uid {site.uid} belongs to the user {owner[site.uid]} already"


def sysusers(sites: Iterable[Site], folder: str) -> str:
    """The file for systemd-sysusers: a user with a group of its own for each site, no password, no shell."""
    lines = ["# Written by Titanicarus (web_sites.managed): one user for each site. Changes here are lost."]
    lines += [
        f'u {site.user} {site.uid} "Web site {site.name}" {folder}/{site.name} /usr/sbin/nologin' for site in sites
    ]
    return "\n".join(lines) + "\n"


def describe(plan: Plan, shown: int = 25) -> dict[str, str]:
    """Site to a short sentence, at most `shown` of them and a count of the rest."""
    texts = {work.site.name: _sentence(work) for work in plan.work}
    texts |= dict.fromkeys(plan.retire, "removed; files kept in /srv/www/.removed")
    texts |= {f"user {user}": "locked" for user in plan.lock}
    texts |= {f"scratch folder of {user}": "removed" for user in plan.drop_scratch}
    if len(texts) <= shown:
        return texts
    return dict(list(texts.items())[:shown]) | {"...": f"and {len(texts) - shown} more"}


def _sentence(work: SiteWork) -> str:
    parts = []
    if work.add_user:
        parts.append(f"user {work.site.user} ({work.site.uid}) added")
    if work.unlock:
        parts.append(f"user {work.site.user} unlocked")
    parts += [name for name, due in (("folder", work.folder), ("scratch folder", work.scratch)) if due]
    for label, paths in (("wrote", work.write), ("owner or mode of", work.fix), ("removed", work.remove)):
        if paths:
            more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
            parts.append(f"{label} {', '.join(paths[:3])}{more}")
    if work.kept:
        parts.append(f"left alone, because changed here: {', '.join(work.kept[:3])}")
    return "; ".join(parts)
