"""Which island the world is sent to, in Route53. The work is in `titanicarus.gslb`.

Run it on one control host; all of them have the same pillar.
"""

from __future__ import annotations

from typing import Any


def plan(weights: dict[str, int] | None = None, only_shares: bool = False) -> dict[str, Any]:
    """What an apply would change: `checksum`, `steps`, `lines` for people, and `objections` (why it needs force).

    weights
        Shares of islands that differ from the declared ones for now, 0 to 255.
    only_shares
        Without all that does more than shift users from island to island.

    Raises CommandExecutionError when Route53 cannot be read whole.

    CLI Example:

    .. code-block:: bash

        salt syd-filer1 gslb.plan
    """
    from titanicarus.gslb.apply import prepare

    with _spoken():
        prepared = prepare(_route53(), _wanted(weights), only_shares=only_shares)
    return prepared.plan.document() | {"lines": prepared.plan.lines(), "objections": list(prepared.objections)}


def apply(
    checksum: str | None = None,
    force: bool = False,
    weights: dict[str, int] | None = None,
    only_shares: bool = False,
) -> dict[str, Any]:
    """Do exactly the plan with this checksum (none: whatever it is now). Returns it.

    force
        Also when the plan has objections.

    Raises CommandExecutionError, with nothing changed, when the plan is another one by now or has objections.

    CLI Example:

    .. code-block:: bash

        salt syd-filer1 gslb.apply 0123456789ab
    """
    from titanicarus.gslb.apply import apply as apply_plan

    with _spoken():
        done = apply_plan(_route53(), _wanted(weights), checksum, force=force, only_shares=only_shares)
    return done.document() | {"lines": done.lines()}


def status() -> dict[str, dict[str, Any]]:
    """For each island: whether Route53 finds it healthy, its weight, and the share of new users that it gets (0 to 1).

    CLI Example:

    .. code-block:: bash

        salt syd-filer1 gslb.status
    """
    from titanicarus.gslb.apply import status as look

    with _spoken():
        return look(_route53(), _wanted(None))


def _wanted(weights: dict[str, int] | None) -> Any:
    from pathlib import Path

    from titanicarus.gslb.declared import declared

    return declared(__opts__["id"], weights, Path(__opts__.get("titanicarus_root", "/")))


def _route53() -> Any:
    from titanicarus.gslb.route53 import Route53

    return Route53()


def _spoken() -> Any:
    """Errors that an operator can do something about, as Salt shows them: the sentence and no traceback."""
    from contextlib import contextmanager

    from salt.exceptions import CommandExecutionError

    from titanicarus.aws import AWSError
    from titanicarus.gslb.apply import Changed
    from titanicarus.gslb.desired import UnknownIsland
    from titanicarus.gslb.plan import NotOurs
    from titanicarus.gslb.safety import Unsafe
    from titanicarus.heal.ledger import Broken

    @contextmanager
    def speaking() -> Any:
        try:
            yield
        except (Broken, Changed, NotOurs, AWSError, UnknownIsland, Unsafe) as error:
            raise CommandExecutionError(f"{type(error).__name__}: {error}") from error

    return speaking()
