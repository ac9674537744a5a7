"""Cases for the guard's decision: what is different from the plainest case, and what has to follow.

In the plainest case nginx of syd-web1 is stopped, the host has said so a few seconds ago, and this master has looked,
claimed it, and found nothing that speaks against starting it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from titanicarus.heal.case import Action, Attempt, Case, Declared, Outcome, Spent
from titanicarus.heal.claims import Claim
from titanicarus.heal.holds import Hold
from titanicarus.heal.report import Kind, Report
from titanicarus.heal.sight import NoSight, PastAct, Sight, State

NOW = 1_800_000_000.0
BOOT, OTHER_BOOT = "0f2e7a30-1111-4222-8333-444455556666", "9f2e7a30-1111-4222-8333-444455556666"
UNITS = ("nginx.service", "php8.4-fpm.service", "titanicarus-mariadb@syd.service", "titanicarus-bases.timer")
PLAIN = Case(
    report=Report("syd-web1", Kind.STOPPED, "nginx.service", BOOT, 5000.0, 9.0, 3),
    declared=Declared("syd", UNITS, "c0de-r1"),
    now=NOW,
    spent=Spent(0, 0, 1, 27),
    sight=Sight("syd-web1", "nginx.service", BOOT, 5003.0, State.STOPPED, 0.0, True, 11.0, revision="c0de-r1"),
)

Given = Mapping[str, Any]


def case(given: Given) -> Case:
    """The plainest case with these differences: `part.field` or a whole part."""
    parts: dict[str, Any] = {name: getattr(PLAIN, name) for name in PLAIN.__dataclass_fields__}
    for key, value in given.items():
        part, _, field = key.partition(".")
        if not field:
            parts[part] = value
        elif isinstance(
            parts[part], type(getattr(PLAIN, part))
        ):  # of a look that found nothing there is nothing to say
            parts[part] = replace(parts[part], **{field: value})
    return Case(**parts)


def hold(scope: str, until: float | None = 3600.0, at: float = -600.0, by: str = "anna@desk", why: str = "") -> Hold:
    """A hold from `at` until `until`, in seconds from NOW."""
    return Hold(scope, NOW + at, None if until is None else NOW + until, by, why)


def acts(*ages: float, unit: str = "nginx.service", helped: bool | None = True) -> tuple[PastAct, ...]:
    """Acts on the host so many seconds ago."""
    return tuple(PastAct(unit, "start", age, helped) for age in ages)


def tried(*attempts: str) -> tuple[Attempt, ...]:
    """`start failed`, `apply done`, with words after a colon."""
    found = []
    for attempt in attempts:
        order, _, words = attempt.partition(": ")
        action, outcome = order.split()
        found.append(Attempt(Action(action), Outcome(outcome), words))
    return tuple(found)


OTHERS = {
    "sight.claimed": False,
    "sight.claim": Claim("nginx.service", "syd-store2", "20270115-080000-aaaa", BOOT, 5030.0),
}
FAILING: Given = {"report.kind": Kind.FAILING, "sight.restarts": 5}
UNSEEN: Given = {"sight": None}
UNKNOWN: Given = {"report.kind": Kind.UNKNOWN, "report.unit": "*", "sight": None}
DATABASE: Given = {"report.unit": "titanicarus-mariadb@syd.service", "sight.unit": "titanicarus-mariadb@syd.service"}
HAND: Given = {"by_hand": True, "report.boot": "", "report.up": 0.0, "report.seconds": 0.0, "report.looks": 2}
START, APPLY = "act 7 start", "act 7 apply"


def _holds() -> list[tuple[Given, str]]:
    every: list[tuple[Given, str]] = []
    for scope, binds in (("*", True), ("syd", True), ("syd-web1", True), ("mel", False), ("syd-web2", False)):
        verdict = "refuse 1" if binds else START
        every += [
            ({"holds": (hold(scope),)}, verdict),
            ({"holds": (hold(scope, None),)}, verdict),
            ({"holds": (hold(scope, -1.0),)}, START),
            ({"sight.holds": (hold(scope),)}, verdict),
            ({**UNSEEN, "holds": (hold(scope),)}, verdict if binds else "look 4"),
            ({**FAILING, "sight.state": State.TRYING, "holds": (hold(scope),)}, verdict if binds else APPLY),
            ({**HAND, "holds": (hold(scope),)}, START),
        ]
    every += [
        ({"holds": (hold("syd-web1", 90.0, why="new disk"),)}, "refuse 1"),
        ({"holds": (hold("syd-web1", 7199.0),)}, "refuse 1"),
        ({"holds": (hold("syd-web1", 0.5),)}, "refuse 1"),
        ({"holds": (hold("syd-web1", 0.0),)}, START),
        # The newer word counts, whoever was told it.
        ({"holds": (hold("*"),), "sight.holds": (hold("*", -1.0, at=-1.0),)}, START),
        ({"holds": (hold("*", -1.0, at=-1.0),), "sight.holds": (hold("*"),)}, START),
        ({"holds": (hold("*", -100.0, at=-700.0),), "sight.holds": (hold("*"),)}, "refuse 1"),
        ({"holds": (hold("syd"), hold("syd", -5.0, at=-5.0))}, START),
        ({"holds": (hold("syd-web1", -5.0, at=-5.0), hold("syd"))}, "refuse 1"),
        ({"holds": (hold("mel"), hold("*"))}, "refuse 1"),
        ({"sight.drained": True}, "refuse 1"),
        ({**FAILING, "sight.state": State.TRYING, "sight.drained": True}, "refuse 1"),
        ({**HAND, "sight.drained": True}, START),
        ({**OTHERS, "sight.drained": True}, "leave 6"),
        ({**OTHERS, "sight.holds": (hold("*"),)}, "leave 6"),
    ]
    return every


def _beliefs() -> list[tuple[Given, str]]:
    return [
        ({"declared": None, **UNSEEN}, "refuse 2"),
        ({"declared": None}, "refuse 2"),
        ({"declared": None, **UNKNOWN}, "refuse 2"),
        ({"report.unit": "cron.service", **UNSEEN}, "refuse 2"),
        ({"report.unit": "salt-minion.service", **UNSEEN}, "refuse 2"),
        ({"report.unit": "*", **UNSEEN}, "refuse 2"),
        ({"report.unit": "nginx.timer", **UNSEEN}, "refuse 2"),
        ({"report.unit": "titanicarus-mariadb@mel.service", **UNSEEN}, "refuse 2"),
        ({"declared": Declared("syd", (), "c0de-r1"), **UNSEEN}, "refuse 2"),
        ({**UNSEEN, "waited": 29.9}, "look 4"),
        ({**UNSEEN, "waited": 30.0}, "look 4"),
        ({**UNSEEN, "waited": 30.1}, "refuse 2"),
        ({**UNSEEN, "waited": 5000.0}, "refuse 2"),
        ({**UNKNOWN, "waited": 31.0}, "refuse 2"),
        ({**FAILING, **UNSEEN, "waited": 31.0}, "refuse 2"),
        ({**UNKNOWN}, "refuse 3"),
        ({**UNKNOWN, "report.why": "[Errno 5] Input/output error"}, "refuse 3"),
        ({**UNKNOWN, "report.looks": 500, "report.seconds": 2000.0}, "refuse 3"),
        ({**UNKNOWN, "sight": PLAIN.sight}, "refuse 3"),
        ({**UNSEEN, "report.looks": 1}, "refuse 3"),
        ({**UNSEEN, "report.looks": 0}, "refuse 3"),
        ({**UNSEEN, "report.looks": 2}, "look 4"),
        ({**UNSEEN, **FAILING, "report.looks": 1}, "look 4"),
        ({**UNSEEN, "report.kind": Kind.WELL}, "leave 3"),
        ({"report.kind": Kind.WELL}, "leave 3"),
        ({**UNSEEN, "report.kind": Kind.WELL, "report.unit": "titanicarus-bases.timer"}, "leave 3"),
        ({**UNSEEN, "report.kind": Kind.WELL, "report.unit": "cron.service"}, "refuse 2"),
        ({**UNSEEN, "report.kind": Kind.WELL, "holds": (hold("*"),)}, "refuse 1"),
    ]


def _looks() -> list[tuple[Given, str]]:
    silent = NoSight("its minion gave no answer within 6 s")
    return [
        (UNSEEN, "look 4"),
        ({**UNSEEN, **FAILING}, "look 4"),
        ({**UNSEEN, **HAND}, "look 4"),
        ({"sight": silent}, "refuse 4"),
        ({"sight": silent, **FAILING}, "refuse 4"),
        ({"sight": silent, **HAND}, "refuse 4"),
        ({"sight": NoSight("its minion says: PermissionError")}, "refuse 4"),
        ({"report.boot": OTHER_BOOT}, "refuse 4"),
        ({"report.boot": OTHER_BOOT, **FAILING}, "refuse 4"),
        ({"sight.up": 5090.0}, START),
        ({"sight.up": 5091.0}, "refuse 4"),
        ({"sight.up": 50000.0}, "refuse 4"),
        ({"sight.up": 4999.5}, START),
        ({"sight.up": 4990.0}, "refuse 4"),
        ({"report.up": 9e9}, "refuse 4"),
        ({**FAILING, "sight.up": 5091.0}, "refuse 4"),
        ({"sight.state": State.UNKNOWN}, "refuse 4"),
        ({**FAILING, "sight.state": State.UNKNOWN}, "refuse 4"),
        ({**HAND, "sight.state": State.UNKNOWN}, "refuse 4"),
        ({"sight.state": State.RUNNING, "sight.running_for": 0.1}, "leave 4"),
        ({"sight.state": State.RUNNING, "sight.running_for": 900.0}, "leave 4"),
        ({**HAND, "sight.state": State.RUNNING, "sight.running_for": 900.0}, "leave 4"),
        ({**FAILING, "sight.state": State.RUNNING, "sight.running_for": 10.0}, "leave 4"),
        ({**FAILING, "sight.state": State.RUNNING, "sight.running_for": 9.9}, APPLY),
        ({"sight.booting": True}, "refuse 4"),
        ({**FAILING, "sight.state": State.TRYING, "sight.booting": True}, "refuse 4"),
        ({"sight.enabled": False}, "refuse 4"),
        ({**FAILING, "sight.state": State.TRYING, "sight.enabled": False}, "refuse 4"),
        ({**HAND, "sight.enabled": False}, "refuse 4"),
        ({"sight.state": State.STARTING}, "refuse 4"),
        ({"sight.stopped_for": 2.9}, "refuse 4"),
        ({"sight.stopped_for": 3.0}, START),
        ({"sight.stopped_for": 0.0, **FAILING}, "refuse 4"),
        ({"sight.stopped_for": 0.0, **HAND}, START),
        ({"sight.state": State.TRYING, "sight.restarts": 2}, "refuse 4"),
        ({"sight.state": State.TRYING, "sight.restarts": 3}, APPLY),
        ({**FAILING, "sight.state": State.TRYING, "sight.restarts": 0}, "refuse 4"),
        ({**FAILING, "sight.state": State.RUNNING, "sight.running_for": 1.0, "sight.restarts": 1}, "refuse 4"),
        ({**HAND, "sight.state": State.TRYING, "sight.restarts": 1}, "refuse 4"),
        ({**FAILING, "sight.state": State.STARTING}, "refuse 4"),
        ({**HAND, "sight.state": State.STARTING}, "refuse 4"),
        (
            {"sight.busy": "the host's states are being applied just now, and that puts units right by itself"},
            "refuse 4",
        ),
        ({**DATABASE, "sight.busy": "the copy of syd is being made or changed just now"}, "refuse 4"),
        ({**HAND, "sight.busy": "the copy of syd is being made or changed just now"}, "refuse 4"),
        (OTHERS, "leave 6"),
        ({"sight.claimed": False}, "leave 6"),
        ({**OTHERS, **FAILING, "sight.state": State.TRYING}, "leave 6"),
        ({**OTHERS, **HAND}, "leave 6"),
        ({**OTHERS, "sight.state": State.RUNNING, "sight.running_for": 1.0}, "leave 6"),
        ({**OTHERS, "report.boot": OTHER_BOOT}, "leave 6"),
    ]


def _budgets() -> list[tuple[Given, str]]:
    php = "php8.4-fpm.service"
    return [
        ({"sight.acts": acts(14.9)}, "refuse 5"),
        ({"sight.acts": acts(15.1)}, START),
        ({"sight.acts": acts(200.0, 59.0)}, "refuse 5"),
        ({"sight.acts": acts(200.0, 61.0)}, START),
        ({"sight.acts": acts(900.0, 400.0, 239.0)}, "refuse 5"),
        ({"sight.acts": acts(900.0, 400.0, 241.0)}, START),
        ({"sight.acts": acts(3000.0, 2000.0, 1500.0, 959.0)}, "refuse 5"),
        ({"sight.acts": acts(3000.0, 2000.0, 1500.0, 961.0)}, START),
        ({"sight.acts": acts(3500.0, 3000.0, 2500.0, 2000.0, 1500.0)}, "refuse 5"),
        ({"sight.acts": acts(3700.0, 3650.0, 3601.0)}, START),
        ({"sight.acts": acts(86000.0, 40000.0, 10000.0, 5000.0, 4000.0, 3600.0)}, START),
        ({"sight.acts": acts(0.0)}, "refuse 5"),
        ({"sight.acts": acts(14.0, unit=php)}, START),
        ({"sight.acts": acts(*range(100, 900, 100), unit=php)}, "refuse 5"),
        ({"sight.acts": acts(*range(100, 800, 100), unit=php)}, START),
        ({"sight.acts": acts(800.0, 700.0, helped=False)}, "refuse 5"),
        ({"sight.acts": acts(800.0, helped=False)}, START),
        ({"sight.acts": acts(3700.0, 3601.0, helped=False)}, START),
        ({"sight.acts": acts(800.0, 700.0, unit=php, helped=False)}, START),
        ({"sight.acts": (*acts(800.0, helped=False), *acts(700.0))}, START),
        ({"sight.acts": acts(800.0, 700.0, helped=None)}, START),
        ({"sight.acts": acts(30.0, helped=None)}, START),
        ({"spent.island": 15}, START),
        ({"spent.island": 16}, "refuse 5"),
        ({"spent.fleet": 31}, START),
        ({"spent.fleet": 32}, "refuse 5"),
        ({"spent.troubled": 13}, START),
        ({"spent.troubled": 14}, "refuse 5"),
        ({"spent.troubled": 27}, "refuse 5"),
        ({"spent": Spent(0, 0, 2, 3)}, START),
        ({"spent": Spent(0, 0, 3, 5)}, "refuse 5"),
        ({"spent": Spent(0, 0, 3, 6)}, START),
        ({"spent": Spent(0, 0, 1, 1)}, START),
        ({**FAILING, "sight.state": State.TRYING, "sight.acts": acts(14.0)}, "refuse 5"),
        ({**FAILING, "sight.state": State.TRYING, "sight.acts": acts(16.0)}, APPLY),
        ({**FAILING, "sight.state": State.TRYING, "sight.acts": acts(800.0, 700.0, helped=False)}, "refuse 5"),
        ({**FAILING, "sight.state": State.TRYING, "spent.troubled": 20}, "refuse 5"),
        ({**HAND, "sight.acts": acts(14.0)}, START),
        ({**HAND, "sight.acts": acts(800.0, 700.0, helped=False)}, START),
        ({**HAND, "spent.fleet": 32, "spent.island": 16, "spent.troubled": 27}, START),
    ]


def _results() -> list[tuple[Given, str]]:
    up: Given = {"sight.state": State.RUNNING, "sight.running_for": 2.5}
    trying: Given = {"sight.state": State.TRYING, "sight.restarts": 5}
    silent = NoSight("its minion gave no answer within 6 s")
    return [
        ({}, START),
        (HAND, START),
        (DATABASE, START),
        ({**DATABASE, **HAND}, START),
        ({"report.unit": "titanicarus-bases.timer", "sight.unit": "titanicarus-bases.timer"}, START),
        ({"report.seconds": 4000.0, "report.looks": 1000}, START),
        ({"declared": Declared("syd", UNITS, "c0de-r2")}, START),
        ({"sight.revision": ""}, START),
        (trying, APPLY),
        ({**trying, **FAILING}, APPLY),
        ({**FAILING}, START),
        ({**trying, **FAILING, "sight.revision": ""}, "escalate 7"),
        ({**trying, **FAILING, "sight.revision": "c0de-r0"}, "escalate 7"),
        ({**trying, **FAILING, "declared": Declared("syd", UNITS, "")}, "escalate 7"),
        ({**trying, **FAILING, **DATABASE}, "escalate 7"),
        ({**trying, **DATABASE}, "escalate 7"),
        ({**FAILING, **DATABASE}, START),
        ({"attempts": tried("start done"), **UNSEEN}, "look 4"),
        ({"attempts": tried("start silent"), **UNSEEN}, "look 4"),
        ({"attempts": tried("start failed: no"), **UNSEEN, "waited": 100.0}, "look 4"),
        ({"attempts": tried("start done"), **up}, "done 7"),
        ({"attempts": tried("start silent"), **up}, "done 7"),
        ({"attempts": tried("start failed: exit code 1"), **up}, "done 7"),
        ({"attempts": tried("apply done"), **FAILING, **up}, "done 7"),
        ({"attempts": tried("start failed: exit code 1", "apply done"), **up}, "done 7"),
        ({"attempts": tried("start done"), **up, "holds": (hold("*"),)}, "done 7"),
        ({"attempts": tried("start done"), **up, "sight.drained": True}, "done 7"),
        ({"attempts": tried("start done"), **up, "spent.fleet": 99}, "done 7"),
        ({"attempts": tried("start done"), **up, "sight.acts": acts(3.0)}, "done 7"),
        ({"attempts": tried("start done"), **up, **HAND}, "done 7"),
        ({"attempts": tried("start failed: nginx.service failed")}, APPLY),
        ({"attempts": tried("start silent: its minion gave no answer")}, APPLY),
        ({"attempts": tried("start failed: nginx.service failed"), **trying}, APPLY),
        ({"attempts": tried("start done")}, APPLY),
        ({"attempts": tried("start failed"), "sight.acts": acts(5.0, helped=False)}, APPLY),
        ({"attempts": tried("start failed"), **HAND}, APPLY),
        ({"attempts": tried("start failed"), "holds": (hold("syd"),)}, "refuse 1"),
        ({"attempts": tried("start failed"), "sight.drained": True}, "refuse 1"),
        ({"attempts": tried("start failed"), "sight.revision": ""}, "escalate 7"),
        ({"attempts": tried("start failed"), "sight.revision": "c0de-r0"}, "escalate 7"),
        ({"attempts": tried("start refused: syd-store1 has no claim")}, "escalate 7"),
        ({"attempts": tried("apply refused: syd-store1 has no claim"), **FAILING, **trying}, "escalate 7"),
        (
            {"attempts": tried("start failed: exit code 1", "apply failed: nginx_config: unknown directive")},
            "escalate 7",
        ),
        ({"attempts": tried("start failed", "apply silent")}, "escalate 7"),
        ({"attempts": tried("apply done"), **FAILING, **trying}, "escalate 7"),
        ({"attempts": tried("start failed"), "sight": silent}, "escalate 7"),
        ({"attempts": tried("start done"), "sight": silent}, "escalate 7"),
        ({"attempts": tried("start failed"), **OTHERS}, "escalate 6"),
        ({"attempts": tried("start done"), **OTHERS, **up}, "escalate 6"),
    ]


CASES: list[tuple[Given, str]] = [*_holds(), *_beliefs(), *_looks(), *_budgets(), *_results()]
