"""What is where, as rows of a table, and what is to be done about it. Pure: the time comes in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from titanicarus.keys.here import SITE, Found

SHARE_LEFT = 0.32
"""Whatever a push makes has a third of its life left (titanicarus.pki.window_at), but for the hour that it counts from
before its birth, which is a good part of a life of three days."""


@dataclass(frozen=True, slots=True)
class Row:
    """Certificates that are one for a reader. `where` are hosts, or who keeps it; `ends` is in seconds since 1970, of
    the one that ends first; `state` is a sentence, "well" if nothing is to be done."""

    kind: str
    name: str
    where: tuple[str, ...]
    ends: int
    state: str

    @property
    def well(self) -> bool:
        """Whether nothing is to be done."""
        return self.state == "well"


def rows(
    found: Mapping[str, Sequence[Found]], islands: Mapping[str, str], now: float, *, sites: bool = False
) -> tuple[Row, ...]:
    """The same certificate on several hosts is one row; without `sites`, so are all sites of an island.

    `found` is by host, `islands` says where each host is.
    """
    groups: dict[tuple[str, str, str], list[tuple[str, Found]]] = {}
    for host, certificates in sorted(found.items()):
        for one in certificates:
            whole = one.kind == SITE and not sites
            key = (one.kind, islands[host], "") if whole else (one.kind, one.name, one.number)
            groups.setdefault(key, []).append((host, one))
    made = [
        Row(
            kind,
            name if number else _sites({one.name for _, one in group}, name),
            tuple(sorted({host for host, _ in group})),
            min(one.ends for _, one in group),
            _worst((one for _, one in group), now),
        )
        for (kind, name, number), group in groups.items()
    ]
    return tuple(sorted(made, key=lambda row: (row.kind, row.name, row.where)))


def _sites(names: set[str], island: str) -> str:
    return f"{len(names)} {'site' if len(names) == 1 else 'sites'} of {island}"


def authority_row(kind: str, name: str, where: tuple[str, ...], life: tuple[float, float], now: float) -> Row:
    """An authority, with its begin and end: nothing renews it by itself."""
    began, ends = life
    left = (ends - now) / (ends - began)
    state = "well"
    if left <= 0:
        state = "HAS ENDED: nothing that it vouched for is believed"
    elif left < SHARE_LEFT:
        state = "has less than a third of its life left: plan a new one (docs/control.md)"
    return Row(kind, name, where, int(ends), state)


def _worst(certificates: Iterable[Found], now: float) -> str:
    left = min((one.ends - now) / (one.ends - one.began) for one in certificates)
    if left <= 0:
        return "HAS ENDED: saguire push && saguire apply"
    if left < SHARE_LEFT:
        return "is due: `saguire incidents` says why it is not renewed"
    return "well"
