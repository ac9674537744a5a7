"""What is to be done about a host's word? A pure function from what is known to an action and a sentence that says why.

The seven questions of the guard, one small function each, in their order; the first that has an objection decides.
What always holds: nothing is done without a second look that this master took itself, and that found the unit stopped
or failing; nothing while somebody is at work there; nothing that the budget does not cover; no more than START, then
APPLY, then a person.

`hold_down`, growing with each act of late, is from BGP route flap damping (RFC 2439) in its simplest form; a budget for
each place from Orchestrator's RecoveryPeriodBlockSeconds.
"""

from __future__ import annotations

from collections.abc import Callable

from titanicarus.heal.case import Action, Answer, Case, Decision, Outcome, Question, Verdict, first_objection, refuse
from titanicarus.heal.holds import FLEET, over, spell
from titanicarus.heal.report import Kind
from titanicarus.heal.sight import NoSight, PastAct, Sight, State

HOUR = 3600.0
QUEUE_SECONDS = 30.0
"""A report that waited longer in a busy master is not acted on: if it is still so, the host says it again."""
FRESH_SECONDS = 90.0
"""The most that may lie, by the reporting host's own clock, between its look and ours."""
LOOKS = 2
STOPPED_SECONDS = 3.0
"""A unit that stopped less long ago may be in the middle of a restart, whatever anybody says."""
FAILING_RESTARTS = 3
"""So often at least systemd has to have started a unit again for it to count as one that ends again and again."""
RUNS_WELL_SECONDS = 10.0
"""A unit that failed again and again is well when it has been running for so long."""
UNIT_ACTS, HOST_ACTS, ISLAND_ACTS, FLEET_ACTS = 5, 8, 16, 32
"""The most acts in an hour."""
HOLD_DOWN = 15.0
"""Seconds after an act before the next one on the same unit; four times as long after each further one."""
HOPELESS = 2
"""So many acts within an hour that did not help are enough."""
MOST_TROUBLED = 3, 2
"""At least three hosts, and more than one in two of the fleet: then it is more likely us."""
_KEEPERS_OWN = "titanicarus-mariadb@"


def decide(case: Case) -> Decision:
    """The decision about a case; its sentence begins with the host and the unit."""
    return first_objection(_QUESTIONS, case, f"{case.report.host}: {_unit(case)}")


def hold_down(acts: int) -> float:
    """Seconds to keep away from a unit after so many acts on it within an hour."""
    return min(HOLD_DOWN * 4.0 ** (acts - 1), HOUR) if acts else 0.0


def _allowed(case: Case) -> Answer:
    """1. Is healing on here?"""
    sight = case.sight if isinstance(case.sight, Sight) and case.sight.claimed else None
    if case.by_hand:
        return "an operator asked for it"
    if case.attempts and (sight is None or sight.state is State.RUNNING):
        return "healing was on when it was acted on"
    island = case.declared.island if case.declared else ""
    hold = over((*case.holds, *(sight.holds if sight else ())), (FLEET, island, case.report.host), case.now)
    if hold is not None:
        return refuse(Question.ALLOWED, f"is left alone: {hold.sentence(case.now)}")
    if sight and sight.drained:
        return refuse(Question.ALLOWED, "is left alone: the host is drained, so somebody works on it")
    return "healing is on"


def _believed(case: Case) -> Answer:
    """2. May this host say so, and is it news?"""
    report, declared = case.report, case.declared
    if declared is None:
        return refuse(Question.BELIEVED, "is reported by no host of this fleet")
    if report.kind is not Kind.UNKNOWN and report.unit not in declared.units:
        return refuse(Question.BELIEVED, "is no unit that this host should run")
    if case.waited > QUEUE_SECONDS and not case.attempts:
        return refuse(Question.BELIEVED, f"was reported {spell(case.waited)} ago; if it is still so, it is said again")
    return "the host may say this of itself, and it is news"


def _observers(case: Case) -> Answer:
    """3. Do enough observers say so? For a unit its own host is enough, if it looked twice."""
    report = case.report
    if report.kind is Kind.WELL:
        return Decision(Verdict.LEAVE, Question.OBSERVERS, "runs again, as its host says")
    if report.kind is Kind.UNKNOWN:
        return refuse(
            Question.OBSERVERS, f"cannot be looked at: {report.why or 'no reason given'}; unknown is not down"
        )
    if report.looks < LOOKS and report.kind is Kind.STOPPED:
        return refuse(Question.OBSERVERS, "was seen so once only, which is not enough")
    return f"the host saw it {report.looks} times in a row, for {spell(report.seconds)}"


def _still_so(case: Case) -> Answer:
    """4. Is it still so? Look again, now."""
    if case.sight is None:
        return Decision(Verdict.LOOK, Question.STILL_SO, f"is {case.report.kind}: look again")
    if isinstance(case.sight, NoSight):
        if case.attempts:
            return _escalate(f"cannot be looked at after {_tried(case)}: {case.sight.why}")
        return refuse(Question.STILL_SO, f"cannot be looked at: {case.sight.why}; unknown is not down")
    if not case.sight.claimed:
        return _anothers(case, case.sight)
    if case.attempts:
        return f"the look after {_tried(case)} found it {_found(case.sight)}"
    return _old(case, case.sight) or _now(case, case.sight)


def _old(case: Case, sight: Sight) -> Decision | None:
    """Is the report one of the past, or of no time at all?"""
    if case.by_hand:
        return None
    if sight.boot != case.report.boot:
        return refuse(Question.STILL_SO, "was reported in another boot of the host: that is over")
    age = sight.up - case.report.up
    if age > FRESH_SECONDS:
        return refuse(Question.STILL_SO, f"was seen so {spell(age)} ago by the host's own clock, which is too long")
    if age < -1.0:
        return refuse(
            Question.STILL_SO, "is reported for a time that is still to come: the report is none of the host's"
        )
    return None


def _now(case: Case, sight: Sight) -> Answer:
    """What the second look found."""
    if sight.state is State.RUNNING and (case.report.kind is Kind.STOPPED or sight.running_for >= RUNS_WELL_SECONDS):
        return Decision(Verdict.LEAVE, Question.STILL_SO, "runs" if case.by_hand else "runs again by itself")
    if objection := _at_work(sight) or _too_early(case, sight):
        return refuse(Question.STILL_SO, objection)
    return f"a second look found it {_found(sight)}"


def _at_work(sight: Sight) -> str | None:
    """Somebody or something else is seeing to it, or meant it."""
    if sight.state is State.UNKNOWN:
        return "cannot be looked at: systemd gives no answer; unknown is not down"
    if sight.booting:
        return "has not had its turn yet: the host is booting"
    if not sight.enabled:
        return "is disabled: it was not put into service, or was taken out on purpose"
    if sight.state is State.STARTING:
        return "is starting or stopping just now"
    return f"is left alone: {sight.busy}" if sight.busy else None


def _too_early(case: Case, sight: Sight) -> str | None:
    """It may come back by itself."""
    if not case.by_hand and sight.state is State.STOPPED and sight.stopped_for < STOPPED_SECONDS:
        return "stopped only a moment ago: it may be in the middle of a restart"
    if sight.state is not State.STOPPED and sight.restarts < FAILING_RESTARTS:
        return f"was started again by systemd {sight.restarts} times so far: it has its chance"
    return None


def _anothers(case: Case, sight: Sight) -> Decision:
    """Another master was there first, or went on after our claim had ended. What it found is its own to judge."""
    who = f"{sight.claim.by} (incident {sight.claim.incident})" if sight.claim else "another master"
    if case.attempts:
        return _escalate(f"was taken over by {who} after {_tried(case)}", Question.OURS)
    return Decision(Verdict.LEAVE, Question.OURS, f"is seen to by {who}")


def _budget(case: Case) -> Answer:
    """5. Is there budget, and is it not us?"""
    sight = case.sight
    if case.by_hand or case.attempts or not isinstance(sight, Sight):
        return "within one incident, START and APPLY are covered"
    here = [act for act in sight.acts if act.age < HOUR]
    same = [act for act in here if act.unit == case.report.unit]
    vain = [act for act in same if act.helped is False]
    if len(vain) >= HOPELESS:
        return refuse(Question.BUDGET, f"was acted on {len(vain)} times within an hour in vain: a person has to look")
    for acts, most, where in (
        (len(same), UNIT_ACTS, "this unit"),
        (len(here), HOST_ACTS, "this host"),
        (case.spent.island, ISLAND_ACTS, "this island"),
        (case.spent.fleet, FLEET_ACTS, "the fleet"),
    ):
        if acts >= most:
            return refuse(Question.BUDGET, f"has to wait: the budget of {most} acts an hour for {where} is spent")
    if wait := _held_down(same):
        often = "once" if len(same) == 1 else f"{len(same)} times"
        return refuse(Question.BUDGET, f"comes and goes: acted on {often} of late, held down for another {spell(wait)}")
    least, share = MOST_TROUBLED
    if case.spent.troubled >= least and case.spent.troubled * share > case.spent.hosts:
        many = f"{case.spent.troubled} of {case.spent.hosts} hosts"
        return refuse(Question.BUDGET, f"is one of many: {many} report trouble, so the fault is more likely ours")
    return f"{len(here)} acts on this host within an hour, {case.spent.fleet} in the fleet"


def _held_down(same: list[PastAct]) -> float:
    """Seconds for which the unit is still left alone."""
    last = min((act.age for act in same), default=HOUR)
    return max(0.0, hold_down(len(same)) - last)


def _ours(_case: Case) -> Answer:
    """6. Is it this master's to do? The second look claimed the unit, or `_anothers` has said whose it is."""
    return "this master has claimed it"


def _result(case: Case) -> Decision:
    """7. What to do, and did it help?"""
    sight = case.sight
    if not isinstance(sight, Sight):
        raise TypeError("question 4 lets nothing through without a look")
    if not case.attempts:
        return _first(case, sight)
    last = case.attempts[-1]
    if sight.state is State.RUNNING:
        return Decision(Verdict.DONE, Question.RESULT, f"runs after {_tried(case)}")
    words = f": {last.words}" if last.words else ""
    if last.outcome is Outcome.REFUSED:
        return _escalate(f"could not be helped: the host refused to {last.action}{words}")
    if last.action is Action.START and sight.revision and sight.revision == _revision(case):
        return _act(Action.APPLY, f"is {_found(sight)} after {_tried(case)}{words}; apply all states of the host")
    if last.action is Action.START:
        why = "its states were not applied as this master has them, so nothing is applied here"
        return _escalate(f"is {_found(sight)} after {_tried(case)}{words}; {why}")
    return _escalate(f"is {_found(sight)} after {_tried(case)}{words}")


def _first(case: Case, sight: Sight) -> Decision:
    if sight.state is State.STOPPED:
        return _act(Action.START, "is stopped: start it")
    if case.report.unit.startswith(_KEEPERS_OWN):
        return _escalate("ends again and again; its keeper sees to who writes, and a person to why")
    if sight.revision and sight.revision == _revision(case):
        return _act(Action.APPLY, "ends again and again: apply all states of the host")
    return _escalate("ends again and again, and the host's states were not applied as this master has them")


def _revision(case: Case) -> str:
    return case.declared.revision if case.declared else ""


def _tried(case: Case) -> str:
    return " and ".join(str(attempt.action) for attempt in case.attempts)


def _found(sight: Sight) -> str:
    return {State.TRYING: "ending again and again"}.get(sight.state, str(sight.state))


def _unit(case: Case) -> str:
    return "what runs there" if case.report.kind is Kind.UNKNOWN else case.report.unit


def _act(action: Action, sentence: str) -> Decision:
    return Decision(Verdict.ACT, Question.RESULT, sentence, action)


def _escalate(sentence: str, question: Question = Question.RESULT) -> Decision:
    return Decision(Verdict.ESCALATE, question, sentence)


_QUESTIONS: tuple[Callable[[Case], Answer], ...] = (_allowed, _believed, _observers, _still_so, _budget, _ours, _result)
