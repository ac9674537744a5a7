"""All hosts of all shipped Saguirefiles, rendered once for the whole tier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import salt.client
import salt.config
import yaml
from render.rendering import FLEETS, Component, component, minion_config, pillars

LowState = list[dict[str, Any]]


@pytest.fixture(scope="session")
def lowstates(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], LowState]:
    """(fleet file, host) to what `state.show_lowstate` gives for it: a list of states, or of Salt's complaints."""
    shown: dict[tuple[str, str], LowState] = {}
    for fleet_file in FLEETS:
        for host, pillar in pillars(fleet_file).items():
            folder = tmp_path_factory.mktemp("minion")
            shown[fleet_file, host] = _lowstate(folder, host, pillar)
    return shown


def _lowstate(folder: Path, host: str, pillar: dict[str, Any]) -> LowState:
    (folder / "minion").write_text(yaml.safe_dump(minion_config(folder, host, pillar)))
    options = salt.config.minion_config(str(folder / "minion"))
    lowstate: LowState = salt.client.Caller(mopts=options).cmd("state.show_lowstate")
    return lowstate


@pytest.fixture(scope="session")
def components(lowstates: dict[tuple[str, str], LowState]) -> list[Component]:
    """Every configuration directory that any host gets."""
    return [
        component(host, pillars(fleet_file)[host], state)
        for (fleet_file, host), lowstate in lowstates.items()
        for state in lowstate
        if state["state"] == "config_set"
    ]
