"""The thin modules that Salt loads: which pillar a name gets, and what a run comes down to."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fixtures.control_plane import ROOT
from salt.exceptions import SaltRenderError


def loaded(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem + "_adapter", ROOT / path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pillars(tmp_path: Path) -> Path:
    folder = tmp_path / "pillar"
    folder.mkdir()
    for host in ("syd-web1", "syd-lb1"):
        (folder / f"{host}.json").write_text(json.dumps({"host": {"id": host}}))
    (tmp_path / "secret.json").write_text(json.dumps({"host": {"id": "../secret"}}))
    return folder


def test_a_host_gets_the_file_with_its_name(pillars: Path) -> None:
    assert loaded("_pillar/titanicarus.py").ext_pillar("syd-web1", {}, str(pillars)) == {"host": {"id": "syd-web1"}}


@pytest.mark.parametrize(
    "name", ["../secret", "syd-web1/../syd-lb1", "/etc/passwd", "", "syd", "SYD-WEB1", "syd-web1\n"]
)
def test_what_is_no_id_is_refused_before_any_file_is_looked_for(name: str, pillars: Path) -> None:
    with pytest.raises(SaltRenderError, match="no id of a host"):
        loaded("_pillar/titanicarus.py").ext_pillar(name, {}, str(pillars))


def test_a_host_without_a_pillar_fails_instead_of_losing_its_configuration(pillars: Path) -> None:
    with pytest.raises(SaltRenderError, match="no pillar was compiled for syd-web2"):
        loaded("_pillar/titanicarus.py").ext_pillar("syd-web2", {}, str(pillars))


def test_a_pillar_that_says_another_name_is_refused(pillars: Path) -> None:
    (pillars / "syd-web2.json").write_text(json.dumps({"host": {"id": "syd-lb1"}}))
    with pytest.raises(SaltRenderError, match="syd-lb1's"):
        loaded("_pillar/titanicarus.py").ext_pillar("syd-web2", {}, str(pillars))


class Minion:
    """The platform module with a `state.apply` that gives what a test wants."""

    def __init__(self, folder: Path) -> None:
        self.module: Any = loaded("_modules/platform.py")
        self.module.LOCK = folder / "lock"
        self.module.__opts__ = {"id": "syd-web1"}
        self.module.__context__ = {}
        self.module.__salt__ = {"state.apply": self._run}
        self.record = folder / "state/applied"
        self.result: Any = good()
        self.runs: list[dict[str, Any]] = []

    def _run(self, *mods: str, **options: Any) -> Any:
        self.runs.append(options | ({"mods": mods[0]} if mods else {}))
        return self.result

    def apply(self, revision: str | None = "r1", **options: Any) -> dict[str, Any]:
        expected = {"syd-web1": revision, "syd-web2": "other"} if revision else None
        return dict(self.module.apply(expected, record=str(self.record), **options))

    def applied(self) -> dict[str, Any]:
        return dict(self.module.applied(str(self.record)))


def state(result: bool | None = True, changes: dict[str, str] | None = None, comment: str = "") -> dict[str, Any]:
    return {"result": result, "changes": changes or {}, "comment": comment, "__id__": "nginx_conf"}


def good() -> dict[str, Any]:
    return {"file_|-nginx_conf_|-/etc/nginx_|-managed": state(changes={"diff": "x"}), "test_|-b_|-b_|-nop": state()}


@pytest.fixture
def minion(tmp_path: Path) -> Minion:
    return Minion(tmp_path)


def test_what_was_applied_with_success_is_not_applied_again(minion: Minion) -> None:
    first = minion.apply()
    assert (first["outcome"], first["changed"], first["states"]) == ("applied", ["nginx_conf"], 2)
    assert minion.apply()["outcome"] == "unchanged" and len(minion.runs) == 1
    assert minion.apply(full=True)["outcome"] == "applied" and len(minion.runs) == 2
    assert minion.apply("r2")["outcome"] == "applied" and minion.applied()["revision"] == "r2"


def test_a_run_that_failed_leaves_no_record_not_even_the_old_one(minion: Minion) -> None:
    minion.apply("r1")
    minion.result = good() | {"cmd_|-a_|-a_|-run": state(False, comment="no such file")}
    failed = minion.apply("r2")
    assert failed["outcome"] == "failed" and failed["failed"][0]["comment"] == "no such file"
    assert minion.module.__context__["retcode"] == 2
    assert minion.applied() == {}
    minion.result = good()
    assert minion.apply("r1")["outcome"] == "applied"


@pytest.mark.parametrize("result", [["Rendering SLS failed"], "an error", {}, None])
def test_a_run_without_states_is_a_failure(result: Any, minion: Minion) -> None:
    minion.result = result
    assert minion.apply()["outcome"] == "failed" and minion.applied() == {}


def test_a_test_run_records_nothing_and_forgets_nothing(minion: Minion) -> None:
    minion.apply("r1")
    assert minion.apply("r2", test=True)["outcome"] == "applied"
    assert minion.runs[-1]["test"] is True and minion.applied()["revision"] == "r1"


def test_new_data_runs_the_components_that_it_touches(minion: Minion) -> None:
    minion.result = {
        "a_|-x_|-x_|-managed": state() | {"__sls__": "nginx", "__run_num__": 1},
        "a_|-y_|-y_|-managed": state() | {"__sls__": "base", "__run_num__": 0},
    }
    minion.apply("c-1")
    assert minion.applied()["components"] == ["base", "nginx"]
    minion.apply("c-2", only={"syd-web1": {"since": "c-1", "components": ["nginx", "php"]}})
    assert minion.runs[-1]["mods"] == "nginx,php"
    assert (minion.applied()["components"], minion.applied()["revision"]) == (["base", "nginx"], "c-2")


@pytest.mark.parametrize("options", [{"full": True}, {"test": True}, {"since": "c-0"}])
def test_all_components_run_when_asked_to_or_when_the_host_is_not_where_it_was_thought(
    options: dict[str, Any], minion: Minion
) -> None:
    minion.apply("c-1")
    since = options.pop("since", "c-1")
    minion.apply("c-2", only={"syd-web1": {"since": since, "components": ["nginx"]}}, **options)
    assert "mods" not in minion.runs[-1]


def test_an_apply_by_hand_without_revisions_always_runs(minion: Minion) -> None:
    minion.apply("r1")
    assert minion.apply(None)["outcome"] == "applied" and len(minion.runs) == 2


def test_a_record_that_cannot_be_read_is_no_record(minion: Minion) -> None:
    minion.record.parent.mkdir()
    minion.record.write_text("half a rec")
    assert minion.applied() == {} and minion.apply()["outcome"] == "applied"


def test_thousands_of_changes_stay_a_short_answer(minion: Minion) -> None:
    minion.result = {f"file_|-s{number}_|-x_|-managed": state(changes={"a": "b"}) for number in range(5000)}
    answer = minion.apply()
    assert answer["changes"] == 5000 and len(json.dumps(answer)) < 4000


@pytest.mark.parametrize(("timer", "service", "told"), [("no", "no", "no"), ("no", "yes", "yes"), ("yes", "no", "yes")])
@pytest.mark.parametrize("ending", ["timer", "path"])
def test_systemd_is_told_of_a_new_service_behind_a_timer_or_path(
    timer: str, service: str, told: str, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def systemctl(argv: list[str]) -> str:
        asked.append(argv[-2:])
        return f"ActiveState=active\nNeedDaemonReload={timer}\n\nActiveState=inactive\nNeedDaemonReload={service}\n"

    module = loaded("_modules/daemon.py")
    monkeypatch.setattr(module, "_systemctl", systemctl)
    assert module.show(f"bases.{ending}") == {"ActiveState": "active", "NeedDaemonReload": told}
    assert asked == [[f"bases.{ending}", "bases.service"]]


def test_what_a_host_says_of_itself(tmp_path: Path) -> None:
    module = loaded("_modules/platform.py")
    record = tmp_path / "applied"
    assert module.standing(str(record))["revision"] == ""
    record.write_text(json.dumps({"revision": "abc"}))
    said = module.standing(str(record))
    assert said["revision"] == "abc" and said["clock"] > 1e9
