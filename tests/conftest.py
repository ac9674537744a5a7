"""For every tier of tests."""

from __future__ import annotations

import sys


def pytest_collection() -> None:
    """Salt puts a finder without `find_spec` first in sys.meta_path; Python forgives it, pytest's importer does not."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]
