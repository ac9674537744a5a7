"""For every tier of tests."""

from __future__ import annotations

import sys

import salt

# Importing salt puts a finder without `find_spec` into sys.meta_path. Python forgives that; pytest's importer, which
# loads the conftests of the tiers next, does not.
assert salt
sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]
