"""The guard of this control host. It decides in `titanicarus.heal`; here Salt's client is put at its disposal."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)
BEACONS = {"units": "guard", "hosts": "outlook", "parts": "ward"}
"""Who sees to the news of each beacon."""
_lock = threading.Lock()
_kept: dict[str, Any] = {}


def event(tag: str, data: Any) -> str:
    """See to an event of a beacon: what the reactor calls. Returns a sentence.

    data
        What came with the event, as JSON text: a reaction file is read as YAML, which would make something else of
        some of it.

    CLI Example:

    .. code-block:: bash

        salt-run heal.event salt/beacon/syd-web1/units/well '{}'
    """
    try:
        said = json.loads(data) if isinstance(data, str) else data
    except ValueError:
        said = None  # whatever it is, it is no report, and is told as such
    return _post(BEACONS.get(_beacon(tag), "guard")).hear(tag, said, _waited(said))


def by_hand(host: str, unit: str, dry: bool = False) -> str:
    """See to a unit because an operator says so: pauses and budgets do not count, locks and facts do.

    CLI Example:

    .. code-block:: bash

        salt-run heal.by_hand syd-web1 nginx.service dry=True
    """
    return _post("guard").by_hand(host, unit, dry=dry)


def bring_back(island: str, by_hand: bool = False, dry: bool = False) -> str:
    """See whether an island that was taken out gets its share of new users back, and do it.

    CLI Example:

    .. code-block:: bash

        salt-run heal.bring_back mel by_hand=True dry=True
    """
    return _post("returns").bring_back(island, by_hand=by_hand, dry=dry)


def copy() -> dict[str, str]:
    """Bring the other control hosts up to date with the ledgers here. Returns host to reason for those that are not.

    CLI Example:

    .. code-block:: bash

        salt-run heal.copy
    """
    return _post("guard").copy()


def _post(name: str) -> Any:
    """The guard of units, the outlook on hosts and islands that are away, the ward of parts of hosts that are ill, or
    what sees to islands' returns."""
    with _lock:
        from titanicarus.following import follow

        follow(_kept)  # an incident that is under way goes on with what it began with
        from titanicarus.control import layout
        from titanicarus.heal import facts
        from titanicarus.heal.guard import Guard
        from titanicarus.heal.ledger import FOLDER, Ledger
        from titanicarus.heal.outlook import Outlook
        from titanicarus.heal.returns import Returns
        from titanicarus.heal.ward import Ward

    root = Path(__opts__.get("titanicarus_root", "/"))
    me = __opts__["id"].removesuffix("_master")
    kind = {"guard": Guard, "outlook": Outlook, "returns": Returns, "ward": Ward}[name]
    return kind(facts.read(me, root), Ledger(me, layout.below(root, FOLDER)), _ask, root, log.warning)


def _beacon(tag: Any) -> str:
    """The beacon that an event is of, `salt/beacon/<host>/<beacon>/<kind>`; anybody may send any tag."""
    parts = tag.split("/") if isinstance(tag, str) else []
    return parts[3] if len(parts) == 5 else ""


def _ask(hosts: Sequence[str], function: str, arguments: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    import salt.client
    from salt.exceptions import SaltException

    from titanicarus.heal.answers import from_salt

    try:
        with salt.client.get_local_client(__opts__["conf_file"]) as client:
            answers = client.cmd(
                list(hosts),
                function,
                kwarg=dict(arguments),
                timeout=seconds,
                gather_job_timeout=5,
                tgt_type="list",
                full_return=True,
            )
    except SaltException as error:
        log.warning("%s could not be asked of %s: %s", function, ", ".join(hosts), error)
        return {}
    return dict(from_salt(answers))


def _waited(data: Any) -> float:
    """Seconds since the master had the event; the stamp is the master's own."""
    try:
        came = datetime.fromisoformat(data["_stamp"]).replace(tzinfo=UTC)
    except (KeyError, TypeError, ValueError):
        return 0.0
    return max(0.0, (datetime.now(UTC) - came).total_seconds())
