"""Runs on a control host, from the pushed tree itself: checks the staged tree, compiles every pillar, completes it.

Started by titanicarus.control.deploy with the header of the push as its argument. Prints one JSON document, either
{"release", "ready", "judged", "hosts", "seconds"} or {"refused": [reasons]}; nothing outside the staging folder changes
before that.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from titanicarus import pki
from titanicarus.control import files, identities, layout, library, repository
from titanicarus.control.code import EXTENSION_FOLDERS, MASTER_FOLDERS, code_files, master_files
from titanicarus.control.deploy import REFUSED, active_facts
from titanicarus.control.passwords import Unreadable
from titanicarus.control.pillars import Compiled, Digests, compile_all
from titanicarus.control.touched import Reads, remembered
from titanicarus.control.trust import Trust
from titanicarus.fleet import BUILT, Declaration, InvalidInput, UnfitContent, load

PACKAGE = "src/titanicarus"

Header = dict[str, Any]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="compile")
    parser.add_argument("--root", type=Path, default=Path("/"), help="the host's file system, for tests")
    parser.add_argument("header", help="the push's header, JSON")
    options = parser.parse_args(arguments)
    deploy = layout.Deploy(layout.below(options.root, layout.DEPLOY))
    started = time.monotonic()
    answer = complete(deploy, json.loads(options.header))
    answer["seconds"] = round(time.monotonic() - started, 3)
    print(json.dumps(answer))
    return REFUSED if "refused" in answer else 0


def complete(deploy: layout.Deploy, header: Header) -> dict[str, Any]:
    """Turn the staging folder into the release that the header names, or say why not."""
    release = deploy.staging
    try:
        declaration = load(release.tree)
        active = active_facts(deploy)
        digests = Digests(
            _digest(release.tree, code_files(release.tree)), _write_roots(deploy, active, header["revision"])
        )
        masters = _digest(release.tree, master_files(release.tree))
        code_is_new = active.get("code") != digests.code
        library_is_new = active.get("library") != digests.library
        masters_are_new = active.get("masters") != masters
        # Most pushes are new data, and what the active release has been asked already is not asked again. New code is
        # the same on every control host: one of them judges it for all.
        judged = header["judge"] or not (code_is_new or library_is_new or masters_are_new)
        problems = []
        if header["judge"]:
            problems += _problems_of_code(
                release.tree, states=code_is_new, library=library_is_new, masters=masters_are_new
            )
        problems += identities.problems_of(declaration, active.get("people", {}))
        if problems:
            return {"refused": problems}
        trust = Trust.from_json(deploy.trust(header["trust"]).read_bytes())
        window = pki.window_at(datetime.fromisoformat(header["now"]), declaration.policy.certificate_days)
        compiled = _write_pillars(release, compile_all(declaration, trust, window, digests, deploy.certificates))
    except InvalidInput as error:
        return {"refused": [str(problem) for problem in error.problems]}
    except Unreadable as error:
        return {"refused": list(error.problems)}
    except (UnfitContent, pki.BrokenAuthority) as error:
        return {"refused": [str(error)]}
    known: Reads = active.get("reads", {})
    if header["judge"] and code_is_new:
        problems = _problems_of_rendering(release, _one_of_each_kind(declaration))
    if not problems and (code_is_new or library_is_new):
        known, problems = _reads(release.tree)
    if problems:
        return {"refused": problems}
    hosts = {host: revision for host, revision, _ in compiled}
    facts = {
        "release": header["release"],
        "revision": header["revision"],
        "trust": header["trust"],
        "code": digests.code,
        "library": digests.library,
        "masters": masters,
        "window": window.index,
        "certificate_days": window.days,
        "hosts": hosts,
        "sections": remembered(active.get("sections", {}), {revision: parts for _, revision, parts in compiled}),
        "people": identities.remembered(declaration, active.get("people", {})),
        "reads": known,
    }
    _publish(deploy, release, facts)
    return {"release": header["release"], "ready": True, "judged": judged, "hosts": hosts}


def _problems_of_code(tree: Path, *, states: bool, library: bool, masters: bool) -> list[str]:
    if not states and not library and not masters:
        return []
    from titanicarus.control import checks  # noqa: PLC0415 -- Jinja is a fifth of what new data costs on each host

    return [
        *(checks.state_problems(tree) if states else ()),
        *(checks.library_problems(tree) if library else ()),
        *(checks.master_problems(tree) if masters else ()),
    ]


def _problems_of_rendering(release: layout.Release, hosts: list[str]) -> list[str]:
    from titanicarus.control import render  # noqa: PLC0415 -- as above

    return render.problems_of(release, hosts)


def _reads(tree: Path) -> tuple[Reads, list[str]]:
    """What each component reads, or what is wrong with the code of a tree that cannot be read."""
    from jinja2 import TemplateError  # noqa: PLC0415 -- as above

    from titanicarus.control.reads import reads  # noqa: PLC0415

    try:
        return reads(tree), []
    except (TemplateError, SyntaxError, UnicodeDecodeError):
        # Found by a host that does not judge, perhaps before the one that does.
        problems = _problems_of_code(tree, states=True, library=True, masters=True)
        if not problems:
            raise
        return {}, problems


def _digest(tree: Path, paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{content} {path.relative_to(tree)}\n".encode())
    return digest.hexdigest()[:16]


def _write_roots(deploy: layout.Deploy, active: dict[str, Any], revision: str) -> str:
    """Lay out the three file roots and what the master loads. Returns the library's digest."""
    release = deploy.staging
    files.link(release.states, "../tree/salt")
    for folders, target in ((EXTENSION_FOLDERS, release.extensions), (MASTER_FOLDERS, release.master)):
        files.folder(target)
        for folder in folders:
            _link_files(release.tree / folder, target / folder)
    archive = release.library / library.ARCHIVE
    if active and repository.same(deploy.repository, revision, active["revision"], PACKAGE):
        files.folder(release.library)
        os.link(layout.Release(deploy.current).library / library.ARCHIVE, archive)
        unchanged: str = active["library"]
        return unchanged
    packed = library.pack(release.tree / PACKAGE)
    files.write(archive, packed.archive, durable=False)
    return packed.digest


def _link_files(source: Path, target: Path) -> None:
    """The same files at a second path. Not a symbolic link: the file server refuses to leave its root."""
    for path in sorted(source.rglob("*.py")):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, copy)


def _write_pillars(release: layout.Release, compiled: Iterable[Compiled]) -> list[tuple[str, str, Mapping[str, str]]]:
    """Gives each host's id, revision and digests of sections."""
    files.folder(release.pillar, 0o700)
    written = []
    for pillar in compiled:
        files.write(release.pillar / f"{pillar.host}.json", pillar.text, 0o600, durable=False)
        written.append((pillar.host, pillar.revision, pillar.sections))
    return written


def _one_of_each_kind(declaration: Declaration) -> list[str]:
    """One host for each set of built roles: together they render every state that anybody gets."""
    kinds = {frozenset(host.roles) & BUILT: host.id for host in reversed(declaration.fleet.hosts)}
    return sorted(kinds.values())


def _publish(deploy: layout.Deploy, release: layout.Release, facts: dict[str, Any]) -> None:
    """Everything on disk, then the facts, then the name: a power cut leaves a whole release or none."""
    os.sync()
    files.write(release.facts, json.dumps(facts), 0o600)
    target = deploy.release(facts["release"]).path
    if target.exists():
        shutil.rmtree(target)
    release.path.rename(target)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
