"""Every host's states through Salt's own rendering, and every configuration that those states would write."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, reduce
from pathlib import Path
from typing import Any

import salt.client
import salt.config
import yaml
from fixtures.repository import OPERATORS

from titanicarus import pki
from titanicarus.configset import render
from titanicarus.configset.plan import match
from titanicarus.control.pillars import Digests, compile_all
from titanicarus.control.trust import Trust
from titanicarus.fleet import Declaration, load
from titanicarus.wordpress.configuration import configurations

ROOT = Path(__file__).resolve().parents[2]
# The pure functions behind the execution functions that configuration sets have files from.
FILES_FROM = {"wordpress.files": lambda pillar: configurations(pillar["web"])}
LowState = list[dict[str, Any]]
FLEETS = (
    "Saguirefile",
    "examples/small.saguirefile",
    "examples/two-islands.saguirefile",
    "tests/fixtures/fleets/two-islands.saguirefile",
    "tests/fixtures/fleets/no-databases.saguirefile",
)


@dataclass(frozen=True)
class Component:
    """One configuration directory of one host: the state's name and check, and the files with their modes."""

    host: str
    state: str
    check: tuple[str, ...]
    files: Mapping[str, bytes]
    modes: Mapping[str, int]


@cache
def declaration(fleet_file: str) -> Declaration:
    return load(ROOT, ROOT / fleet_file)


@cache
def pillars(fleet_file: str) -> dict[str, dict[str, Any]]:
    """What the control hosts would give to each host, with certificates of a CA made for this run."""
    declared = declaration(fleet_file)
    now = datetime.now(UTC)
    root = pki.make_root(declared.fleet.name, now)
    islands = {name: pki.make_island(root, declared.fleet.name, name, now) for name in declared.fleet.islands}
    trust = Trust(root.certificate_pem, islands, {}, pki.SealingKey.make(), OPERATORS)
    window = pki.window_at(now, declared.policy.certificate_days)
    compiled = compile_all(declared, trust, window, Digests("code", "library"))
    return {one.host: json.loads(one.text) for one in compiled}


def minion_config(folder: Path, host: str, pillar: Mapping[str, Any]) -> dict[str, Any]:
    """A masterless minion that serves itself the state tree of this checkout and one host's pillar."""
    (folder / "pillar").mkdir()
    (folder / "pillar/top.sls").write_text("base:\n  '*': [host]\n")
    (folder / "pillar/host.sls").write_text("#!yaml\n" + yaml.safe_dump(dict(pillar)))
    (folder / "extensions").mkdir()
    for name in ("_modules", "_states"):
        (folder / "extensions" / name).symlink_to(ROOT / name)
    return {
        "id": host,
        "root_dir": str(folder),
        "file_client": "local",
        "file_roots": {"base": [str(ROOT / "salt"), str(folder / "extensions")]},
        "fileserver_followsymlinks": True,
        "pillar_roots": {"base": [str(folder / "pillar")]},
        "module_dirs": [str(folder / "extensions")],
        "autoload_dynamic_modules": False,
        "enable_fqdns_grains": False,
        "enable_gpu_grains": False,
        "log_file": "/dev/null",
        "log_level": "critical",
    }


def lowstate_of(folder: Path, host: str, pillar: Mapping[str, Any]) -> LowState:
    """What `state.show_lowstate` gives for a host: a list of states, or of Salt's complaints. `folder` is scratch."""
    (folder / "minion").write_text(yaml.safe_dump(minion_config(folder, host, pillar)))
    options = salt.config.minion_config(str(folder / "minion"))
    lowstate: LowState = salt.client.Caller(mopts=options).cmd("state.show_lowstate")
    return lowstate


def component(host: str, pillar: Mapping[str, Any], state: Mapping[str, Any]) -> Component:
    """The files of one `config_set.managed`, by the same pure function that the module uses."""
    source = ROOT / "salt" / str(state["source"]).removeprefix("salt://")
    sources = {str(path.relative_to(source)): path.read_bytes() for path in sorted(source.rglob("*")) if path.is_file()}
    files = render(sources, pillar, state.get("context", {}))
    for folder, rule in state.get("pillar_files", {}).items():
        values = reduce(lambda level, key: level[key], rule["pillar"].split(":"), pillar)
        for key, text in values.items():
            data = base64.b64decode(text) if rule.get("base64") else text.encode()
            files[f"{folder}/{key}{rule.get('suffix', '')}"] = data
    if "files_from" in state:
        files |= {path: file.text.encode() for path, file in FILES_FROM[state["files_from"]](pillar).items()}
    octal = {pattern: int(str(mode), 8) for pattern, mode in state.get("modes", {}).items()}
    modes = {path: match(path, octal, int(str(state.get("mode", "0644")), 8)) for path in files}
    return Component(host, str(state["name"]), tuple(state.get("check", ())), files, modes)
