"""Somebody who writes files on a mount, and what became of each file that he was told was written."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence

from titanicarus.lab import Lab, Probe, ProbeResult, Target
from titanicarus.lab.probe import FILE_CLIENT
from titanicarus.operations.errors import OperationFailed
from titanicarus.transport import run

RATE = 20.0
HUNG_SECONDS = 60.0
"""How long a file may take at the end of a run: who writes to bricks that hang waits for them."""
READ_SECONDS = 600.0
_READER = """
import json, shutil, sys
folder, missing = sys.argv[1], []
for number in json.load(sys.stdin):
    try:
        with open(f"{folder}/{number}") as file:
            if file.read() != f"{number} " + "x" * 4090:
                missing.append(number)
    except OSError:
        missing.append(number)
if not missing:
    shutil.rmtree(folder)
print(json.dumps(missing))
"""


class FileWriter:
    """Files of 4 KiB on one host's mount of a volume, read back on another's. Figures as of the probe."""

    def __init__(self, lab: Lab, volume: str, writer: str, reader: str, rate: float = RATE) -> None:
        """`rate` is files a second."""
        self._lab = lab
        self._reader = reader
        self._folder = f"/srv/files/{volume}/drill-{uuid.uuid4().hex[:8]}"
        target = Target(f"files of {volume}, written on {writer}", f"file://{self._folder}")
        self.probe = Probe(
            lambda argv: lab.command(writer, argv), [target], rate=rate, deadline=HUNG_SECONDS, client=FILE_CLIENT
        )

    def lost(self, result: ProbeResult) -> list[int]:
        """The files that were written, as their writer was told, and that the other host does not find as they were.

        When nothing is missing the files are removed. Raises Unreachable, and OperationFailed.
        """
        argv = ["python3", "-I", "-c", _READER, self._folder]
        asked = json.dumps(written(result)).encode()
        done = run(self._lab, self._reader, argv, input=asked, timeout=READ_SECONDS)
        try:
            return [int(number) for number in json.loads(done.stdout)]
        except (ValueError, TypeError) as error:
            raise OperationFailed(f"{self._reader} does not say which files there are: {error}") from error


def written(result: ProbeResult) -> Sequence[int]:
    """The numbers of the files that were written: the answers come in their order."""
    return [number for number, answer in enumerate(result.answers) if answer.good]
