"""What can go wrong in the control plane, each with its own name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


class ControlError(Exception):
    """Base of the control plane's errors; the message is one clear sentence."""


class BrokenSecrets(ControlError):
    """The folder with the fleet's secrets is incomplete, inconsistent or open to others. Nothing was changed."""

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(f"{path}: {found}. The fleet's secrets are made only once; see docs/control.md (recovery)")
        self.path = path


class NoMaster(ControlError):
    """No control host can be reached with a running Salt master."""

    def __init__(self, tried: Mapping[str, str]) -> None:
        seen = "; ".join(f"{host}: {why}" for host, why in sorted(tried.items())) or "the fleet has none"
        super().__init__(f"no control host with a running Salt master answers ({seen})")
        self.tried = dict(tried)


class Refused(ControlError):
    """A tree was refused: nothing changed anywhere. `reasons` maps each reason to the hosts that gave it."""

    def __init__(self, reasons: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__("refused, nothing was changed:\n" + "\n".join(f"  {reason}" for reason in reasons))
        self.reasons = dict(reasons)


class Unjudged(ControlError):
    """The control host that was to judge new code for all of them was lost before it answered: nothing changed."""

    def __init__(self, judge: str, why: str) -> None:
        super().__init__(f"{judge} was to judge the new code and was lost ({why}); nothing was changed: push again")


class SnapshotFailed(ControlError):
    """The working tree could not be made into a git revision."""


class ActivationFailed(ControlError):
    """A control host could not switch to a release that all had accepted; the others were switched back."""
