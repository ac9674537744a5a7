"""Sites as a web server sees them: the pillar's data, and the host's state as it was found."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

FOLDER_MODE = 0o2750  # new entries get the group www-data, through which nginx reads; nobody else does
FILE_MODE = 0o640
SCRATCH_MODE = 0o700
USER = re.compile("[a-z_][a-z0-9_-]*")
"""The names that a site's user may have."""


class BadSite(ValueError):
    """The pillar names something that must not become a path or a user."""


@dataclass(frozen=True, slots=True)
class Site:
    """One site that the host should serve. `contents`: path relative to the site's folder, to SHA-256 in hex.

    `app`: an application answers for it, whose code lies elsewhere. `uploads`: its files are uploaded, to elsewhere.
    """

    name: str
    user: str
    uid: int
    php: bool
    root: str
    contents: Mapping[str, str] = field(default_factory=dict)
    app: str | None = None
    uploads: bool = False
    index: str = field(init=False)
    """Where the placeholder page goes. Worked out once: a run asks a dozen times, for each of a thousand sites."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", str(PurePosixPath(self.root) / "index.html"))


@dataclass(frozen=True, slots=True)
class Owned:
    """Owner and mode of a folder or file."""

    uid: int
    gid: int
    mode: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it is: `sha256` is None when the path is no regular file (a folder, a link, a socket)."""

    sha256: str | None
    owned: Owned


@dataclass(frozen=True, slots=True)
class Observed:
    """The host as it was found.

    `accounts` user to (uid, gid); `locked` users that cannot be used; `folders` below /srv/www by site name;
    `scratch` PHP's private folders by user; `files` for each wanted or recorded path of each site; `record` what the
    last run put there (site to path to SHA-256); `users` the user of each recorded site.
    """

    accounts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    locked: frozenset[str] = frozenset()
    folders: Mapping[str, Owned] = field(default_factory=dict)
    scratch: Mapping[str, Owned] = field(default_factory=dict)
    files: Mapping[str, Mapping[str, Seen]] = field(default_factory=dict)
    record: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)


def sites_from(pillar_sites: Iterable[Mapping[str, Any]]) -> tuple[Site, ...]:
    """The sites of `pillar['web']['sites']`, checked again here: what follows acts as root on these names."""
    sites = []
    for raw in pillar_sites:
        site = Site(
            raw["name"],
            raw["user"],
            int(raw["uid"]),
            bool(raw["php"]),
            raw["root"],
            dict(raw["contents"]),
            raw.get("app"),
            bool(raw.get("uploads")),
        )
        _single_name(site.name)
        if not USER.fullmatch(site.user):
            raise BadSite(f"{site.user!r} cannot be the name of a user")
        for path in (site.index, *site.contents):
            _relative(site.name, path)
        sites.append(site)
    return tuple(sites)


def placeholder_page(name: str) -> bytes:
    """The page of a site that has no contents yet."""
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{name}</title></head>\n'
        f"<body><h1>{name}</h1><p>This site has no contents yet.</p></body></html>\n"
    ).encode()


def placeholder_sha256(site: Site) -> str:
    return hashlib.sha256(placeholder_page(site.name)).hexdigest()


def _single_name(name: str) -> None:
    if not name or name.startswith((".", "-")) or "/" in name or any(ord(character) < 33 for character in name):
        raise BadSite(f"{name!r} cannot be the name of a folder")


def _relative(site: str, path: str) -> None:
    parts = path.split("/")
    if not {*parts} - {"", "."} or path.startswith("/") or ".." in parts or "\0" in path:
        raise BadSite(f"{path!r} is no path inside the folder of {site}")
