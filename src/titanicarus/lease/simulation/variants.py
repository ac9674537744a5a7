"""The protocol with one rule removed, or two where each alone forbids the same. The judge must catch every one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any

from titanicarus.lease.messages import Database
from titanicarus.lease.protocol import Lease
from titanicarus.lease.record import Position, Record, Stage
from titanicarus.lease.simulation.judge import Violation
from titanicarus.lease.simulation.scenarios import SCENARIOS, run


@dataclass(frozen=True, slots=True)
class Variant:
    """`instead` gives the methods of `Lease` that are replaced; `caught_by` the scenarios in which it must show."""

    rule: str
    caught_by: tuple[str, ...]
    instead: dict[str, Callable[..., Any]] = field(default_factory=dict)
    arming: bool = True

    def __str__(self) -> str:
        return self.rule

    def lease(self) -> type[Lease]:
        return type("Variant", (Lease,), dict(self.instead))


def first_caught(variant: Variant, seeds: range) -> tuple[str, int, Violation] | None:
    """The first scenario and seed that catch a variant, and how; None when none does."""
    lease = variant.lease()
    for seed in seeds:
        for name in variant.caught_by:
            try:
                run(SCENARIOS[name], seed, lease, variant.arming)
            except Violation as violation:
                return name, seed, violation
    return None


def _by_count(_lease: Lease, record: Record, position: Position) -> int:
    return max(0, record.position - position.commits)


def _shuts_only(lease: Lease) -> None:
    lease.gate_until = -inf


def _ignores_start(lease: Lease, record: Record, _database: Database) -> bool:
    return record.standby == lease.me


def _forgets_at_once(lease: Lease) -> int | None:
    return lease.known.epoch - 1 if lease.known and lease.known.owner != lease.me else None


def _forgets_for_any_opener(lease: Lease) -> int | None:
    opened = lease.known is not None and lease.known.stage is Stage.OPEN
    return _forgets_at_once(lease) if opened else None


def _counts_from_reply(lease: Lease, sent: float) -> None:
    super(lease.__class__, lease)._confirm(max(sent, lease.heard_at))


VARIANTS = (
    Variant(
        "1: validity counts from before the request was sent",
        ("owner_stopped_with_a_reply_on_its_way",),
        {"_confirm": _counts_from_reply},
    ),
    Variant(
        "2: the nonce stood still for L + m",
        ("owner_frozen_with_standby",),
        {"_stood_still": lambda lease, now: now - lease.still_since >= 3, "_turn": lambda *_: 3.0},
    ),
    Variant("2: only who is eligible takes", ("pruned_host_comes_back",), {"_is_eligible": lambda *_: True}),
    Variant("2: every change of owner raises the epoch", ("keeper_restarts_after_it_won",), {
        "_next_epoch": lambda _lease, record: record.epoch,
    }),
    Variant("2: the data-loss rule: max_lag", ("replicas_far_behind",), {"_within": lambda *_: (True, "")}),
    Variant("2: the data-loss rule: a beginning of the history", ("old_owner_diverged",), {"_behind": _by_count}),
    Variant("3: every other host that could take promises", ("one_does_not_promise",), {
        "_all_promised": lambda _lease, granted: len(granted) > 1,
    }),
    Variant("3: a promise binds", ("witness_gone_for_the_owner",), {"_bind": lambda *_: None}),
    Variant("3 and 4: who wins while his promise runs waits; promises open nobody", ("take_in_flight",), {
        "_free_to_open": lambda *_: True, "_may_extend": lambda *_: True, "_may_ask": lambda *_: True,
    }),
    Variant("3 and 4: a keeper that starts has promised; promises open nobody", ("take_in_flight",), {
        "_promised_at_birth": lambda _lease, now: now, "_may_extend": lambda *_: True, "_may_ask": lambda *_: True,
    }),
    Variant(
        "5: promises of the union",
        ("readmitted_unheard",),
        {"_must_promise": lambda lease: frozenset(lease._record().eligible) - {lease.me}},
    ),
    Variant(
        "5: alone only by a confirmed write",
        ("naming_unheard",),
        {"_may_go_alone": lambda _lease, record: record.standby is None},
    ),
    Variant("6: pruned by the heartbeat in the witness", ("vpn_cut_then_island_dies",), {
        "_is_dead": lambda lease, now, host: now - lease._told.get(host, (None, None, lease.born))[2] > 5,
    }),
    Variant("7: the standby is a run, not a host", ("standby_restarts_empty_handed",), {"_is_standby": _ignores_start}),
    Variant("7: named once it has caught up", ("named_before_it_caught_up",), {"_may_name": lambda *_: True}),
    Variant("7: alone once the item says so", ("naming_unheard",), {"_may_go_alone": lambda *_: True}),
    Variant("10: who gives the item away is shut before", ("move_gone_wrong",), {"_give_up": _shuts_only}),
    Variant("10: a move goes by a look after the gate was shut", ("move_by_an_old_look",), {
        "_is_final": lambda *_: True,
    }),
    Variant("10: what was handed over is complete", ("standby_restarts_empty_handed",), {"_may_keep": lambda *_: True}),
    Variant("an owner that lost its data does not open", ("owner_comes_back_blank",), {
        "_has_own_epoch": lambda *_: (True, ""),
    }),
    Variant("a tail is kept until its heir has opened", ("heir_does_not_open",), {"may_forget": _forgets_at_once}),
    Variant("the heir of a tail is the run that was the standby", ("heir_started_again",), {
        "may_forget": _forgets_for_any_opener,
    }),
    Variant("epochs that were seen are remembered", ("witness_from_a_backup",), {"_accepts": lambda *_: True}),
    Variant("an item born again is not believed", ("item_born_again",), {"_accepts": lambda *_: True}),
    Variant("the gate is armed", ("stopped_in_the_act",), {}, arming=False),
)  # fmt: skip
