"""What a guard asks of hosts, and how it takes what they answer: silence is never a yes, and never a no."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from titanicarus.heal import sight
from titanicarus.heal.absence import View
from titanicarus.heal.answers import Answer
from titanicarus.heal.case import Action, Attempt, Case, Outcome
from titanicarus.heal.ledger import Ledger
from titanicarus.heal.sight import NoSight, Sight

LOOK_SECONDS = 10.0
LOOKS_AFTER = 3
"""So often a host is asked what came of an act before that is given up."""
ACT_SECONDS = {Action.START: 90.0, Action.APPLY: 600.0}
SHARES_SECONDS = 900.0
"""Route53 takes five requests a second: with a thousand zones a look at all of them lasts over three minutes."""
READY_SECONDS = 20.0
_LONGEST_WORDS, _MOST = 600, 200

Ask = Callable[[Sequence[str], str, Mapping[str, Any], float], Mapping[str, Answer]]
"""Run a function with keyword arguments on hosts, for at most so many seconds; who gave no answer is left out."""


def look(ask: Ask, me: str, incident: str, case: Case, *, claim: bool) -> Sight | NoSight:
    """The second look, and with `claim` the claim; after an act again and again until there is an answer."""
    found = _look(ask, me, incident, case, claim=claim)
    for _ in range(LOOKS_AFTER - 1 if case.attempts else 0):
        if isinstance(found, Sight):
            break
        found = _look(ask, me, incident, case, claim=claim)
    return found


def _look(ask: Ask, me: str, incident: str, case: Case, *, claim: bool) -> Sight | NoSight:
    heard = case.report
    order: dict[str, Any] = {"unit": heard.unit, "by": me, "incident": incident, "claim": claim}
    if not case.attempts:  # after an act the report has done its part
        order |= {"boot": heard.boot, "up": heard.up}
    answer = ask([heard.host], "heal.look", order, LOOK_SECONDS).get(heard.host)
    if answer is None:
        return NoSight(f"its minion gave no answer within {LOOK_SECONDS:g} s")
    if not answer.ok:
        return NoSight(f"its minion says: {_words(answer.value)}")
    try:
        seen = sight.parse(answer.value)
    except sight.BadSight as error:
        return NoSight(_words(error))
    return seen if (seen.host, seen.unit) == (heard.host, heard.unit) else NoSight("it speaks of something else")


def act(ask: Ask, me: str, incident: str, case: Case, action: Action) -> Attempt:
    """Have it done, and take down what the host says about it."""
    host = case.report.host
    order: dict[str, Any] = {"unit": case.report.unit, "action": str(action), "by": me, "incident": incident}
    order["by_hand"] = case.by_hand
    order["revision"] = case.declared.revision if case.declared else ""
    return _attempt(action, ask([host], "heal.act", order, ACT_SECONDS[action]).get(host))


def shift(ask: Ask, me: str, action: Action) -> Attempt:
    """Bring Route53 up to date with what the ledgers here say: this master's own host does it. REFUSED: nothing was
    changed; FAILED and SILENT: nobody knows."""
    answer = ask([me], "heal.shares", {}, SHARES_SECONDS).get(me)
    if answer is not None and isinstance(answer.value, Mapping) and answer.value.get("untouched") is True:
        return Attempt(action, Outcome.REFUSED, _words(answer.value.get("words", "")))
    attempt = _attempt(action, answer)
    return replace(attempt, outcome=Outcome.FAILED) if attempt.outcome is Outcome.REFUSED else attempt


def readiness(ask: Ask, hosts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What has still to come right on each of these hosts; those that gave no answer are left out. One that could not
    find it out says so: it is not ready."""
    found = {}
    for host, answer in ask(hosts, "heal.ready", {}, READY_SECONDS).items():
        if answer.ok and isinstance(answer.value, list):
            found[host] = tuple(_words(one) for one in answer.value[:_MOST])
        else:
            found[host] = (f"cannot tell: {_words(answer.value)}",)
    return found


def parts(ask: Ask, host: str) -> dict[str, str] | str:
    """What the host says is wrong with each of its parts, or why it does not say it."""
    answer = ask([host], "heal.parts", {}, LOOK_SECONDS).get(host)
    if answer is None:
        return f"its minion gave no answer within {LOOK_SECONDS:g} s"
    if not answer.ok or not isinstance(answer.value, Mapping):
        return f"its minion says: {_words(answer.value)}"
    return {str(part): _words(wrong) for part, wrong in list(answer.value.items())[:_MOST]}


def _attempt(action: Action, answer: Answer | None) -> Attempt:
    if answer is None:
        return Attempt(action, Outcome.SILENT, "its minion gave no answer")
    # A state that failed makes Salt call the whole answer one of a failure.
    if not isinstance(answer.value, Mapping) or "helped" not in answer.value:
        return Attempt(action, Outcome.REFUSED, _words(answer.value))
    if answer.value["helped"] is True:
        return Attempt(action, Outcome.DONE)
    return Attempt(action, Outcome.FAILED, _words(answer.value.get("words", "")))


def views(ask: Ask, observers: Sequence[str], about: str) -> dict[str, View]:
    """What each observer sees now; those that give no answer that can be used are left out."""
    found = {}
    for observer, answer in (ask(observers, "heal.sees", {"about": about}, LOOK_SECONDS) if observers else {}).items():
        said = answer.value if answer.ok and isinstance(answer.value, Mapping) else {}
        names = [said.get(key) for key in ("asked", "answered")]
        if all(isinstance(one, list) and all(isinstance(name, str) for name in one) for one in names):
            asked, answered = (tuple(one) for one in names if one is not None)
            if about in asked:
                found[observer] = View(asked, answered)
    return found


def copy(ask: Ask, ledger: Ledger, peers: Sequence[str]) -> dict[str, str]:
    """Bring these control hosts up to date with all ledgers here. Gives back host to reason for those that are not."""
    here = {name: entries for name, entries in ledger.everything().items() if entries}
    answers = ask(peers, "ledger.heads", {}, LOOK_SECONDS) if peers else {}
    failed = {}
    for peer in peers:
        answer = answers.get(peer)
        if answer is None or not answer.ok or not isinstance(answer.value, Mapping):
            failed[peer] = "no answer" if answer is None else _words(answer.value)
            continue
        for name, entries in here.items():
            there = answer.value.get(name, 0)
            while name.partition(".")[0] != peer and isinstance(there, int) and there < len(entries):
                order = {"name": name, "entries": ledger.after(name, there)}
                kept = ask([peer], "ledger.keep", order, LOOK_SECONDS).get(peer)
                if kept is None or not kept.ok or not isinstance(kept.value, int) or kept.value <= there:
                    failed[peer] = "no answer" if kept is None else _words(kept.value)
                    break
                there = kept.value
    return failed


def _words(value: object) -> str:
    return str(value)[:_LONGEST_WORDS]
