"""What can go wrong in the lab. Each message is one sentence that a person can act on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class LabError(Exception):
    """Anything that the lab could not do."""


class LabBusy(LabError):
    """Another process is changing the same lab (or image) now."""


class UnknownHost(LabError):
    """The lab has no host of that name."""


class ProgramFailed(LabError):
    """A program on this machine ended non-zero."""

    def __init__(self, step: str, argv: Sequence[str], returncode: int, output: str, log: Path | None = None) -> None:
        where = f"; the whole log is {log}" if log else ""
        last = " / ".join(line for line in output.strip().splitlines()[-3:] if line.strip()) or "it printed nothing"
        super().__init__(f"{step} failed: `{argv[0]}` ended with {returncode}: {last}{where}")
        self.argv = tuple(argv)
        self.returncode = returncode


class HostFailed(LabError):
    """One host could not be brought up. The others are not concerned."""

    def __init__(self, host_id: str, step: str, reason: str, log: Path) -> None:
        super().__init__(f"{host_id}: {step} failed: {reason}; see {log}")
        self.host_id = host_id
        self.step = step
        self.reason = reason
        self.log = log


class BootFailed(LabError):
    """Some hosts did not come up; `failures` has one HostFailed for each, the other hosts are up."""

    def __init__(self, failures: Sequence[HostFailed]) -> None:
        super().__init__("\n".join(str(failure) for failure in failures))
        self.failures = tuple(failures)
