"""The files of sites: salt/content/<site>/ in the repository."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

CONTENT = Path("salt/content")
_ODD = frozenset("?|\\*{}<>\"'`$;")  # `?` and `|` mean something in a salt:// address, the others in configurations


class UnfitContent(Exception):
    """Something in a site's folder cannot be served: a symbolic link, a device, a name with odd characters."""


def content_files(root: Path, site: str) -> Iterator[tuple[str, Path]]:
    """Each file of a site: its name relative to the site's folder with "/", and where it is; nothing if none.

    Raises UnfitContent for what is neither a folder nor a regular file. Links are refused because the control hosts
    read these files as root, and a link can lead anywhere on them.
    """
    top = root / CONTENT / site
    if top.is_dir() and not top.is_symlink():
        yield from _walk(top, "")
    elif top.is_symlink() or top.exists():
        raise UnfitContent(f"{CONTENT / site} should be a folder")


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        name = prefix + entry.name
        if not entry.name.isprintable() or _ODD & set(entry.name) or not _encodable(entry.name):
            raise UnfitContent(f"the file name {name!a} has characters that cannot be served; rename it")
        if entry.is_symlink():
            raise UnfitContent(f"{name} is a symbolic link; put the file itself there")
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), f"{name}/")
        elif entry.is_file(follow_symlinks=False):
            yield name, Path(entry.path)
        else:
            raise UnfitContent(f"{name} is neither a file nor a folder")


def _encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def content_manifest(root: Path, site: str) -> dict[str, str]:
    """The SHA-256 (hex) of each regular file of a site, by its name relative to the site's folder, sorted.

    Empty for a site without a folder: it gets a placeholder page. Raises UnfitContent and OSError.
    """
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sorted(content_files(root, site))}
