"""The one fault of Salt's minion that is mended: what is torn down before it ever served can be used again."""

from __future__ import annotations

import pytest

from titanicarus.control.minion import Minion


@pytest.mark.parametrize(("served", "after"), [(None, None), (True, False)])
def test_only_a_minion_that_served_stays_stopped(served: bool | None, after: bool | None) -> None:
    minion = Minion.__new__(Minion)  # its constructor would connect to a master
    minion._running, minion.ready, minion.periodic_callbacks = served, True, {}
    minion.destroy()
    assert minion._running is after
    assert minion.ready is (served is True)
