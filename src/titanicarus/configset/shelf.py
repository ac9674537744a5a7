"""Source files of configuration sets that were fetched before, by the release that they are of."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

SHELF = Path("/var/cache/titanicarus/sources")


def read(release: str, folder: str, shelf: Path = SHELF) -> dict[str, bytes] | None:
    """The files of a folder of the file server, by path relative to it; None when they were not kept."""
    place = shelf / release / _flat(folder)
    if not place.is_dir():
        return None
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}


def keep(release: str, folder: str, files: dict[str, bytes], shelf: Path = SHELF) -> None:
    """Keep the files, whole or not at all; those of other releases go."""
    shelf.mkdir(mode=0o700, parents=True, exist_ok=True)
    for other in shelf.iterdir():
        if other.name != release and not other.name.startswith("."):
            shutil.rmtree(other, ignore_errors=True)
    place = shelf / release / _flat(folder)
    place.parent.mkdir(mode=0o700, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=shelf))
    for path, data in files.items():
        (new / path).parent.mkdir(parents=True, exist_ok=True)
        (new / path).write_bytes(data)
    try:
        new.rename(place)
    except OSError:  # another run kept the same files meanwhile
        shutil.rmtree(new)


def _flat(folder: str) -> str:
    return folder.strip("/").replace("/", "%")
