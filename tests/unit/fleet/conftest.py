"""The sample repository for the tests of the fleet model."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A valid repository of two islands and two tenants, not written yet."""
    return Repository(tmp_path)
