"""Which tests run at the same time, and what the run as a whole ends with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from titanicarus.cli import testing
from titanicarus.cli.testing import TIERS, parts, run_tests


def test_what_only_computes_runs_beside_what_needs_no_fleet_and_the_lab_alone() -> None:
    assert parts(TIERS) == [[["lint", "unit"], ["render", "functional"]], [["lab"]]]
    assert parts(["unit"]) == [[["unit"]]]
    assert parts(["lab"]) == [[["lab"]]]
    assert parts(["functional", "lab"]) == [[["functional"]], [["lab"]]]


@pytest.fixture
def tiers(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What the tiers end with, 0 for those that are not here; each says its name and that it ran."""
    codes: dict[str, int] = {}

    def command(root: Path, run: Sequence[str], arguments: Sequence[str], *, everything: bool) -> list[str]:
        code = max(codes.get(tier, 0) for tier in run)
        return ["sh", "-c", f"echo the words of {'+'.join(run)}; touch {' '.join(run)}; exit {code}"]

    monkeypatch.setattr(testing, "_command", command)
    return codes


def test_every_tier_runs_when_none_is_named(tiers: dict[str, int], tmp_path: Path) -> None:
    assert run_tests(tmp_path, [], [], everything=False) == 0
    assert {path.name for path in tmp_path.iterdir()} == set(TIERS)


@pytest.mark.parametrize("tier", TIERS)
def test_a_failure_anywhere_is_the_failure_of_the_run_and_everything_is_shown(
    tiers: dict[str, int], tier: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tiers[tier] = 1
    assert run_tests(tmp_path, [], [], everything=False) == 1
    assert {path.name for path in tmp_path.iterdir()} == set(TIERS)
    words = capfd.readouterr().out
    assert all(f"the words of {run}\n" in words for run in ("lint+unit", "render+functional", "lab"))


def test_who_stops_it_does_not_get_the_lab(tiers: dict[str, int], tmp_path: Path) -> None:
    tiers["functional"] = testing.INTERRUPTED
    assert run_tests(tmp_path, [], [], everything=False) == testing.INTERRUPTED
    assert not (tmp_path / "lab").exists()


def test_choosing_tests_of_one_run_is_no_failure_and_choosing_none_is(tiers: dict[str, int], tmp_path: Path) -> None:
    tiers |= {"unit": testing.NOTHING_CHOSEN, "lint": testing.NOTHING_CHOSEN, "lab": testing.NOTHING_CHOSEN}
    assert run_tests(tmp_path, [], ["-k", "x"], everything=False) == 0
    tiers["functional"] = testing.NOTHING_CHOSEN
    assert run_tests(tmp_path, [], ["-k", "x"], everything=False) == testing.NOTHING_CHOSEN
