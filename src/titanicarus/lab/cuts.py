"""Packets that get lost: cuts between hosts, islands and the world as packet filter rules of the lab's own namespaces.

What is cut is remembered in one file, and the rules are always made from the whole of it: so every cut can be listed
and mended, also after a crash of the program that made it.
"""

from __future__ import annotations

import fcntl
import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from titanicarus.fleet import Fleet
from titanicarus.fleet.ports import VPN
from titanicarus.lab.errors import LabError
from titanicarus.lab.layout import CLIENT, CLOUD, Layout
from titanicarus.lab.network import NAMESPACES
from titanicarus.lab.plan import CLIENT_ADDRESS, CLOUD_ADDRESS, CLOUD_NETWORK, INTERNET, SWITCH, VANTAGE_ADDRESSES

ALL = "all"
API_PORTS, DNS_PORTS = (443, 8000), (53,)
PLACES, VPNS, OFF, AWS_API, AWS_DNS = "cut", "cut-vpn", "cut-off", "aws-api", "aws-dns"
_SECONDS = 15


@dataclass(frozen=True)
class Cut:
    """One fault. `a` and `b` are hosts, islands, `client` or `cloud`; for VPNS islands; for OFF `a` is the island."""

    id: int
    kind: str
    a: str = ""
    b: str = ""
    one_way: bool = False

    def __str__(self) -> str:
        said = {
            PLACES: f"no packet goes from {self.a} to {self.b}" + ("" if self.one_way else " or back"),
            VPNS: f"no tunnel between {self.a} and {self.b}",
            OFF: f"{self.a} is cut off from the internet",
            AWS_API: "the AWS API is out of reach",
            AWS_DNS: "the DNS and the health checks of Route53 are out of reach",
        }
        return said[self.kind]


def check(fleet: Fleet, cut: Cut) -> None:
    """Whether the cut can be made. Raises LabError."""
    if cut.kind == PLACES:
        for place in (cut.a, cut.b):
            places(fleet, place)
        if cut.a == cut.b:
            raise LabError(f"{cut.a} cannot be cut from itself")
    if cut.kind in (VPNS, OFF):
        for island in filter(None, (cut.a, cut.b)):
            if island not in fleet.islands and island != ALL:
                raise LabError(f"there is no island {island}; there are {', '.join(fleet.islands)}")


def places(fleet: Fleet, name: str) -> tuple[str, ...]:
    """The addresses or networks of a host, an island, the client or the cloud. Raises LabError."""
    if name == CLIENT:
        return (str(CLIENT_ADDRESS),)
    if name == CLOUD:
        return (str(CLOUD_NETWORK),)
    if name in fleet.islands:
        island = fleet.islands[name]
        return str(island.lan.network), str(island.wan.network)
    for host in fleet.hosts:
        if host.id == name:
            return tuple(str(address) for address in (host.lan, host.wan) if address)
    known = ", ".join([*fleet.islands, CLIENT, CLOUD])
    raise LabError(f"{name} is no host, and none of {known}")


def rules(fleet: Fleet, cuts: Iterable[Cut]) -> dict[str, str]:
    """The text for `nft` in each namespace; without cuts it takes away what is there."""
    switch: list[str] = []
    internet: list[str] = []
    for cut in cuts:
        if cut.kind == PLACES:
            switch += _directions(places(fleet, cut.a), places(fleet, cut.b), one_way=cut.one_way)
        elif cut.kind == VPNS:
            for one, other in _pairs(fleet, cut):
                wans = tuple((str(fleet.islands[name].wan.network),) for name in (one, other))
                internet += _directions(*wans, one_way=False, match=f"udp dport {VPN} ")
        elif cut.kind == OFF:
            internet += [f'iifname "{cut.a}" drop', f'oifname "{cut.a}" drop']
        elif cut.kind == AWS_API:
            internet.append(f"ip daddr {CLOUD_ADDRESS} tcp dport {_set(API_PORTS)} drop")
        else:
            internet += [f"ip daddr {CLOUD_ADDRESS} {kind} dport {_set(DNS_PORTS)} drop" for kind in ("udp", "tcp")]
            internet.append(f"ip saddr {_set(VANTAGE_ADDRESSES)} drop")
    return {SWITCH: _table("bridge", switch), INTERNET: _table("ip", internet)}


def _pairs(fleet: Fleet, cut: Cut) -> Iterator[tuple[str, str]]:
    for one in fleet.islands if cut.a == ALL else (cut.a,):
        for other in fleet.islands if cut.b in (ALL, "") else (cut.b,):
            if one != other:
                yield one, other


def _directions(one: Sequence[str], other: Sequence[str], *, one_way: bool, match: str = "") -> list[str]:
    there = f"ip saddr {_set(one)} ip daddr {_set(other)} {match}drop"
    back = f"ip saddr {_set(other)} ip daddr {_set(one)} {match}drop"
    return [there] if one_way else [there, back]


def _set(values: Iterable[object]) -> str:
    return "{ " + ", ".join(str(value) for value in values) + " }"


def _table(family: str, lines: Sequence[str]) -> str:
    head = f"table {family} cuts\ndelete table {family} cuts\n"
    if not lines:
        return head
    body = "\n".join(f"  {line}" for line in dict.fromkeys(lines))
    hook = "type filter hook forward priority 0; policy accept;"
    return f"{head}table {family} cuts {{\n chain cuts {{\n  {hook}\n{body}\n }}\n}}\n"


class Cuts:
    """The cuts of one lab. Each change is made at once and remembered."""

    def __init__(self, layout: Layout, fleet: Fleet) -> None:
        self._layout = layout
        self._fleet = fleet
        self._file = layout.home / "cuts.json"

    def there(self) -> tuple[Cut, ...]:
        """All cuts, oldest first."""
        if not self._file.is_file():
            return ()
        return tuple(Cut(**entry) for entry in json.loads(self._file.read_text()))

    def make(self, *kinds: str, a: str = "", b: str = "", one_way: bool = False) -> tuple[Cut, ...]:
        """New cuts, one of each kind. Raises LabError, with nothing cut."""
        with self._held():
            before = self.there()
            first = max((cut.id for cut in before), default=0) + 1
            new = tuple(Cut(first + place, kind, a, b, one_way) for place, kind in enumerate(kinds))
            for cut in new:
                check(self._fleet, cut)
            self._put((*before, *new))
        return new

    def mend(self, chosen: Iterable[int] | None = None, kinds: Iterable[str] = ()) -> tuple[Cut, ...]:
        """Take cuts away: those with these numbers or of these kinds, or (None) all. Gives them back.

        Raises LabError for a number that there is not.
        """
        with self._held():
            before = self.there()
            numbers = set(chosen or ())
            unknown = numbers - {cut.id for cut in before}
            if unknown:
                raise LabError(f"there is no fault {min(unknown)}; `saguire fault list` shows all")
            everything = chosen is None and not kinds
            mended = tuple(cut for cut in before if everything or cut.id in numbers or cut.kind in set(kinds))
            self._put(tuple(cut for cut in before if cut not in mended))
        return mended

    def forget(self) -> None:
        """When the namespaces with the rules are gone."""
        self._file.unlink(missing_ok=True)

    def _put(self, cuts: Sequence[Cut]) -> None:
        for namespace, text in rules(self._fleet, cuts).items():
            path = NAMESPACES / self._layout.namespace(namespace)
            argv = ["nsenter", f"--net={path}", "--", "nft", "-f", "-"]
            try:
                subprocess.run(argv, input=text, text=True, check=True, capture_output=True, timeout=_SECONDS)
            except subprocess.CalledProcessError as error:
                raise LabError(f"packets could not be cut: {error.stderr.strip()}; is the lab up?") from error
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps([asdict(cut) for cut in cuts]))
        new.replace(self._file)

    @contextmanager
    def _held(self) -> Iterator[None]:
        self._layout.run.mkdir(parents=True, exist_ok=True)
        with (Path(self._layout.run) / "cuts.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
