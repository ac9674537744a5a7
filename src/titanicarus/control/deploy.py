"""Runs on a control host: takes a pushed revision in, has it checked and compiled, and switches to it.

    deploy stage      reads a push from standard input, unpacks it beside the active release, checks and compiles it
    deploy activate   switches to a staged release: one atomic swap of a link
    deploy status     says which release is active and which are here

Each prints one JSON document. Exit codes: 0 done, 3 refused (nothing changed), 4 send the whole revision, 1 broken.
The work on a tree is done by the code *of that tree*: `stage` only brings it onto the disk and hands over, and who
asks for `activate` starts this module from the release itself. It imports little, because six hosts of a lab start it
at once on two cores.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from titanicarus.control import files, joined, layout, repository
from titanicarus.control.accepted import accept
from titanicarus.control.touched import remembered

PROTOCOL = 1
REFUSED = 3
SEND_ALL = 4
KEEP = 5
# A second or two of importing and parsing: what garbage there is goes with the process, and looking for it is a sixth.
COMPILE = "import gc, sys; gc.disable(); from titanicarus.control.compile import main; sys.exit(main(sys.argv[1:]))"
FILE_LISTS = Path("master/file_lists/roots")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="deploy", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("action", choices=["stage", "activate", "status"])
    parser.add_argument("--release", help="the release to switch to")
    parser.add_argument("--at", help="the operator's time of the switch, ISO 8601")
    parser.add_argument("--after", help="switch only if this release is the active one")
    parser.add_argument("--root", type=Path, default=Path("/"), help="the host's file system, for tests")
    options = parser.parse_args(arguments)
    deploy = layout.Deploy(layout.below(options.root, layout.DEPLOY))
    if options.action == "stage":
        return stage(deploy, options.root, sys.stdin.buffer)
    if options.action == "activate":
        return activate(deploy, options.root, options.release, options.at, options.after)
    return _answer(status(deploy))


def stage(deploy: layout.Deploy, root: Path, stream: BinaryIO) -> int:
    """Take in a push (see titanicarus.control.push for the format), then become the new tree's compiler."""
    header = json.loads(stream.readline())
    if header["protocol"] != PROTOCOL:
        return _refuse(f"this host speaks version {PROTOCOL} of the push protocol, not {header['protocol']}: run up")
    files.folder(deploy.path, 0o700)
    files.folder(deploy.releases, 0o700)
    files.folder(deploy.trust("").parent, 0o700)
    lock = _lock(deploy)
    # Whoever judges looks in any case: an earlier judge of this release may have been lost before it answered. An older
    # checkout that is pushed again, to go back to it, names no judge.
    if deploy.release(header["release"]).facts.exists() and not header.get("judge"):
        return _answer({"release": header["release"], "ready": True, "judged": False})
    started = time.monotonic()
    try:
        _receive(deploy, header, stream)
        _unpack(deploy, header["revision"])
    except repository.BaseMissing:
        return SEND_ALL
    except repository.NotServable as error:
        return _refuse(str(error))
    if not (deploy.staging.tree / "src/titanicarus/control/compile.py").is_file():
        return _refuse("src/titanicarus/control/compile.py: missing; this tree is no Titanicarus checkout")
    header["unpack_seconds"] = round(time.monotonic() - started, 3)
    os.set_inheritable(lock, True)
    arguments = ["-c", COMPILE, "--root", str(root), json.dumps(header)]
    return _become(arguments, deploy.staging.tree / "src", deploy.bytecode)


def _receive(deploy: layout.Deploy, header: dict[str, Any], stream: BinaryIO) -> None:
    """Store trust and pack. Raises BaseMissing when something is lacking that was not sent."""
    trust = stream.read(header["trust_bytes"])
    if trust:
        files.write(deploy.trust(header["trust"]), trust, 0o600)
    pack = stream.read()
    repository.ensure(deploy.repository)
    if pack:
        repository.receive(deploy.repository, pack)
    if not deploy.trust(header["trust"]).exists():
        raise repository.BaseMissing("the trust document was not sent")
    if not repository.has(deploy.repository, header["revision"]):
        raise repository.BaseMissing(f"revision {header['revision']} is not complete")


def release_name(revision: str, trust: str, window: int) -> str:
    """It says all that goes into a release: the tree, the trust and the window of the certificates."""
    return f"{revision[:12]}-{hashlib.sha256(f'{revision} {trust} {window}'.encode()).hexdigest()[:8]}"


def activate(deploy: layout.Deploy, root: Path, name: str, at: str, after: str | None = None) -> int:
    """Switch to a release: accept its minions, swap the link, forget what the file server remembers, prune. With
    `after`, only from that release."""
    release = deploy.release(name)
    if not release.facts.exists():
        return _refuse(f"release {name} is not complete on this host")
    _lock(deploy)
    active = active_facts(deploy).get("release")
    if after not in (None, active):
        return _refuse(f"{active} is served by now, and no longer {after}")
    facts = json.loads(release.facts.read_bytes())
    trust = json.loads(deploy.trust(facts["trust"]).read_bytes())
    minions = joined.in_force(trust["minions"], trust.get("since", {}), joined.read(deploy.joined))
    changed = accept({name: key for name, key in minions.items() if name in facts["hosts"]}, root)
    _remember(deploy, release, facts)
    files.write(deploy.active, json.dumps({"release": name, "at": at}), 0o600)
    files.link(deploy.current, f"releases/{name}")
    with _absent_is_fine():
        shutil.rmtree(layout.below(root, layout.SALT_CACHE) / FILE_LISTS)
    _answer({"release": name, "minions_changed": changed})
    _afterwards(lambda: _prune(deploy, name))
    return 0


def _remember(deploy: layout.Deploy, release: layout.Release, facts: dict[str, Any]) -> None:
    """A release that was here before was compiled when nobody had applied the one that it follows now. Without the
    parts of that one's pillars every host would run everything."""
    before = active_facts(deploy).get("sections", {})
    known = facts.get("sections", {})
    sections = remembered(
        before, {revision: known[revision] for revision in facts["hosts"].values() if revision in known}
    )
    if sections != known:
        files.write(release.facts, json.dumps(facts | {"sections": sections}), 0o600)


def active_facts(deploy: layout.Deploy) -> dict[str, Any]:
    """The facts of the active release; empty before the first push."""
    if not deploy.current.exists():
        return {}
    facts: dict[str, Any] = json.loads((deploy.current / "release.json").read_bytes())
    return facts


def status(deploy: layout.Deploy) -> dict[str, Any]:
    """The active release's facts under `active` (None before the first push), and the names of all releases here."""
    active = active_facts(deploy) or None
    names = sorted(path.parent.name for path in deploy.releases.glob("[!.]*/release.json"))
    return {"active": active, "releases": names}


def _unpack(deploy: layout.Deploy, revision: str) -> None:
    staging = deploy.staging
    with _absent_is_fine():
        shutil.rmtree(staging.path)
    files.folder(staging.path, 0o700)
    previous = None
    if deploy.current.exists():
        current = deploy.release(deploy.current.readlink().name)
        before = json.loads(current.facts.read_bytes())["revision"]
        if repository.has(deploy.repository, before):
            previous = (before, current.tree)
    repository.unpack(deploy.repository, revision, staging.tree, previous)


def _prune(deploy: layout.Deploy, active: str) -> None:
    """Keep the newest releases and what they need; the active one always."""
    complete = sorted(deploy.releases.glob("[!.]*/release.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    kept = {path.parent.name: json.loads(path.read_bytes()) for path in complete[:KEEP]}
    kept.setdefault(active, json.loads(deploy.release(active).facts.read_bytes()))
    for folder in deploy.releases.iterdir():
        if folder.name not in kept and folder != deploy.staging.path:
            # First what says that it is complete: this may be cut off at any point.
            layout.Release(folder).facts.unlink(missing_ok=True)
            shutil.rmtree(folder)
    for document in deploy.trust("").parent.iterdir():
        if document.stem not in {facts["trust"] for facts in kept.values()}:
            document.unlink()
    repository.keep(deploy.repository, {name: facts["revision"] for name, facts in kept.items()})


def _afterwards(work: Callable[[], None]) -> None:
    """Do `work` in a process of its own that nobody waits for. It inherits the lock, so the next push does wait."""
    sys.stdout.flush()
    if os.fork() == 0:
        os.setsid()
        os.nice(19)
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        work()
        os._exit(0)


def _become(arguments: list[str], source: Path, bytecode: Path) -> int:
    """Replace this process by Python running the code in `source`, and none in the working directory (-P). Does not
    return."""
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONPYCACHEPREFIX": str(bytecode)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-P", *arguments], environment)  # noqa: S606


def _lock(deploy: layout.Deploy) -> int:
    """One push at a time on this host; the lock goes when the process does."""
    descriptor = os.open(deploy.lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


@contextmanager
def _absent_is_fine() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        return


def _answer(document: dict[str, Any]) -> int:
    print(json.dumps(document, sort_keys=True))
    return 0


def _refuse(*reasons: str) -> int:
    print(json.dumps({"refused": list(reasons)}))
    return REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
