"""For every tier of tests."""

from __future__ import annotations

import logging
import sys

import salt

# Importing salt puts a finder without `find_spec` into sys.meta_path. Python forgives that; pytest's importer, which
# loads the conftests of the tiers next, does not.
assert salt
sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]


def pytest_unconfigure() -> None:
    """Salt's background threads still log when pytest has closed its streams; what they say then helps nobody, and
    hides the summary of the run."""
    logging.raiseExceptions = False
