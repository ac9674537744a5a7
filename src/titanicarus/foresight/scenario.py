"""What is lost, from an operator's words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from titanicarus.fleet import Fleet
from titanicarus.fleet.problems import did_you_mean

AWS, TUNNELS = "aws", "tunnels"


class BadScenario(ValueError):
    """A word is nothing that can be lost; the message says what can."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """`lost` are ids of hosts that are off; `islands` those of which all hosts are; `aws`: its API does not answer;
    `tunnels`: no island reaches another by them."""

    lost: frozenset[str] = frozenset()
    islands: tuple[str, ...] = ()
    aws: bool = False
    tunnels: bool = False


def parse(words: Iterable[str], fleet: Fleet) -> Scenario:
    """Hosts, islands, AWS and TUNNELS, together. Raises BadScenario."""
    lost: set[str] = set()
    others = set()
    known = {host.id: host for host in fleet.hosts}
    for word in words:
        if word in fleet.islands:
            lost |= {host.id for host in fleet.hosts if host.island == word}
        elif word in known:
            lost.add(word)
        elif word in {AWS, TUNNELS}:
            others.add(word)
        else:
            hint = did_you_mean(word, (*known, *fleet.islands, AWS, TUNNELS))
            raise BadScenario(f'"{word}" cannot be lost: say hosts, islands, `{AWS}` or `{TUNNELS}`{hint}')
    gone = tuple(name for name in fleet.islands if all(host.id in lost for host in fleet.hosts if host.island == name))
    return Scenario(frozenset(lost), gone, AWS in others, TUNNELS in others)
