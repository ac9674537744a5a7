"""A copy of a shard from another host's copies service, unpacked as it comes."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from titanicarus.keeper.tls import Identity, NoIdentity
from titanicarus.mariadb.carried import Carrier
from titanicarus.mariadb.copies import PORT, SILENT_SECONDS
from titanicarus.mariadb.errors import ServerError
from titanicarus.mariadb.version import Version, installed, read

_CHUNK = 1 << 18
_CONNECT_SECONDS = 5.0
SPARE_BYTES = 128 << 20
"""What must stay free besides the copy: binary logs, redo log and temporary tables of the instances here."""


class NoCopy(ServerError):
    """The other host gave no copy; nothing here was changed."""


@dataclass(frozen=True, slots=True)
class Copied:
    """`history` is the source's last commit of each host when the copy began; `bytes` went over the network."""

    history: str
    bytes: int


def fetch(source: Carrier, shard: str, target: Path, identity: Identity, port: int = PORT) -> Copied:
    """Fill the empty folder `target` with a copy that has not been prepared yet. Raises NoCopy."""
    mine = installed()
    with _asking(source, identity, port) as connection:
        connection.request("GET", f"/copy/{quote(shard)}?series={mine.series}")
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise NoCopy(f"{source.id} gives no copy of {shard}: {answer.read(2000).decode(errors='replace').strip()}")
        check_version(source.id, read(f"{answer.headers['X-MariaDB']}-MariaDB"), mine)
        check_space(target, int(answer.headers["X-Size"]))
        return Copied(str(answer.headers["X-History"]), _unpack(answer, target, source.id))


def check_version(source: str, theirs: Version, mine: Version) -> None:
    """Raises NoCopy when a copy of theirs cannot be used here."""
    if theirs.series != mine.series or theirs > mine:
        raise NoCopy(
            f"{source} has MariaDB {theirs} and this host has {mine}: a copy can be used by the same series only, and"
            " not by an older release of it; install the same one here (apt-get install mariadb-server)"
        )


def check_space(target: Path, size: int) -> None:
    """Raises NoCopy when the file system has no room for a second copy besides the one that is there."""
    space = os.statvfs(target)
    free = space.f_bavail * space.f_frsize
    need = size + SPARE_BYTES
    if free < need:
        raise NoCopy(
            f"{target.parent} has {free >> 20} MiB free, and a copy beside the old one needs {need >> 20} MiB: make"
            " room, or remove the old copy by hand (docs/databases.md)"
        )


@contextmanager
def _asking(source: Carrier, identity: Identity, port: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(source.address, port, timeout=SILENT_SECONDS)
    try:
        plain = socket.create_connection((source.address, port), timeout=_CONNECT_SECONDS)
        plain.settimeout(SILENT_SECONDS)
        connection.sock = identity.client().wrap_socket(plain, server_hostname=source.id)
        yield connection
    except ssl.SSLCertVerificationError as error:
        raise NoCopy(
            f"the certificate of {source.id} is not good: {error.verify_message}; state.apply there renews it"
        ) from error
    except ssl.SSLError as error:
        raise NoCopy(
            f"{source.id} does not take this host's certificate ({error.reason or error}): is it expired? state.apply"
            " here renews it"
        ) from error
    except NoIdentity as error:
        raise NoCopy(str(error)) from error
    except http.client.IncompleteRead as error:
        raise NoCopy(
            f"the copy from {source.id} ended too early: `journalctl -u titanicarus-copies` there says why"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise NoCopy(f"the copy from {source.id} broke off, or never began: {type(error).__name__} {error}") from error
    finally:
        connection.close()


def _unpack(answer: http.client.HTTPResponse, target: Path, source: str) -> int:
    """Raises NoCopy when the unpacking fails, and IncompleteRead when the source did not end well."""
    total = 0
    with subprocess.Popen(
        ["mbstream", "--extract", "--directory", str(target)], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as unpacker:
        assert unpacker.stdin is not None and unpacker.stderr is not None
        try:
            while data := answer.read1(_CHUNK):
                unpacker.stdin.write(data)
                total += len(data)
            unpacker.stdin.close()
        except BrokenPipeError:
            answer.close()  # it says why when it has ended
        except BaseException:
            unpacker.kill()
            raise
        words = unpacker.stderr.read().decode(errors="replace").strip()
        if unpacker.wait() != 0:
            raise NoCopy(f"the copy from {source} cannot be unpacked: {words}")
    return total
