"""The Salt keys that were let in by tickets (titanicarus.joining), on a control host and with the operator.

One JSON document, by host. A host that never joined by a ticket has the key that it was born with. Whatever was made
last counts, wherever it is known. Imports little: `deploy` needs it on six hosts at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from titanicarus.control import files
from titanicarus.control.errors import ControlError


@dataclass(frozen=True, slots=True)
class Joined:
    """`public` (PEM) counts since `made`, the Unix second in which its ticket was made; `number` is the ticket's, empty
    for the key of birth of a host that was provisioned anew."""

    public: str
    made: int
    number: str = ""


class UsedTwice(ControlError):
    """Two control hosts let different keys in by one ticket."""


def read(path: Path) -> dict[str, Joined]:
    """By host; empty when nobody joined yet. Raises ControlError for a damaged file."""
    try:
        return parse(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        raise ControlError(
            f"{path}: it is no list of keys that were let in ({error}); restore it or remove it"
        ) from error


def parse(text: str) -> dict[str, Joined]:
    """The content of such a file; of nothing, nothing. Raises ValueError, TypeError or AttributeError."""
    return {host: Joined(**entry) for host, entry in json.loads(text or "{}").items()}


def write(path: Path, joined: Mapping[str, Joined]) -> None:
    """Replace the file, durably; for root alone."""
    text = json.dumps({host: asdict(one) for host, one in joined.items()}, sort_keys=True, indent=1)
    files.write(path, text, 0o600)


def merged(known: Mapping[str, Joined], heard: Mapping[str, Mapping[str, Joined]]) -> dict[str, Joined]:
    """What counts, of what was known here and what was heard from control hosts (by their id).

    Raises UsedTwice when one ticket let two keys in: somebody else has it, or the machine lost its disk meanwhile.
    """
    found, who = dict(known), dict.fromkeys(known, "the operator")
    for control, theirs in sorted(heard.items()):
        for host, one in theirs.items():
            before = found.get(host)
            if before and before.number and before.number == one.number and before.public != one.public:
                raise UsedTwice(
                    f"ticket {one.number} for {host} let one key in at {who[host]} and another one at {control}:"
                    f" if you do not know why, take {host} off the network; a new ticket for it decides"
                )
            if before is None or one.made > before.made:
                found[host], who[host] = one, control
    return found


def in_force(minions: Mapping[str, str], since: Mapping[str, int], joined: Mapping[str, Joined]) -> dict[str, str]:
    """The keys that a control host accepts: `minions` and `since` as it was told, unless it let a newer one in."""
    return {
        host: joined[host].public if host in joined and joined[host].made > since.get(host, 0) else public
        for host, public in minions.items()
    }
