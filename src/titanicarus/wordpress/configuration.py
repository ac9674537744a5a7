"""The configuration file of each WordPress site of a web server, from its pillar. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

APP = "wordpress"
LISTING = "titanicarus/sites.json"
"""For root alone: what the first installation of each site needs."""
_USER = re.compile(r"[a-z][a-z0-9-]{0,31}")  # what the package's wp-config.php allows in a name, and sysusers


class BadSite(ValueError):
    """The pillar's WordPress site lacks something; the message says what."""


@dataclass(frozen=True, slots=True)
class Blog:
    """One WordPress site. `user` is its Unix user and names its configuration; the first sign-in is `admin`'s.

    `uploads` is the folder for what is uploaded, "" where that is not possible.
    """

    site: str
    user: str
    url: str
    database: Mapping[str, Any] = field(repr=False)
    secret: str = field(repr=False)
    admin: str
    email: str
    password: str = field(repr=False)
    uploads: str = ""


@dataclass(frozen=True, slots=True)
class Owned:
    """A file's text, and the one group that may read it."""

    text: str = field(repr=False)
    group: str


def blogs(web: Mapping[str, Any]) -> Iterator[Blog]:
    """The WordPress sites of `pillar['web']`. Raises BadSite."""
    for site in web["sites"]:
        if site.get("app") != APP:
            continue
        name = site["name"]
        database, secrets = web["databases"].get(name), web["wordpress"].get(name)
        if database is None or secrets is None:
            raise BadSite(f"{name}: the pillar has no database or no secrets for it")
        if not _USER.fullmatch(site["user"]):
            raise BadSite(f"{name}: {site['user']!r} cannot be the name of a configuration")
        uploads = site.get("uploads") or {"here": False}
        folder = uploads["folder"] if uploads["here"] else ""
        yield Blog(name, site["user"], database=database, uploads=folder, **secrets)


def configurations(web: Mapping[str, Any]) -> dict[str, Owned]:
    """Name of the file in /etc/wordpress to what it holds and who reads it: a site's own PHP, and nobody else's."""
    found = list(blogs(web))
    files = {f"config-{blog.user}.php": Owned(_php(blog), blog.user) for blog in found}
    listing = json.dumps([asdict(blog) for blog in found], indent=1, sort_keys=True)
    return files | {LISTING: Owned(f"{listing}\n", "root")}


def _php(blog: Blog) -> str:
    keys = ("host", "port", "name", "user", "password")
    database = "".join(f"        {quoted(key)} => {quoted(str(blog.database[key]))},\n" for key in keys)
    return (
        f"<?php\n// Written by Titanicarus (salt/wordpress) for {blog.site}. Changes here are lost.\n"
        "$titanicarus_site = [\n"
        f"    'url' => {quoted(blog.url)},\n"
        f"    'secret' => {quoted(blog.secret)},\n"
        f"    'uploads' => {quoted(blog.uploads)},\n"
        f"    'database' => [\n{database}    ],\n"
        "];\n"
        "require __DIR__ . '/titanicarus/settings.php';\n"
    )


def quoted(text: str) -> str:
    """A PHP string. Raises BadSite for control characters, which no value here has."""
    if not text.isprintable():
        raise BadSite("a value has characters that cannot be written")
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
