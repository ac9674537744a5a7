"""Does Salt itself understand the state tree, for every host?"""

from __future__ import annotations

import re
from typing import Any

import pytest
from render.rendering import FLEETS, ROOT, declaration, pillars

from titanicarus.control.reads import reads

HOSTS = [(fleet_file, host.id) for fleet_file in FLEETS for host in declaration(fleet_file).fleet.hosts]
# With one site or a thousand, a host has the same number of states: the loop is in Python. One host may do everything.
MOST_STATES = 150
READS = reads(ROOT)
COMPONENTS = {
    "base": {"library", "base", "names", "trust", "nftables", "salt_minion", "ssh"},
    "lb": {"haproxy", "gateway", "conntrackd", "keepalived", "keeper"},
    "firewall": {"gateway", "conntrackd", "keepalived"},
    "web": {"trust_store", "sites", "valkey", "php", "wordpress", "nginx"},
    "control": {"salt_master", "joins", "renewal", "ledger"},
    "directory": {"directory"},
    "filer": {"filer"},
    "arbiter": {"filer"},
    "db": {"gate", "mariadb", "keeper", "backup", "tenant_databases"},
}


@pytest.mark.parametrize(("fleet_file", "host"), HOSTS)
def test_host_renders(fleet_file: str, host: str, lowstates: dict[Any, Any]) -> None:
    lowstate = lowstates[fleet_file, host]
    complaints = [state for state in lowstate if not isinstance(state, dict)]
    assert not complaints
    assert 10 < len(lowstate) <= MOST_STATES


@pytest.mark.parametrize(("fleet_file", "host"), HOSTS)
def test_host_gets_the_components_of_its_roles_and_no_others(
    fleet_file: str, host: str, lowstates: dict[Any, Any]
) -> None:
    pillar = pillars(fleet_file)[host]
    some = {name for name in ("files", "people", "sftp") if name in pillar}
    wanted = set().union(*(COMPONENTS[role] for role in pillar["roles"]), some)
    assert {state["__sls__"] for state in lowstates[fleet_file, host]} == wanted


@pytest.mark.parametrize(("fleet_file", "host"), HOSTS)
def test_state_ids_are_named_after_their_component(fleet_file: str, host: str, lowstates: dict[Any, Any]) -> None:
    for state in lowstates[fleet_file, host]:
        assert re.fullmatch(rf"{state['__sls__']}_[a-z_]+", state["__id__"]), state["__id__"]


@pytest.mark.parametrize(("fleet_file", "host"), HOSTS)
def test_no_state_restarts_a_daemon_that_serves(fleet_file: str, host: str, lowstates: dict[Any, Any]) -> None:
    """Only Salt's own daemons, the journal and SSSD, whose cache answers meanwhile, may be restarted by a command, and
    only when their file changed."""
    for state in lowstates[fleet_file, host]:
        if state["state"] == "cmd":
            assert state["__sls__"] in {"salt_minion", "salt_master", "base", "trust_store", "people"}, state
            assert state.get("onchanges"), state
        assert state["state"] != "service", "service.running restarts: use daemon.running"


@pytest.mark.parametrize(("fleet_file", "host"), HOSTS)
def test_no_state_has_salt_look_for_a_function_that_is_not_there(
    fleet_file: str, host: str, lowstates: dict[Any, Any]
) -> None:
    """For these words Salt asks the state's module whether it judges them itself, finds no such function, and loads
    every module that it has to be sure: a fifth of a first apply, seen once. A custom state looks for itself."""
    for state in lowstates[fleet_file, host]:
        assert not {"unless", "onlyif", "creates"} & set(state), state


@pytest.mark.parametrize(("fleet_file", "host"), HOSTS)
def test_what_is_watched_is_what_the_states_start(fleet_file: str, host: str, lowstates: dict[Any, Any]) -> None:
    pillar = pillars(fleet_file)[host]
    daemons = {state["name"] for state in lowstates[fleet_file, host] if state["state"] == "daemon"}
    started = {name for name in daemons if name.endswith(".service")}
    started |= {f"titanicarus-mariadb@{shard['name']}.service" for shard in pillar.get("db", {}).get("shards", ())}
    assert set(pillar["healing"]["units"]) == started


@pytest.mark.parametrize(("fleet_file", "host"), HOSTS)
def test_what_a_component_requires_runs_with_it(fleet_file: str, host: str, lowstates: dict[Any, Any]) -> None:
    """New data runs some components only, and Salt renders nothing when one requires a state that is not there."""
    for state in lowstates[fleet_file, host]:
        for kind in ("require", "onchanges", "onfail", "watch", "listen", "prereq"):
            for requisite in state.get(kind, ()):
                for name in requisite.values():
                    others = {component for component in READS if name.startswith(f"{component}_")}
                    known = {state["__sls__"], *READS[state["__sls__"]]["needs"]}
                    assert others & known, f"{state['__id__']} requires {name}"


def test_library_comes_first(lowstates: dict[Any, Any]) -> None:
    for host, lowstate in lowstates.items():
        first = min(lowstate, key=lambda state: state["order"])
        assert first["__id__"] == "library_release", host
