"""All hosts of all shipped Saguirefiles, rendered once for the whole tier."""

from __future__ import annotations

import pytest
from render.rendering import FLEETS, Component, LowState, component, lowstate_of, pillars


@pytest.fixture(scope="session")
def lowstates(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], LowState]:
    """(fleet file, host) to what `state.show_lowstate` gives for it: a list of states, or of Salt's complaints."""
    shown: dict[tuple[str, str], LowState] = {}
    for fleet_file in FLEETS:
        for host, pillar in pillars(fleet_file).items():
            folder = tmp_path_factory.mktemp("minion")
            shown[fleet_file, host] = lowstate_of(folder, host, pillar)
    return shown


@pytest.fixture(scope="session")
def components(lowstates: dict[tuple[str, str], LowState]) -> list[Component]:
    """Every configuration directory that any host gets."""
    return [
        component(host, pillars(fleet_file)[host], state)
        for (fleet_file, host), lowstate in lowstates.items()
        for state in lowstate
        if state["state"] == "config_set"
    ]
