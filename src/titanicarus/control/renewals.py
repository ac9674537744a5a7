"""Keys that are not to count any more: which SSH keys are revoked, and how often a key was made anew.

Derived keys are the same for ever, so one that leaked needs something that is different: its *turn*, a number that goes
into the derivation. Both are kept in one file beside the secrets, `renewals.json`, and travel with the trust.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from titanicarus import pki
from titanicarus.control import files
from titanicarus.control.errors import BrokenSecrets

FILE = "renewals.json"


@dataclass(frozen=True, slots=True)
class Revoked:
    """An SSH key, by its fingerprint; `what` says whose it was, `at` when it was revoked, in seconds since 1970."""

    fingerprint: str
    what: str
    why: str
    by: str
    at: int


@dataclass(frozen=True, slots=True)
class Renewals:
    """`turns` maps `host/<id>` and `site/<name>` to how often the key was made anew; who is not in it has the first."""

    revoked: tuple[Revoked, ...] = ()
    turns: Mapping[str, int] = field(default_factory=dict)

    def turn(self, kind: str, name: str) -> int:
        """Which key this is: 0 is the first."""
        return self.turns.get(f"{kind}/{name}", 0)

    def turned(self, kind: str, name: str) -> Renewals:
        """With one more turn for that key."""
        return replace(self, turns={**self.turns, f"{kind}/{name}": self.turn(kind, name) + 1})

    def without(self, keys: Iterable[Revoked]) -> Renewals:
        """With these keys revoked, too; one that is already stays as it was."""
        known = {one.fingerprint: one for one in (*keys, *self.revoked)}
        order = [*(one.fingerprint for one in self.revoked), *known]
        return replace(self, revoked=tuple(known[name] for name in dict.fromkeys(order)))

    @property
    def revocation_list(self) -> str:
        """What sshd and ssh read, in base64."""
        newest = max((one.at for one in self.revoked), default=0)
        return base64.b64encode(pki.revocation_list((one.fingerprint for one in self.revoked), newest)).decode()

    def to_data(self) -> dict[str, object]:
        """Plain values for `json.dumps`."""
        return {"revoked": [asdict(one) for one in self.revoked], "turns": dict(self.turns)}

    @classmethod
    def from_data(cls, data: Mapping[str, object]) -> Renewals:
        """What `to_data` gave. Raises KeyError, TypeError or ValueError for anything else."""
        revoked, turns = data["revoked"], data["turns"]
        if not isinstance(revoked, list) or not isinstance(turns, dict):
            raise TypeError("`revoked` is a list and `turns` a dictionary")
        return cls(tuple(Revoked(**one) for one in revoked), {str(name): int(turn) for name, turn in turns.items()})


def read(folder: Path) -> Renewals:
    """From the folder of the secrets; nothing was ever renewed in a new fleet. Raises BrokenSecrets."""
    path = folder / FILE
    if not path.exists():
        return Renewals()
    try:
        found = Renewals.from_data(json.loads(path.read_bytes()))
        pki.revocation_list((one.fingerprint for one in found.revoked), 0)
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenSecrets(path, f"it cannot be read ({error})") from error
    return found


def write(folder: Path, renewals: Renewals) -> None:
    """Into the folder of the secrets; to be called under their lock."""
    files.write(folder / FILE, json.dumps(renewals.to_data(), indent=2) + "\n", 0o600)
