"""What every job of a minion would find out anew, and finds ready instead.

A minion forks itself for each job, and a job begins by making some twenty loaders of Salt modules. For each of them
Salt lists the folders of modules twice, and reads the metadata of every Python package that is installed to see whether
one of them brings modules; and it reads the minion's private key twice, checking each time that the primes are primes.
That was half of what one more site cost on a host (docs/adr/0093-jobs-that-find-things-ready.md). Here it is found out
by the first who asks, mostly the minion itself, and its jobs inherit it. Salt 3008.3.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any

import salt.crypt
import salt.loader.lazy
import salt.utils.entrypoints
import salt.utils.optsdict

SETTLED_SECONDS = 2.0
"""A folder that changed less than this ago may change again without a sign of it: times of files are coarse."""

Lister = Callable[[salt.loader.lazy.LazyLoader], None]


def install() -> None:
    """Have this process and its jobs remember."""
    # A Python package that brings modules is seen once the minion is restarted.
    salt.utils.entrypoints.iter_entry_points = cache(salt.utils.entrypoints.iter_entry_points)
    # By the key's text: a new key is read anew.
    salt.crypt.PrivateKey.from_str = staticmethod(lru_cache(maxsize=4)(salt.crypt.PrivateKey.from_str))
    salt.loader.lazy.LazyLoader._refresh_file_mapping = listed_once(salt.loader.lazy.LazyLoader._refresh_file_mapping)
    salt.utils.optsdict.DictProxy.__getitem__ = pillar_as_it_is(salt.utils.optsdict.DictProxy.__getitem__)


def listed_once(plain: Lister) -> Lister:
    """Have loaders that look for modules in the same folders share what is there, until a folder changes."""
    found: dict[Any, tuple[tuple[Any, ...], dict[str, Any], dict[str, Any], list[str]]] = {}

    def listed(self: salt.loader.lazy.LazyLoader) -> None:
        wanted = (
            tuple(self.module_dirs),
            tuple(self.static_modules),
            frozenset(self.disabled),
            tuple(self.opts["optimization_order"]),
            self.opts.get("cython_enable"),
            self.opts.get("enable_zip_modules"),
        )
        now = _changes(self.module_dirs)
        known = found.get(wanted)
        if known is not None and known[0] == now:
            _, mapping, suffixes, order = known
            self.file_mapping, self.suffix_map, self.suffix_order = dict(mapping), dict(suffixes), list(order)
            return
        plain(self)
        latest = max((change for change in now if change is not None), default=0)
        if time.time_ns() - latest > SETTLED_SECONDS * 1e9:
            found[wanted] = (now, dict(self.file_mapping), dict(self.suffix_map), list(self.suffix_order))

    return listed


def pillar_as_it_is(plain: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Have who reads the pillar read it, and not a copy of its own, one for each of a job's loaders.

    Salt copies the whole of it on the first look at a dictionary in it, so that nobody changes somebody else's through
    that. With a thousand sites this was a tenth of a job, and nothing changes what is in a pillar; no state here has
    `reload_pillar`, which would (Salt's OptsDict.mutate_key).
    """

    def item(self: Any, key: Any) -> Any:
        if object.__getattribute__(self, "_key") == "pillar":
            return object.__getattribute__(self, "_target")[key]
        return plain(self, key)

    return item


def _changes(folders: Sequence[str]) -> tuple[int | None, ...]:
    """When each folder, and that of its bytecode, last got or lost a file (ns); None for one that is not there."""
    return tuple(_changed(path) for folder in folders for path in (folder, f"{folder}/__pycache__"))


def _changed(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 -- a hundred times a job: strings are quick
    except OSError:
        return None
