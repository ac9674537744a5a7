"""The local HAProxy: one command on its socket, and flags that it reads at start and can be told while it runs.

A flag is a file with nothing in it, or with "/" while it is up: an ACL `path_beg -f FILE` of haproxy.cfg, which is true
for every path then.
"""

from __future__ import annotations

import socket
from pathlib import Path

ADMIN_SOCKET = Path("/run/haproxy/admin.sock")
ANSWER_SECONDS = 1.0


def ask(command: str, path: Path = ADMIN_SOCKET) -> str | None:
    """The answer to one command, or None when HAProxy does not answer within a second."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(str(path))
            connection.sendall(f"{command}\n".encode())
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
    except OSError:
        return None
    return b"".join(parts).decode(errors="replace")


def flag_is_up(flag: Path) -> bool:
    """What the file says."""
    return flag.is_file() and flag.read_text().strip() != ""


def set_flag(flag: Path, up: bool, path: Path = ADMIN_SOCKET) -> None:
    """Write the file and tell the running HAProxy; one that does not run reads the file when it starts. Idempotent."""
    if not flag.is_file() or flag_is_up(flag) != up:
        flag.parent.mkdir(parents=True, exist_ok=True)
        new = flag.with_name(f".{flag.name}.new")
        new.write_text("/\n" if up else "\n")
        new.chmod(0o644)
        new.replace(flag)
    shown = ask(f"show acl {flag}", path)
    if shown is None:
        return
    entries = [line.split()[-1] for line in shown.splitlines() if line.strip()]
    if up and "/" not in entries:
        ask(f"add acl {flag} /", path)
    elif not up and "/" in entries:
        ask(f"clear acl {flag}", path)
