"""Tickets: who is let in with one, and who is not."""

from __future__ import annotations

from typing import Any

import pytest

from titanicarus.control.joined import Joined
from titanicarus.control.secrets import KeyPair, new_pair
from titanicarus.joining.ticket import EARLY_SECONDS, NotLetIn, Ticket, Token, issue, judge, request

NOW = 1_800_000_000.0
SIGN, OTHER_SIGN, MACHINE, THIEF = (new_pair() for _ in range(4))


def token(host: str = "syd-web1", seconds: int = 600, now: float = NOW, sign: KeyPair = SIGN) -> Token:
    return issue(host, seconds, now, sign.private)


def judged(document: Any, known: dict[str, Joined] | None = None, now: float = NOW + 5) -> Joined:
    return judge(document, SIGN.public, known or {}, now)


def test_a_machine_with_its_token_is_let_in() -> None:
    mine = token()
    assert judged(request(mine, MACHINE.public)) == Joined(MACHINE.public, int(NOW), mine.ticket.number)


def test_the_same_key_may_come_again_also_when_the_ticket_is_over() -> None:
    wanted = request(token(), MACHINE.public)
    first = judged(wanted)
    assert judged(wanted, {"syd-web1": first}, NOW + 9999) == first


def test_a_ticket_lets_one_key_in() -> None:
    mine = token()
    known = {"syd-web1": judged(request(mine, MACHINE.public))}
    with pytest.raises(NotLetIn, match="was used already, with another key"):
        judged(request(mine, THIEF.public), known)


def test_a_ticket_has_an_end() -> None:
    wanted = request(token(seconds=600), MACHINE.public)
    judged(wanted, now=NOW + 600)
    with pytest.raises(NotLetIn, match="ended 1 s ago: make another one"):
        judged(wanted, now=NOW + 601)


def test_a_ticket_from_the_future_was_made_by_a_wrong_clock() -> None:
    wanted = request(token(), MACHINE.public)
    judged(wanted, now=NOW - EARLY_SECONDS)
    with pytest.raises(NotLetIn, match="from the future"):
        judged(wanted, now=NOW - EARLY_SECONDS - 1)


def test_an_older_ticket_undoes_nothing() -> None:
    older, newer = token(), token(now=NOW + 60)
    known = {"syd-web1": judged(request(newer, MACHINE.public), now=NOW + 61)}
    with pytest.raises(NotLetIn, match="older than the key that counts now"):
        judged(request(older, THIEF.public), known, NOW + 62)
    assert judged(request(token(now=NOW + 99), THIEF.public), known, NOW + 99).public == THIEF.public


def test_a_ticket_of_somebody_else_is_none() -> None:
    with pytest.raises(NotLetIn, match="not one of this fleet"):
        judged(request(token(sign=OTHER_SIGN), MACHINE.public))


@pytest.mark.parametrize(("name", "value"), [("host", "syd-db1"), ("ends", int(NOW) + 9999), ("made", int(NOW) - 1)])
def test_a_ticket_is_for_its_name_and_time(name: str, value: object) -> None:
    wanted = request(token(), MACHINE.public)
    wanted["ticket"][name] = value
    with pytest.raises(NotLetIn, match="not one of this fleet"):
        judged(wanted)


def test_who_overhears_a_request_can_put_no_other_key_in_it() -> None:
    heard = request(token(), MACHINE.public) | {"public": THIEF.public}
    with pytest.raises(NotLetIn, match="not put there by who holds the ticket"):
        judged(heard)


def test_a_proof_does_not_fit_another_ticket_of_the_same_name() -> None:
    one, other = request(token(), MACHINE.public), request(token(), MACHINE.public)
    with pytest.raises(NotLetIn, match="not put there"):
        judged(one | {"proof": other["proof"]})


@pytest.mark.parametrize(
    "public",
    [
        "",
        "ssh-rsa AAAA",
        MACHINE.public + "\n",
        MACHINE.public + THIEF.public,
        MACHINE.private,
        MACHINE.public.replace("\n", "\r\n"),
    ],
)
def test_a_key_is_one_key_and_nothing_more(public: str) -> None:
    with pytest.raises(NotLetIn, match="the key is"):
        judged(request(token(), public))


@pytest.mark.parametrize("name", ["ticket", "public", "proof"])
@pytest.mark.parametrize("value", [None, 7, [], ""])
def test_what_is_no_request_is_refused(name: str, value: object) -> None:
    with pytest.raises(NotLetIn):
        judged(request(token(), MACHINE.public) | {name: value})


@pytest.mark.parametrize("document", [None, [], "x", 3, {}, {"ticket": {}}])
def test_what_is_nothing_at_all_is_refused(document: object) -> None:
    with pytest.raises(NotLetIn):
        judged(document)


@pytest.mark.parametrize("value", [None, 7, [], "?", "AAAA", True, 1.5])
@pytest.mark.parametrize("name", ["host", "verifier", "made", "ends", "signature"])
def test_every_part_of_a_ticket_is_looked_at(name: str, value: object) -> None:
    wanted = request(token(), MACHINE.public)
    wanted["ticket"][name] = value
    with pytest.raises(NotLetIn):
        judged(wanted)


@pytest.mark.parametrize("seconds", [0, 59, 7 * 86400 + 1, -5])
def test_a_ticket_is_good_for_a_minute_to_a_week(seconds: int) -> None:
    with pytest.raises(NotLetIn, match="write a time between 60 s and 7 days"):
        token(seconds=seconds)


def test_what_is_secret_does_not_show() -> None:
    mine = token()
    document = mine.document()
    assert document["secret"] not in repr(mine) and document["secret"] not in str(request(mine, MACHINE.public))
    assert Token.of(document) == mine and Ticket.of(document["ticket"]) == mine.ticket
