"""Each event of the catalogue through Salt's own reactor: one call of the guard, with what was said, nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import salt.config
import salt.utils.reactor
from render.rendering import ROOT, declaration

from titanicarus.control.salt_config import EVENTS, master_config
from titanicarus.heal import ailment, presence, report

PLAIN: dict[str, Any] = {
    "id": "syd-web1", "unit": "nginx.service", "boot": "0f2e7a30-1111-4222-8333-444455556666", "up": 5012.3,
    "seconds": 8.0, "looks": 2, "again": False, "_stamp": "2026-11-26T10:15:00.123456",
}  # fmt: skip
HOSTILE: list[Any] = [
    "{{ salt['cmd.run']('id') }}",
    "{% for x in range(9) %}x{% endfor %}",
    "a\n- runner.salt.cmd:\n  - args: [cmd.run, id]",
    "quote \" and ' and \\ and \u2028 and \U0001f600 and \x00",
    "!!python/object/apply:os.system [id]",
    {"<<": {"tag": "other"}, "=": 1, "? ": None, "&a": "*a"},
    ["[", "]", "{", "}", ": ", " #"],
    1e308,
    None,
    "x" * 5000,
]


@pytest.fixture(scope="module")
def reactor(tmp_path_factory: pytest.TempPathFactory) -> salt.utils.reactor.Reactor:
    folder = tmp_path_factory.mktemp("master")
    (folder / "master").write_text(f"root_dir: {folder}\nuser: root\nlog_file: /dev/null\n")
    return salt.utils.reactor.Reactor(salt.config.master_config(str(folder / "master")))


def files() -> dict[str, Path]:
    """Pattern of a tag to the file, as masters are told."""
    fleet = declaration("Saguirefile").fleet
    config = master_config(fleet, fleet.with_role("control")[0])  # type: ignore[arg-type]
    found = {pattern: paths for entry in config["reactor"] for pattern, paths in entry.items()}
    assert all(len(paths) == 1 for paths in found.values())
    return {pattern: ROOT / "reactor" / Path(paths[0]).name for pattern, paths in found.items()}


def chunks(reactor: salt.utils.reactor.Reactor, event: str, data: Any) -> list[dict[str, Any]]:
    file = files()[f"salt/beacon/*/{event}"]
    made: list[dict[str, Any]] = reactor.reactions(f"salt/beacon/syd-web1/{event}", data, [str(file)])
    return made


def test_there_is_a_file_for_each_event_and_no_other() -> None:
    assert {beacon: set(events) for beacon, events in EVENTS.items()} == {
        "units": set(report.Kind),
        "hosts": set(presence.Kind),
        "parts": set(ailment.Kind),
    }
    assert sorted(files().values()) == sorted((ROOT / "reactor").iterdir())


@pytest.mark.parametrize("event", [f"{beacon}/{event}" for beacon, events in EVENTS.items() for event in events])
def test_an_event_is_one_call_of_the_guard(event: str, reactor: salt.utils.reactor.Reactor) -> None:
    (chunk,) = chunks(reactor, event, PLAIN)
    assert (chunk["state"], chunk["fun"], chunk["__id__"]) == ("runner", "heal.event", event.replace("s/", "_"))
    tag, data = chunk["args"]
    assert tag == {"tag": f"salt/beacon/syd-web1/{event}"}
    assert data.keys() == {"data"} and json.loads(data["data"]) == PLAIN


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_is_sent_is_data(value: Any, reactor: salt.utils.reactor.Reactor) -> None:
    (chunk,) = chunks(reactor, "units/stopped", {**PLAIN, "unit": value})
    assert (chunk["state"], chunk["fun"], len(chunk["args"])) == ("runner", "heal.event", 2)
    assert json.loads(chunk["args"][1]["data"]) == {**PLAIN, "unit": value}
