"""Render a configuration directory from the file server and the pillar. The work is in `titanicarus.configset`."""

from __future__ import annotations

import base64
import grp
import pwd
from typing import Any


def wanted(  # noqa: PLR0917 -- Salt passes by name
    source: str,
    pillar_files: dict[str, dict[str, Any]] | None = None,
    context: dict[str, Any] | None = None,
    user: str = "root",
    group: str = "root",
    mode: str = "0644",
    modes: dict[str, str] | None = None,
    secret: list[str] | None = None,
    files_from: str | None = None,
    saltenv: str = "base",
) -> dict[str, Any]:
    """What the directory should hold: relative path to `titanicarus.configset.Wanted`.

    source
        A folder of the file server, such as `salt://haproxy/files`. Files that end in `.j2` are templates.
    pillar_files
        Subfolder to `{pillar: 'lb:certificates', suffix: '.pem'}`: one file for each key of that pillar dictionary.
        With `base64: True` the values are that, of any bytes.
    modes
        Shell pattern of relative paths to octal mode; the first that fits counts, else `mode`.
    secret
        Shell patterns of files whose content must never be shown.
    files_from
        An execution function that gives further files: relative path to `text` and `group`.

    Raises ValueError for a template that cannot be rendered and CommandExecutionError for a source that is missing.

    CLI Example:

    .. code-block:: bash

        salt-call config_set.wanted salt://keepalived/files
    """
    from titanicarus.configset import Wanted, render
    from titanicarus.configset.plan import match

    rendered = render(_fetch(source, saltenv), dict(__pillar__.items()), context or {})
    for folder, rule in (pillar_files or {}).items():
        for key, text in _pillar_at(rule["pillar"]).items():
            data = base64.b64decode(text) if rule.get("base64") else text.encode()
            rendered[f"{folder}/{key}{rule.get('suffix', '')}"] = data
    groups: dict[str, str] = {}
    for path, file in (__salt__[files_from]() if files_from else {}).items():
        rendered[path], groups[path] = file["text"].encode(), file["group"]
    octal = {pattern: int(str(value), 8) for pattern, value in (modes or {}).items()}
    hidden = dict.fromkeys(secret or [], 1)
    uid = pwd.getpwnam(user).pw_uid
    gids = {name: grp.getgrnam(name).gr_gid for name in {group, *groups.values()}}
    return {
        path: Wanted(
            data,
            match(path, octal, int(str(mode), 8)),
            uid,
            gids[groups.get(path, group)],
            bool(match(path, hidden, 0)),
        )
        for path, data in rendered.items()
    }


def show(source: str, path: str, saltenv: str = "base", **kwargs: Any) -> str:
    """One rendered file as it would be written, to look at before an apply.

    CLI Example:

    .. code-block:: bash

        salt-call config_set.show salt://nginx/files sites.conf
    """
    options = {key: value for key, value in kwargs.items() if not key.startswith("__")}
    return wanted(source, saltenv=saltenv, **options)[path].data.decode()


def _pillar_at(path: str) -> dict[str, str]:
    """The pillar dictionary at `a:b`. Not by `pillar.get`: outside of templates it gives stars for every value."""
    from functools import reduce

    found: dict[str, str] = reduce(lambda level, key: level[key], path.split(":"), __pillar__)
    return found


def _fetch(source: str, saltenv: str) -> dict[str, bytes]:
    """Every file below the file server's folder, by path relative to it.

    The release's states do not change, so what was fetched once of a release is kept: each request to the file server
    costs minion and master 50 ms of processor time, and an apply of new data would make some twenty-five of them.
    """
    from titanicarus.configset import shelf

    prefix = source.removeprefix("salt://").rstrip("/") + "/"
    release = __pillar__.get("library", {}).get("modules")
    kept = shelf.read(release, prefix) if release else None
    if kept is None:
        kept = _fetch_anew(prefix, saltenv)
        if release:
            shelf.keep(release, prefix, kept)
    return kept


def _fetch_anew(prefix: str, saltenv: str) -> dict[str, bytes]:
    from salt.exceptions import CommandExecutionError

    found: dict[str, bytes] = {}
    for path in __salt__["cp.list_master"](saltenv=saltenv, prefix=prefix):
        if not path.startswith(prefix):
            continue
        cached = __salt__["cp.cache_file"](f"salt://{path}", saltenv=saltenv)
        if not cached:
            raise CommandExecutionError(f"the file server lists salt://{path} but does not give it")
        with open(cached, "rb") as stream:  # noqa: PTH123 -- the loader gives a plain string
            found[path.removeprefix(prefix)] = stream.read()
    if not found:
        raise CommandExecutionError(f"salt://{prefix} holds no file on the file server")
    return found
