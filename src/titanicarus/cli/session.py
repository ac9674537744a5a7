"""Which declaration and which lab a command speaks of."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from titanicarus.fleet import Declaration, Fleet, load
from titanicarus.lab import DEFAULT_DISK_MIB, STATE_DIR, Lab

ROOT = Path(__file__).resolve().parents[3]
"""The checkout that this command runs from: its states and pillar are what `push` delivers."""


class NoLab(Exception):
    """No lab could be meant by this command; the message says how to name one."""


@dataclass(frozen=True)
class Session:
    """A lab and the Saguirefile that it is made from (None: the default one of the checkout)."""

    file: Path | None
    lab: Lab

    @cached_property
    def declaration(self) -> Declaration:
        """The declaration as the files say now, which may differ from what the lab carries.

        Raises InvalidInput with every problem.
        """
        return load(ROOT, self.file)


def begin(file: Path | None, lab_name: str | None, disk_mib: int = DEFAULT_DISK_MIB) -> Session:
    """A session for `up`: the lab is named after the fleet unless a name is given.

    `disk_mib` is the size of new disks of database hosts and filers. Raises InvalidInput.
    """
    file = file.resolve() if file else None
    declaration = load(ROOT, file)
    name = lab_name or os.environ.get("SAGUIRE_LAB") or declaration.fleet.name
    session = Session(file, Lab(name, declaration.fleet, disk_mib=disk_mib))
    session.__dict__["declaration"] = declaration
    return session


def remember(session: Session) -> None:
    """Store what the lab was made from.

    Later commands then need no --file, and a Saguirefile that somebody broke since cannot keep an
    operator from looking into the lab or taking it down.
    """
    memory = _memory(session.lab.name)
    memory.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "file": str(session.file) if session.file else None,
        "fleet": session.declaration.fleet.model_dump(mode="json"),
    }
    candidate = memory.with_suffix(".new")
    candidate.write_text(json.dumps(content))
    candidate.rename(memory)


def resume(lab_name: str | None) -> Session:
    """A session on a lab that `up` made. Raises NoLab when none or several could be meant."""
    name = lab_name or os.environ.get("SAGUIRE_LAB") or _only_lab()
    memory = _memory(name)
    if not memory.is_file():
        raise NoLab(f"there is no lab called {name}: `saguire up` makes one (known: {', '.join(_labs()) or 'none'})")
    content = json.loads(memory.read_text())
    fleet = Fleet.model_validate(content["fleet"])
    return Session(Path(content["file"]) if content["file"] else None, Lab(name, fleet))


def forget(session: Session) -> None:
    """Drop the memory of a lab that is gone."""
    _memory(session.lab.name).unlink(missing_ok=True)


def _labs() -> list[str]:
    return sorted(path.parent.name for path in (STATE_DIR / "labs").glob("*/lab.json"))


def _only_lab() -> str:
    labs = _labs()
    if len(labs) == 1:
        return labs[0]
    if not labs:
        raise NoLab("no lab is up: `saguire up` makes one")
    raise NoLab(f"several labs are up ({', '.join(labs)}): name one with --lab NAME or SAGUIRE_LAB")


def _memory(name: str) -> Path:
    return STATE_DIR / "labs" / name / "lab.json"
