"""For every tier of tests."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

import pytest
import salt
from hypothesis import HealthCheck, settings

# Importing salt puts a finder without `find_spec` into sys.meta_path. Python forgives that; pytest's importer, which
# loads the conftests of the tiers next, does not.
assert salt
sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]


# Tests that compute give way to those that wait for daemons: how long an example takes says nothing of it.
settings.register_profile("beside", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("beside")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[pytest.TestReport]:
    """Say what failed when it fails: a run that is cut off never comes to its summary."""
    report = yield
    if report.failed:
        capture = item.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            print(f"\n{item.nodeid}, {report.when}:\n{report.longreprtext}", flush=True)
    return report


def pytest_unconfigure() -> None:
    """Salt's background threads still log when pytest has closed its streams; what they say then helps nobody, and
    hides the summary of the run."""
    logging.raiseExceptions = False
