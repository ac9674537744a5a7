"""What the guard on a control host asks of this host: a second look, and an act. See `titanicarus.heal`."""

from __future__ import annotations

from typing import Any


def look(  # noqa: PLR0917 - Salt knows no keyword-only arguments
    unit: str, by: str, incident: str, claim: bool = True, boot: str = "", up: float = 0.0
) -> dict[str, Any]:
    """This host and one of its units now, as `titanicarus.heal.sight` describes it.

    claim
        Also claim the unit for the master ``by`` and its ``incident``, unless another master has done so.
    boot, up
        Of the report that is looked into: one that is not of this boot, or too old, claims nothing.

    CLI Example:

    .. code-block:: bash

        salt syd-web1 heal.look nginx.service by=syd-store1 incident=by-hand claim=False
    """
    from titanicarus.heal import look as looking

    asked = looking.Asked(by, incident, claim, boot, float(up))
    return looking.look(_here(), __opts__["id"], unit, asked).document()


def act(  # noqa: PLR0917 - as above
    unit: str, action: str, by: str, incident: str, revision: str = "", by_hand: bool = False
) -> dict[str, Any]:
    """Help a unit that this master has claimed by a look: ``start`` it, or ``apply`` all states of this host.

    revision
        What the master would apply; it is not done when this host has applied something else last.
    by_hand
        A person wants it: pauses and maintenance do not count.

    Returns whether it ``helped`` and ``words``. Raises CommandExecutionError, with nothing done, when it is refused.

    CLI Example:

    .. code-block:: bash

        salt syd-web1 heal.act nginx.service start by=syd-store1 incident=20261126-101500-3f2a
    """
    from salt.exceptions import CommandExecutionError

    from titanicarus.heal import act as acting
    from titanicarus.heal.case import Action
    from titanicarus.heal.holds import FLEET

    runs = {Action.START: lambda: _start(unit), Action.APPLY: lambda: _apply(unit, revision)}
    try:
        order = acting.Order(unit, Action(action), by, incident, by_hand)
        scopes = (FLEET, __pillar__["host"]["island"], __opts__["id"])
        helped, words = acting.carry_out(_here(), order, scopes, runs[order.action])
    except (acting.Refused, ValueError) as error:
        raise CommandExecutionError(f"{__opts__['id']}: {error}") from error
    return {"helped": helped, "words": words}


def settled(unit: str) -> bool:
    """Wait until the unit has been running for two seconds without a break; False when it does not come to that.

    CLI Example:

    .. code-block:: bash

        salt syd-web1 heal.settled nginx.service
    """
    from titanicarus.heal import act as acting

    return acting.settled(unit)


def may_start(unit: str) -> str | None:
    """Why the unit must not be started on this host now, as a sentence; None when it may be.

    CLI Example:

    .. code-block:: bash

        salt syd-web1 heal.may_start nginx.service
    """
    from titanicarus.heal import act as acting

    return acting.may_start(_here(), unit, list(__pillar__["healing"]["units"]))


def sees(about: str) -> dict[str, list[str]]:
    """Whom this control host looks at (``asked``), and who of them answers now (``answered``): within two seconds,
    or as soon as ``about`` has answered.

    CLI Example:

    .. code-block:: bash

        salt syd-filer1 heal.sees syd-web1
    """
    from titanicarus.heal import ping

    options = __opts__.get("beacons", {}).get("hosts", [])
    names = next((entry["look_at"] for entry in options if "look_at" in entry), {})
    return {"asked": sorted(names), "answered": sorted(ping.look(names, about))}


def parts() -> dict[str, str]:
    """What is wrong with each part of this host that no unit tells of: copies of databases, bricks, mounts, disks,
    certificates. An empty text: nothing.

    CLI Example:

    .. code-block:: bash

        salt syd-db1 heal.parts
    """
    from titanicarus.heal.parts import Look

    return Look(__opts__["id"], _here()).look()


def ready() -> list[str]:
    """What has still to come right before this host serves users again after its island was away: units that do not
    run, copies of databases that are behind, files that are not healed. Empty when it is ready.

    CLI Example:

    .. code-block:: bash

        salt 'mel-*' heal.ready
    """
    from titanicarus.heal import ready as readiness

    found = readiness.units(_here(), list(__pillar__["healing"]["units"]))
    if "db" in __pillar__["roles"]:
        found += readiness.copies(__salt__["shard.status"]())
    if __pillar__.get("files"):
        found += readiness.kept_files(_here())
    return found


def shares() -> dict[str, Any]:
    """Bring the islands' shares in Route53 up to date with what the ledgers on this control host say of islands that
    are out: see ``salt/failover/shares.sls``. Returns whether it ``helped``, ``words``, and whether Route53 is
    ``untouched``: then nothing was done.

    CLI Example:

    .. code-block:: bash

        salt syd-filer1 heal.shares
    """
    from titanicarus.gslb.apply import UNTOUCHED

    helped, words = _sls("failover.shares")
    return {"helped": helped, "words": words, "untouched": not helped and words.startswith(UNTOUCHED)}


def _start(unit: str) -> tuple[bool, str]:
    return _sls("failover.unit", {"failover": {"unit": unit}})


def _sls(name: str, pillar: dict[str, Any] | None = None) -> tuple[bool, str]:
    # Beside a run of states, if one has begun since: claims keep others away, and failover states are idempotent.
    result = __salt__["state.sls"](name, pillar=pillar, concurrent=True, queue=False)
    if not isinstance(result, dict):
        return False, "; ".join(result) if isinstance(result, list) else str(result)
    states = [state for state in result.values() if isinstance(state, dict)]
    failed = [str(state.get("comment", "")) for state in states if state.get("result") is False]
    return bool(states) and not failed, "; ".join(failed)


def _apply(unit: str, revision: str) -> tuple[bool, str]:
    before = __salt__["platform.applied"]().get("revision")
    if not revision or before != revision:
        return (
            False,
            f"this host applied {before or 'nothing'} last, and the master would apply {revision or 'nothing'}",
        )
    done = __salt__["platform.apply"](expected={__opts__["id"]: revision}, full=True)
    if done["outcome"] == "failed":
        return False, "; ".join(f"{one['id']}: {one['comment']}" for one in done["failed"][:3])
    return settled(unit), f"all states were applied and {unit} does not stay up"


def _here() -> Any:
    """This host; tests say in the minion's options where its disk is."""
    from pathlib import Path

    from titanicarus.heal.here import Here

    return Here(Path(__opts__.get("titanicarus_root", "/")))
