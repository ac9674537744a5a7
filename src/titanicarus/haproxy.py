"""The local HAProxy: one command on its socket, and flags that it reads at start and can be told while it runs.

A flag is a file with nothing in it, or with "/" while it is up: an ACL `path_beg -f FILE` of haproxy.cfg, which is true
for every path then.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Sequence
from pathlib import Path

ADMIN_SOCKET = Path("/run/haproxy/admin.sock")
MASTER_SOCKET = Path("/run/haproxy-master.sock")
ANSWER_SECONDS = 1.0
_AT_ONCE = 400
"""Commands in one go: they must fit into one of HAProxy's buffers (16 kB)."""
_ESTABLISHED = "[8,"  # SC_ST_EST of HAProxy's include/haproxy/stconn-t.h
_GONE = "No such session"


def ask(command: str, path: Path = ADMIN_SOCKET) -> str | None:
    """The answer to one command, or None when HAProxy does not answer within a second."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(str(path))
            connection.sendall(f"{command}\n".encode())
            connection.shutdown(socket.SHUT_WR)  # the master does not close before its caller has
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


def show_map(file: Path, path: Path = ADMIN_SOCKET) -> dict[str, str] | None:
    """What a map holds in the running HAProxy; None when it does not answer, or has no such map."""
    shown = ask(f"show map {file}", path)
    if shown is None:
        return None
    rows = [line.split(" ", 2) for line in shown.splitlines() if line.strip()]
    return {row[1]: row[2] for row in rows} if all(len(row) == 3 and row[0].startswith("0x") for row in rows) else None


def old_workers(path: Path = MASTER_SOCKET) -> tuple[int, ...]:
    """Processes that still finish, after a reload, the sessions that they had."""
    shown = ask("show proc", path)
    part = (shown or "").partition("# old workers")[2].partition("\n#")[0]
    return tuple(int(line.split()[0]) for line in part.splitlines() if line[:1].isdigit())


def cut_sessions(servers: Sequence[str], admin: Path = ADMIN_SOCKET, master: Path = MASTER_SOCKET) -> list[str]:
    """End every session with these servers ("backend/server"), in old workers, too. Returns complaints.

    Not by `shutdown sessions server`: an old worker's backends are disabled and it refuses that, and a session that is
    just being connected is not ended by it but stays for ever, without any time-out (HAProxy 3.0.11, seen). Such a one
    is left to its connect time-out, or to the next call.
    """
    if not servers:
        return []
    found = sessions_with(servers, ask("show sess", admin) or "")
    said = [
        ask("; ".join(f"shutdown session {session}" for session in found[start : start + _AT_ONCE]), admin)
        for start in range(0, len(found), _AT_ONCE)
    ]
    for worker in old_workers(master):
        # On the master's socket each command is for one process, and a list of commands would end there.
        found = sessions_with(servers, ask(f"@!{worker} show sess", master) or "")
        said += [ask(f"@!{worker} shutdown session {session}", master) for session in found]
    complaints = [" ".join(words.split()) for words in said if words and words.strip()]
    return [words for words in complaints if not words.startswith(_GONE)]


def sessions_with(servers: Collection[str], listed: str) -> list[str]:
    """The sessions of `show sess` that have a connection to one of these servers ("backend/server")."""
    found = []
    for line in listed.splitlines():
        session, _, rest = line.partition(":")
        facts = dict(word.split("=", 1) for word in rest.split() if "=" in word)
        connected = facts.get("scb", "").startswith(_ESTABLISHED)
        if session.startswith("0x") and connected and f"{facts.get('be')}/{facts.get('srv')}" in servers:
            found.append(session)
    return found
