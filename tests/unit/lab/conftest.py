"""Fleets for the lab's tests: the ones that the project ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from titanicarus.fleet import Fleet, load

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    """The default fleet: three islands with nine hosts each."""
    return load(ROOT).fleet


@pytest.fixture(scope="session")
def small() -> Fleet:
    """The small fleet: one island with three hosts."""
    return load(ROOT, ROOT / "examples/small.saguirefile").fleet
