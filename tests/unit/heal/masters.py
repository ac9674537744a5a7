"""Masters and observers of a fleet of two islands, which a test plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from titanicarus.control import layout
from titanicarus.heal.answers import Answer
from titanicarus.heal.case import Declared
from titanicarus.heal.facts import Facts, Place
from titanicarus.heal.incidents import Incident, fold
from titanicarus.heal.ledger import FOLDER, Ledger
from titanicarus.heal.outlook import Outlook
from titanicarus.heal.post import Post
from titanicarus.heal.returns import Returns

ORDER = {"syd": ("syd-store1", "syd-store2", "mel-store1"), "mel": ("mel-store1", "mel-store2", "syd-store1")}
HOSTS = {name: Declared(name[:3], (), "r1") for name in ("syd-web1", *ORDER["syd"], "mel-store2")}
OBSERVERS = {"syd-web1": ("syd-store1", "syd-store2"), "mel": ("syd-store1", "syd-store2")}
ASKED = ["mel", "syd-web1", "syd-web2"]
Seen = list[str] | None


@dataclass
class Fleet:
    """`seen` is what each observer sees; None: it gives no answer. Masters share the folder: each has its own ledger,
    and, as copies, those of the others. `shares` is what a control host answers that was to tell Route53, `ready` what
    hosts do that were asked whether they are ready."""

    root: Path
    seen: dict[str, Seen] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    ready: dict[str, Answer] = field(default_factory=dict)
    shares: Answer | None = field(default_factory=lambda: Answer(True, {"helped": True, "words": ""}))
    health: str | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)
    time: float = 1_800_000_000.0

    def post(self, kind: type[Post], me: str, **more: Any) -> Any:
        facts = Facts(me, HOSTS, ORDER, observers=OBSERVERS, places=self.places)
        ledger = Ledger(me, layout.below(self.root, FOLDER))
        return kind(facts, ledger, self.ask, self.root, lambda _: None, lambda: self.time, self.wait, **more)

    def outlook(self, me: str = "syd-store1") -> Outlook:
        found: Outlook = self.post(Outlook, me)
        return found

    def returns(self, me: str = "syd-store1") -> Returns:
        """`health` is what the island's health check says; None: it gives no answer."""
        found: Returns = self.post(Returns, me, states=lambda islands: dict.fromkeys(islands, self.health))
        return found

    def wait(self, seconds: float) -> None:
        self.time += seconds

    def ask(self, hosts: Sequence[str], function: str, order: Mapping[str, Any], seconds: float) -> dict[str, Answer]:
        self.asked += [(host, function) for host in hosts]
        if function == "heal.shares":
            return {host: self.shares for host in hosts if self.shares is not None}
        if function == "heal.ready":
            return {host: self.ready[host] for host in hosts if host in self.ready}
        if function != "heal.sees":
            return {}
        views = {host: self.seen.get(host) for host in hosts}
        return {
            host: Answer(True, {"asked": ASKED, "answered": view}) for host, view in views.items() if view is not None
        }

    def hear(self, kind: str = "lost", about: str = "syd-web1", me: str = "syd-store1", **more: Any) -> str:
        observer = more.pop("observer", "syd-store1")
        data = {
            "id": observer,
            "about": about,
            "up": 900.0,
            "seconds": 130.0,
            "looks": 33,
            "again": False,
            "seen": True,
        }
        return self.outlook(me).hear(f"salt/beacon/{observer}/hosts/{kind}", data | more)

    @property
    def incidents(self) -> list[Incident]:
        return fold(Ledger("", layout.below(self.root, FOLDER)).everything())
