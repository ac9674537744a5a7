"""Telling people of what needs them: by e-mail and by a webhook, each incident once.

A control host tells of its own incidents, and reads in its ledger what it has told. That it begins to tell is written
before anything is sent, so a host that dies in the middle is silent afterwards rather than told twice; what a server
plainly refused is tried again. Of the same trouble nobody is told again for some hours, as far as this host's copies of
the other ledgers say.
"""

from __future__ import annotations

import http.client
import json
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from titanicarus.heal.facts import Facts
from titanicarus.heal.incidents import Incident, explain, fold, moment
from titanicarus.heal.ledger import Ledger

ESCALATED = "escalated"
SECONDS = 20.0
"""How long a server may take to answer."""
AGAIN_SECONDS = 6 * 3600.0
OLDEST_SECONDS = 24 * 3600.0
"""What has lain here for longer is news to nobody."""
TRIES = 20
TELLING, TOLD, NOT_TOLD = "telling", "told", "not told"

Send = Callable[["Message"], None]
"""Raises OSError or SMTPException when nothing was delivered, and Unsure when nobody can say."""


class Unsure(Exception):
    """It may have been delivered, or to some only; the message says what is known. It is not sent again."""


class NoChannels(Exception):
    """There is nobody to be told; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Channels:
    """The policy's `notify_…`. `relay` is host and port of the operator's own mail server; None or "" for what is not
    wished."""

    emails: tuple[str, ...]
    relay: tuple[str, int] | None
    sender: str
    webhook: str

    def named(self) -> dict[str, Send]:
        """How each is told."""
        found: dict[str, Send] = {}
        if self.emails and self.relay:
            found["e-mail"] = self._mail
        if self.webhook:
            found["webhook"] = self._post
        return found

    def _mail(self, message: Message) -> None:
        assert self.relay is not None
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = message.subject, self.sender, ", ".join(self.emails)
        # The same for the same incident: who gets it twice from his own mail server sees that it is one.
        mail["Message-ID"] = f"<{message.id}@{self.sender.partition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content("\n".join([*message.lines, ""]))
        host, port = self.relay
        context = ssl.create_default_context()
        secure = smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context) if port == _SMTPS else None
        server = secure or smtplib.SMTP(host, port, timeout=SECONDS)
        try:
            if secure is None:
                server.starttls(context=context)
            server.ehlo_or_helo_if_needed()
            refused = self._envelope(server)
            try:
                code, words = server.data(mail.as_bytes())
            except smtplib.SMTPDataError:
                raise
            except (OSError, smtplib.SMTPException) as error:
                raise Unsure(f"{host} said nothing at the end: {error}") from error
            if code != _TAKEN:
                raise smtplib.SMTPDataError(code, words)
        finally:
            server.close()
        if refused:
            raise Unsure(f"refused for {', '.join(refused)}, taken for the others")

    def _envelope(self, server: smtplib.SMTP) -> list[str]:
        """Whom the server refuses. Raises SMTPException when that is everybody, or the sender."""
        code, words = server.mail(self.sender)
        if code != _TAKEN:
            raise smtplib.SMTPSenderRefused(code, words, self.sender)
        said = {one: server.rcpt(one) for one in self.emails}
        refused = [one for one, (code, _) in said.items() if code not in {_TAKEN, _FORWARDED}]
        if len(refused) == len(self.emails):
            raise smtplib.SMTPRecipientsRefused({one: said[one] for one in refused})
        return refused

    def _post(self, message: Message) -> None:
        body = {"text": "\n".join([message.subject, *message.lines]), **message.facts}
        request = urllib.request.Request(  # noqa: S310 -- the policy takes https only
            self.webhook,
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "User-Agent": "titanicarus"},
        )
        try:
            with _opener().open(request, timeout=SECONDS):
                return
        except urllib.error.HTTPError as error:
            if error.code in _GATEWAY_SILENT:
                raise Unsure(f"a gateway took it, and had no answer: {error}") from error
            raise
        except urllib.error.URLError:  # no connection
            raise
        except (OSError, http.client.HTTPException) as error:
            raise Unsure(f"it was sent, and there was no answer: {type(error).__name__}: {error}") from error


_SMTPS = 465
_LONGEST = 200
_TAKEN, _FORWARDED = 250, 251
_GATEWAY_SILENT = frozenset({502, 504})


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A notification goes where the operator said, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    context = ssl.create_default_context()
    return urllib.request.build_opener(_NoRedirects(), urllib.request.HTTPSHandler(context=context))


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody is told. `facts` are for a program."""

    id: str
    subject: str
    lines: tuple[str, ...]
    facts: Mapping[str, Any]


def channels(told: Mapping[str, Any] | None) -> Channels:
    """Of the pillar's `guard: notify:`. Raises NoChannels."""
    if not told:
        raise NoChannels("nobody is told: say `notify_emails` and `notify_relay`, or `notify_webhook`, in the policy")
    relay = told["relay"]
    return Channels(
        tuple(told["emails"]), (relay["host"], int(relay["port"])) if relay else None, told["sender"], told["webhook"]
    )


def message(incident: Incident, fleet: str) -> Message:
    """Of an incident that needs a person. Of what a host said only the first line: the rest are logs, and may hold what
    is nobody else's business."""
    sentence = _first_line(incident.sentence)
    lines = (
        sentence,
        "",
        f"It needs a person: `saguire explain {incident.id}` tells all of it, and how it goes on.",
        "",
        *map(_first_line, explain(incident)),
    )
    facts = {
        "fleet": fleet, "incident": incident.id, "subject": incident.subject, "result": incident.result,
        "sentence": sentence, "master": incident.master, "at": incident.at,
    }  # fmt: skip
    return Message(incident.id, f"[{fleet}] {_first_line(incident.subject)}: {sentence}"[:_LONGEST], lines, facts)


def _first_line(words: str) -> str:
    """Nothing that a header of a mail could not hold."""
    line = words.strip().split("\n", 1)[0]
    return "".join(one if one.isprintable() else " " for one in line)[:_LONGEST]


def trial(fleet: str, me: str, now: float) -> Message:
    """Of nothing: whether it arrives."""
    words = f"This is a trial of {me} at {moment(now)} UTC. Nothing is wrong."
    facts = {"fleet": fleet, "incident": None, "result": "trial", "sentence": words, "master": me, "at": now}
    return Message(f"trial-{me}-{now:.0f}", f"[{fleet}] a trial", (words,), facts)


def due(own: Iterable[Incident], every: Sequence[Incident], names: Iterable[str], now: float) -> Iterator[Incident]:
    """Of these incidents of one's own, those that need a person and are still to be told by one of these channels. What
    was over before anybody could be told needs nobody."""
    wanted = list(names)
    for incident in own:
        end = _end(incident)
        if end is None or now - end > OLDEST_SECONDS or not any(_open(incident, name) for name in wanted):
            continue
        if not (_untouched(incident) and (incident.over or known(incident, end, every))):
            yield incident


def known(incident: Incident, end: float, every: Sequence[Incident]) -> Incident | None:
    """The incident in which people were told of the same trouble a while ago, if it has not been over since."""
    for other in every:
        if other.subject != incident.subject or other.id == incident.id:
            continue
        last = {entry["channel"]: entry for entry in other.entries if "channel" in entry}
        told = [entry["at"] for entry in last.values() if entry["step"] in {TELLING, TOLD}]
        if any(abs(end - at) < AGAIN_SECONDS and not any(_over(one, at, incident) for one in every) for at in told):
            return other
    return None


def tell(
    ledger: Ledger, facts: Facts, channels: Mapping[str, Send], incident: Incident, now: Callable[[], float]
) -> set[str]:
    """Tell of it by each of these channels by which that is still to be done; gives those that could not be used."""
    what = message(incident, facts.fleet)
    broken = set()
    for name, send in channels.items():
        if not _open(incident, name):
            continue
        _write(ledger, facts.me, incident, {"step": TELLING, "channel": name, "at": round(now(), 3)})
        step, words = _sent(send, what)
        if step == NOT_TOLD:
            broken.add(name)
        _write(ledger, facts.me, incident, {"step": step, "words": words, "channel": name, "at": round(now(), 3)})
    return broken


def _sent(send: Send, what: Message) -> tuple[str, str]:
    """What came of it, and words for what did not go well."""
    try:
        send(what)
    except Unsure as error:
        return TOLD, str(error)
    except (OSError, smtplib.SMTPException) as error:
        return NOT_TOLD, f"{type(error).__name__}: {error}"[:300]
    return TOLD, ""


def _write(ledger: Ledger, me: str, incident: Incident, entry: Mapping[str, Any]) -> dict[str, Any]:
    return ledger.add({"master": me, "incident": incident.id, "subject": incident.subject, **entry})


def _end(incident: Incident) -> float | None:
    """When it was closed as one that needs a person."""
    return next(
        (entry["at"] for entry in incident.entries if entry["step"] == "closed" and entry["result"] == ESCALATED), None
    )


def attempt(found: Channels, what: Message) -> dict[str, str]:
    """Send it by each channel; gives what each said, "" for well."""
    return {name: _sent(send, what)[1] for name, send in found.named().items()}


def notify(ledger: Ledger, facts: Facts, found: Channels, now: Callable[[], float]) -> bool:
    """Tell of everything of this control host that is still to be told, also of what comes meanwhile; whether nothing
    is left to be tried again. A channel that cannot be used is left alone for the rest."""
    channels, broken = found.named(), set[str]()
    while usable := {name: send for name, send in channels.items() if name not in broken}:
        every = ledger.everything()
        own = fold({name: entries for name, entries in every.items() if name.partition(".")[0] == facts.me})
        incident = next(due(own, fold(every), usable, now()), None)
        if incident is None:
            break
        broken |= tell(ledger, facts, usable, incident, now)
    return not broken


def _open(incident: Incident, channel: str) -> bool:
    """Whether it is still to be told there. What was begun and has no end may have been sent: it is not repeated."""
    steps = [entry["step"] for entry in incident.entries if entry.get("channel") == channel]
    return not steps or (steps[-1] == NOT_TOLD and steps.count(NOT_TOLD) < TRIES)


def _untouched(incident: Incident) -> bool:
    return not any(_has(incident, step) for step in (TELLING, TOLD, NOT_TOLD))


def _has(incident: Incident, step: str) -> bool:
    return any(entry["step"] == step for entry in incident.entries)


def _over(one: Incident, told: float, incident: Incident) -> bool:
    """Whether this incident says that the trouble was over between then and the newer incident."""
    if one.subject != incident.subject:
        return False
    ends = [entry for entry in one.entries if entry["step"] == "ended" or entry.get("result") == "healed"]
    return any(told < entry["at"] <= incident.at for entry in ends)
