"""`saguire fault run` and `saguire fault storm` on the fleet, with whatever they say of it."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest
from lab.running import Running, Show, until

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(2400)]
ROW = "2"
STORM_MINUTES = "4"


def test_a_row_is_run_judged_and_told(whole: Running, tmp_path: Path, show: Show) -> None:
    done = whole.saguire("fault", "run", ROW, "--seed", "3", "--out", str(tmp_path), "--json", ok=False)
    document = json.loads(done.stdout)
    (ran,) = document["rows"]
    show(f"fault run {ROW}: {ran['title']}: {[felt['longest_gap'] for felt in ran['felt']]}, {ran['problems']}")
    assert done.returncode == 0, done.stderr
    assert {mark["stage"] for mark in ran["timeline"]} >= {"fault", "detected", "mended", "recovered"}
    assert json.loads((tmp_path / "report.json").read_text())["rows"] == document["rows"]
    page = (tmp_path / "report.html").read_text()
    assert re.search(r"<svg.*?<circle", page, re.DOTALL)
    assert whole.json("fault", "list") == {"cuts": [], "hosts": {}, "inside": []}


def test_a_run_that_is_stopped_mends_what_it_broke(whole: Running, tmp_path: Path) -> None:
    running = whole.start("fault", "run", ROW, "--seed", "3", "--out", str(tmp_path))
    try:
        until("a host being off", lambda: bool(whole.json("fault", "list")["hosts"]), 240, poll=0.5)
        running.send_signal(signal.SIGINT)
        output = running.communicate(timeout=300)[0]
    finally:
        if running.poll() is None:
            running.kill()
            running.wait()
    assert running.returncode == 130, output
    assert "what was broken is mended" in output
    assert whole.json("fault", "list") == {"cuts": [], "hosts": {}, "inside": []}


def test_a_short_storm_is_clean(whole: Running, tmp_path: Path, show: Show) -> None:
    words = ("--minutes", STORM_MINUTES, "--seed", "1", "--out", str(tmp_path), "--json")
    done = whole.saguire("fault", "storm", *words, ok=False)
    document = json.loads(done.stdout)
    show(f"storm of {STORM_MINUTES} minutes: {document['figures']}, {document['verdict']}")
    assert document["faults"], "nothing was broken"
    assert done.returncode == 0, done.stderr
    assert whole.json("fault", "list") == {"cuts": [], "hosts": {}, "inside": []}
