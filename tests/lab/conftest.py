"""The whole fleet of the Saguirefile, up and as declared, for every test of this folder.

A lab that runs already is used and left running. One that the tests brought up they take down again, unless
SAGUIRE_KEEP_LAB is set. SAGUIRE_LAB chooses another lab than the default one, SAGUIRE_FILE another Saguirefile (a path
inside the checkout).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from lab.running import Running, Show, copy_checkout

from titanicarus.fleet import load


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The fleet, up."""
    if os.geteuid() != 0:
        pytest.fail("the lab needs root: run `sudo ./saguire test`")
    # What is measured comes before who measures: on real servers a test would not even be on the same machine.
    os.setpriority(os.PRIO_PROCESS, 0, 5)
    checkout = copy_checkout(tmp_path_factory.mktemp("lab") / "checkout")
    chosen = os.environ.get("SAGUIRE_FILE")
    file = checkout / chosen if chosen else None
    name = os.environ.get("SAGUIRE_LAB") or load(checkout, file).fleet.name
    fleet = Running(name, checkout, file)
    was_up = fleet.up()
    fleet.saguire("up")
    yield fleet
    if not was_up and not os.environ.get("SAGUIRE_KEEP_LAB"):
        fleet.saguire("down")


@pytest.fixture(autouse=True)
def looked_at_anew(request: pytest.FixtureRequest) -> Iterator[None]:
    """Who breaks something without `whole` does not put it right either: the next test looks for itself."""
    yield
    if "running" in request.fixturenames and "whole" not in request.fixturenames:
        request.getfixturevalue("running").right = False


@pytest.fixture
def whole(running: Running, request: pytest.FixtureRequest) -> Iterator[Running]:
    """The fleet with nothing broken, and put right again afterwards.

    A fleet that cannot be put right ends the run: every test after it would wait for the same thing in vain.
    """
    try:
        if not running.right:  # the test before this one has left it so
            running.put_right()
    finally:
        if not running.right:
            request.session.shouldstop = f"the fleet could not be put right for {request.node.name}"
    running.right = False
    yield running
    running.put_right()


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Show:
    """Print figures, whatever pytest captures: they are the point of a measurement."""

    def printed(text: str) -> None:
        with capsys.disabled():
            print(f"\n    {text}", end="", flush=True)

    return printed
