"""Apply the declared state of this host, and say in a few lines what came of it."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from salt.exceptions import CommandExecutionError

RECORD = Path("/var/lib/titanicarus/applied")
LOCK = Path("/run/titanicarus-apply.lock")
LOCK_SECONDS = 300
LISTED = 40
COMMENT_LENGTH = 600


def apply(
    expected: dict[str, str] | None = None,
    full: bool = False,
    test: bool = False,
    record: str = str(RECORD),
    only: dict[str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Bring this host to its declared state unless it is known to be there already.

    expected
        The revision of each host's declared state, as the master's release has it. A host whose record says that it
        applied this revision with success answers at once.
    full
        Run all states even so (repairs what somebody changed by hand).
    test
        Only say what would change.
    only
        For some hosts, that a few ``components`` are enough if what the host applied last is the revision ``since``.

    Returns ``outcome`` ("applied", "unchanged" or "failed"), ``changed`` (the first ids of states that changed
    something), ``changes`` (how many did), ``failed`` (state id and comment), ``states`` (their number), ``seconds``.

    CLI Example:

    .. code-block:: bash

        salt 'syd-web1' platform.apply full=True
    """
    revision = (expected or {}).get(__opts__["id"])
    path = Path(record)
    with _alone():
        started = time.monotonic()
        # Asked only now: whoever waited for a run that nobody heard the end of finds that it reached the revision.
        before = applied(record)
        if revision and not full and not test and before.get("revision") == revision:
            nothing = {"changed": [], "changes": 0, "failed": [], "states": 0, "seconds": 0.0}
            return {"outcome": "unchanged", **nothing, "revision": revision}
        if not test:
            # From here on the host is between two states until the run has ended well.
            path.unlink(missing_ok=True)
        order = (only or {}).get(__opts__["id"], {})
        partly = bool(order) and not full and not test and order["since"] == before.get("revision")
        result = __salt__["state.apply"](*([",".join(order["components"])] if partly else []), test=test, queue=True)
        summary = _summary(result)
        summary["seconds"] = round(time.monotonic() - started, 2)
        summary["revision"] = revision
        if summary["outcome"] == "failed":
            __context__["retcode"] = 2
        elif revision and not test:
            components = before["components"] if partly else _components(result)
            document = {"revision": revision, "at": int(time.time()), "seconds": summary["seconds"]}
            _write(path, document | {"components": components})
    return summary


def applied(record: str = str(RECORD)) -> dict[str, Any]:
    """What this host applied last with success: ``revision``, ``at`` (Unix time), ``seconds`` and the
    ``components`` that this host has; empty if unknown.

    CLI Example:

    .. code-block:: bash

        salt '*' platform.applied
    """
    try:
        document = json.loads(Path(record).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def standing(record: str = str(RECORD)) -> dict[str, Any]:
    """The ``revision`` that this host applied last with success ("" if unknown), and its ``clock`` (Unix time).

    CLI Example:

    .. code-block:: bash

        salt '*' platform.standing
    """
    return {"revision": applied(record).get("revision") or "", "clock": time.time()}


def _summary(result: Any) -> dict[str, Any]:
    """A run in brief. Salt gives a dictionary of states, or a list of sentences when the tree did not render."""
    if not isinstance(result, dict):
        reasons = result if isinstance(result, list) else [str(result)]
        failed = [{"id": "render", "comment": str(reason)[:COMMENT_LENGTH]} for reason in reasons]
        return {"outcome": "failed", "changed": [], "changes": 0, "failed": failed, "states": 0}
    states = {key: value for key, value in result.items() if isinstance(value, dict)}
    changed = [_name(key, state) for key, state in states.items() if state.get("changes")]
    failed = [
        {"id": _name(key, state), "comment": str(state.get("comment", ""))[:COMMENT_LENGTH]}
        for key, state in states.items()
        if state.get("result") is False
    ]
    return {
        "outcome": "failed" if failed or not states else "applied",
        "changed": changed[:LISTED],
        "changes": len(changed),
        "failed": failed,
        "states": len(states),
    }


def _components(result: dict[str, Any]) -> list[str]:
    """The components that ran, in their order."""
    states = [state for state in result.values() if "__sls__" in state]
    ordered = sorted(states, key=lambda state: state.get("__run_num__", 0))
    return list(dict.fromkeys(str(state["__sls__"]) for state in ordered))


def _name(key: str, state: dict[str, Any]) -> str:
    """`file_|-nginx_conf_|-/etc/..._|-managed` is state `nginx_conf`."""
    return str(state.get("__id__") or key.split("_|-")[1])


def _write(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(json.dumps(document))
    fresh.replace(path)


@contextmanager
def _alone() -> Iterator[None]:
    """One apply at a time: the masters of a fleet know nothing of each other's jobs."""
    deadline = time.monotonic() + LOCK_SECONDS
    with LOCK.open("w") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise CommandExecutionError(f"another apply has been running for {LOCK_SECONDS} s") from None
                time.sleep(0.2)
        yield
