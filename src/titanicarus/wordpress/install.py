"""Filling the empty database of a new site: once, by whichever web server comes first."""

from __future__ import annotations

import hashlib
import json
import pwd
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from titanicarus.control import files
from titanicarus.wordpress.configuration import Blog

MARKS = Path("/var/lib/titanicarus/wordpress")
SCRIPT = "/etc/wordpress/titanicarus/install.php"
SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one try ended. `words` are the script's last ones."""

    installed: bool
    words: str


def pending(blogs: Iterable[Blog], marks: Path = MARKS) -> list[Blog]:
    """Those that this host does not know to be installed. A site that got another database is one of them."""
    return [blog for blog in blogs if not _is_marked(marks / blog.user, _place(blog))]


def install(blog: Blog, marks: Path = MARKS) -> Attempt:
    """Try it, and remember it when it is done. Run as root; the script runs as the site's user."""
    answers = {"title": blog.site, "user": blog.admin, "email": blog.email, "password": blog.password}
    attempt = _run(_argv(blog), json.dumps(answers))
    if attempt.installed:
        files.folder(marks, 0o700)
        files.write(marks / blog.user, _place(blog), 0o600)
    return attempt


def _argv(blog: Blog) -> list[str]:
    account = pwd.getpwnam(blog.user)
    become = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", "--no-new-privs"]
    return [*become, "/usr/bin/php8.4", "-d", "display_errors=stderr", SCRIPT, blog.user]


def _run(argv: Sequence[str], answers: str) -> Attempt:
    try:
        done = subprocess.run(
            argv, input=answers, capture_output=True, text=True, check=False, timeout=SECONDS, cwd="/", env={}
        )
    except subprocess.TimeoutExpired:
        return Attempt(False, f"it did not end within {SECONDS:g} s")
    lines = (done.stdout.strip() or done.stderr.strip() or f"exit code {done.returncode}").splitlines()
    words = lines[-1] if done.returncode == 0 else (done.stderr.strip().splitlines() or lines)[-1]
    return Attempt(done.returncode == 0 and words.startswith("installed"), words)


def _is_marked(mark: Path, place: str) -> bool:
    try:
        return mark.read_text() == place
    except FileNotFoundError:
        return False


def _place(blog: Blog) -> str:
    """Names the database, so that another one is not taken for it."""
    where = [str(blog.database[key]) for key in ("host", "port", "name")]
    return hashlib.sha256(json.dumps(where).encode()).hexdigest()
