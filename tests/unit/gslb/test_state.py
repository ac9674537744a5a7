"""The state gslb.applied, loaded by Salt's own loader, over the module's functions replaced by the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import salt.config
import salt.loader
from salt.exceptions import CommandExecutionError

ROOT = Path(__file__).parents[3]
PLAN = {"checksum": "0123456789ab", "steps": [{"action": "create"}], "lines": ["+ zone shop.example"], "objections": []}
NOTHING = {**PLAN, "steps": [], "lines": ["Route53 is as declared"]}


class Asked:
    """What the state asked of the module, and what it was told."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan, self.applied = plan, []
        self.shares: list[bool] = []

    def do_plan(self, only_shares: bool = False) -> dict[str, Any]:
        self.shares.append(only_shares)
        return self.plan

    def do_apply(self, checksum: str, force: bool = False, only_shares: bool = False) -> dict[str, Any]:
        self.shares.append(only_shares)
        self.applied.append((checksum, force))
        if self.plan["objections"] and not force:
            raise CommandExecutionError("Unsafe: too much")
        return self.plan


def applied(asked: Asked, *, test: bool, tmp_path: Path, **arguments: Any) -> dict[str, Any]:
    opts = salt.config.DEFAULT_MINION_OPTS.copy()
    opts |= {"test": test, "states_dirs": [str(ROOT / "_states")], "cachedir": str(tmp_path), "root_dir": str(tmp_path)}
    functions = {"gslb.plan": asked.do_plan, "gslb.apply": asked.do_apply}
    states = salt.loader.states(opts, functions, {}, None)
    return states["gslb.applied"]("world", **arguments)  # type: ignore[no-any-return]


def test_as_declared_nothing_is_done(tmp_path: Path) -> None:
    asked = Asked(NOTHING)
    assert applied(asked, test=False, tmp_path=tmp_path)["changes"] == {}
    assert asked.applied == []


def test_with_test_the_plan_is_shown_and_not_done(tmp_path: Path) -> None:
    asked = Asked(PLAN)
    ret = applied(asked, test=True, tmp_path=tmp_path)
    assert ret["result"] is None
    assert ret["changes"]["steps"] == ["+ zone shop.example"]
    assert asked.applied == []


@pytest.mark.parametrize(("force", "result"), [(False, False), (True, True)])
def test_exactly_the_plan_is_done_and_objections_need_force(tmp_path: Path, force: bool, result: bool) -> None:
    asked = Asked({**PLAN, "objections": ["too much"]})
    assert applied(asked, test=False, tmp_path=tmp_path, force=force)["result"] is result
    assert asked.applied == [("0123456789ab", force)]


def test_only_shares_are_asked_for_where_nothing_else_is_wanted(tmp_path: Path) -> None:
    asked = Asked(PLAN)
    applied(asked, test=False, tmp_path=tmp_path, only_shares=True)
    assert asked.shares == [True, True]
    applied(asked, test=False, tmp_path=tmp_path)
    assert asked.shares[2:] == [False, False]
