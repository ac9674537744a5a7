"""The lab's network in real namespaces of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyroute2

SOURCE = Path(__file__).parents[2] / "src"
# Like a drill: whoever ends it has it raise, so that it mends first.
DRILL = """
import signal, sys
from titanicarus.lab.network import _pyroute2

def interrupt(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGTERM, interrupt)
try:
    for _ in range(20):
        with _pyroute2().IPRoute(netns=sys.argv[1]) as routes:
            routes.get_links()
finally:
    print("mending", flush=True)
"""


def test_a_child_that_enters_a_namespace_never_goes_on_as_a_second_drill() -> None:
    """pyroute2 ends its children by SIGTERM; with the drill's own answer to it there were 21 to 46 that mended."""
    namespace = f"tita-test-{os.getpid()}"
    pyroute2.netns.create(namespace)
    try:
        done = subprocess.run(
            [sys.executable, "-c", DRILL, namespace],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        pyroute2.netns.remove(namespace)
    assert (done.returncode, done.stdout) == (0, "mending\n"), done.stderr
