"""The `titanicarus` package as hosts get it: a tar with the same bytes for the same sources, named by its digest."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path

from titanicarus.control import files, layout
from titanicarus.control.errors import ControlError

ARCHIVE = "titanicarus.tar.gz"
# Enough of a SHA-256 to name a folder; the archive itself is fetched through Salt, which checks the whole hash.
DIGEST_LENGTH = 16
KEEP = 3


@dataclass(frozen=True, slots=True)
class Library:
    """`digest` names the content; `archive` is a gzipped tar whose one top folder is `titanicarus`."""

    digest: str
    archive: bytes


def pack(source: Path) -> Library:
    """Pack the package folder `source` (src/titanicarus) without caches. Same sources, same bytes."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(source.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
                tar.addfile(_entry(source, path), io.BytesIO(path.read_bytes()))
    return Library(digest_of(raw.getvalue()), gzip.compress(raw.getvalue(), compresslevel=6, mtime=0))


def digest_of(tar: bytes) -> str:
    """The name of the library whose tar this is."""
    return hashlib.sha256(tar).hexdigest()[:DIGEST_LENGTH]


def install(library: Library, root: Path = Path("/")) -> Path:
    """Unpack below /opt/titanicarus/releases/<digest> and point `current` at it. Returns that folder.

    Idempotent. The folder appears whole; older ones are removed but for the newest few.
    """
    releases = layout.below(root, layout.LIBRARY) / "releases"
    target = releases / library.digest
    if digest_of(gzip.decompress(library.archive)) != library.digest:
        raise ControlError(f"the library's archive is not the one whose digest is {library.digest}")
    if not target.exists():
        files.folder(releases)
        scratch = releases / f".{library.digest}.new"
        shutil.rmtree(scratch, ignore_errors=True)
        _unpack(library, scratch)
        scratch.rename(target)
    files.link(releases.parent / "current", f"releases/{library.digest}")
    others = [path for path in releases.iterdir() if path != target and not path.name.startswith(".")]
    for old in sorted(others, key=lambda path: path.stat().st_mtime)[: -KEEP + 1]:
        shutil.rmtree(old)
    return target


def _unpack(library: Library, folder: Path) -> None:
    files.folder(folder)
    with tarfile.open(fileobj=io.BytesIO(library.archive), mode="r:gz") as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is None or ".." in Path(member.name).parts or member.name.startswith("/"):
                raise ControlError(f"the library's archive has an entry that does not belong there: {member.name}")
            files.write(folder / member.name, content.read(), durable=False)


def _entry(source: Path, path: Path) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(str(Path("titanicarus") / path.relative_to(source)))
    entry.size = path.stat().st_size
    entry.mode = 0o644
    return entry
