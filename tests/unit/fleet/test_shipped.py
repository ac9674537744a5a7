"""What ships is valid, the schemas are current, and a thousand sites are no burden."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from fixtures.many_sites import write_tenant

from titanicarus.fleet import BUILT, Role, SchemaKind, json_schema, load, pillar_for
from titanicarus.fleet.schema import schema_texts, write_schemas

ROOT = Path(__file__).parents[3]


def test_the_default_fleet_is_the_seed_design() -> None:
    declaration = load(ROOT)
    assert set(declaration.fleet.islands) == {"syd", "mel", "per"}
    assert len(declaration.fleet.hosts) == 27
    assert {tenant.home for tenant in declaration.tenants} == {"syd", "mel", "per"}
    for island in declaration.fleet.islands.values():
        assert sorted(island.hosts) == ["db1", "db2", "filer1", "filer2", "fw1", "lb1", "lb2", "web1", "web2"]


def test_the_small_fleet_has_every_role_on_three_hosts() -> None:
    fleet = load(ROOT, ROOT / "examples/small.saguirefile").fleet
    assert len(fleet.hosts) == 3
    assert {role for host in fleet.hosts for role in host.roles} == set(Role)


def test_the_shipped_sites_have_contents_and_one_of_each_kind() -> None:
    declaration = load(ROOT)
    assert all(declaration.contents[site.name] or site.app or site.uploads for _, site in declaration.sites)
    sites = [site for _, site in declaration.sites]
    assert any(site.php for site in sites)
    assert any(len(site.aliases) > 2 for site in sites)
    assert any(site.redirects for site in sites)
    assert any(not site.https for site in sites)


def test_each_role_that_is_not_built_gives_one_notice() -> None:
    notices = [str(notice) for notice in load(ROOT).notices]
    for role in Role:
        assert sum(f"the role {role} is not built yet" in notice for notice in notices) == (role not in BUILT)
    assert any("syd-web1, syd-web2, mel-web1, mel-web2, per-web1 and per-web2" in notice for notice in notices)


@pytest.mark.parametrize("kind", list(SchemaKind))
def test_the_committed_schema_is_current(kind: SchemaKind) -> None:
    path = ROOT / "schema" / f"{kind}.json"
    advice = "run `python -c 'from titanicarus.fleet import *; write_schemas(Path())'` at the repository's top"
    assert json.loads(path.read_text(encoding="utf-8")) == json_schema(kind), advice


@pytest.mark.parametrize("kind", list(SchemaKind))
def test_a_schema_is_as_strict_about_names_as_the_loader(kind: SchemaKind) -> None:
    def objects(node: object) -> Iterator[dict[str, object]]:
        if isinstance(node, dict):
            if node.get("type") == "object":
                yield node
            node = list(node.values())
        if isinstance(node, list):
            for entry in node:
                yield from objects(entry)

    found = list(objects(json_schema(kind)))
    assert found
    assert all(entry["additionalProperties"] is False for entry in found)
    assert '"null"' not in json.dumps(json_schema(kind))


def test_schemas_are_written_once(tmp_path: Path) -> None:
    assert {path.relative_to(tmp_path) for path in write_schemas(tmp_path)} == set(schema_texts())
    assert write_schemas(tmp_path) == []
    with pytest.raises(ValueError, match="nothing"):
        json_schema("nothing")


def test_what_ships_says_the_same_to_any_yaml_reader() -> None:
    """Editors and Salt read YAML 1.1: no shipped file has a word on which the versions differ."""
    from titanicarus.fleet.document import read_document

    for path in [ROOT / "Saguirefile", *ROOT.glob("examples/*.saguirefile"), *ROOT.glob("*/**/*.yaml")]:
        assert read_document(path, path.name).data == yaml.safe_load(path.read_text(encoding="utf-8"))


def test_a_thousand_sites(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Saguirefile", tmp_path)
    shutil.copytree(ROOT / "pillar", tmp_path / "pillar")
    shutil.copytree(ROOT / "salt/content", tmp_path / "salt/content")
    for number in range(4):
        write_tenant(tmp_path / f"pillar/tenants/crowd{number}.yaml", 250, home=["syd", "mel", "per"][number % 3])
    start = time.process_time()
    declaration = load(tmp_path)
    loaded = time.process_time()
    pillar = pillar_for(declaration, "syd-web1")
    made = time.process_time()
    print(f"\n1,000 sites: load {loaded - start:.3f} s of CPU time, pillar of a web server {made - loaded:.3f} s")
    assert len(pillar["web"]["sites"]) == 1000 + len(load(ROOT).sites)
    assert loaded - start < 1.0
    assert made - loaded < 0.2


def test_the_generator_of_many_sites_is_a_program_too(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tests/fixtures/many_sites.py"), str(tmp_path / "crowd.yaml"), "3"]
    subprocess.run([*command, "--home", "mel"], check=True)
    data = yaml.safe_load((tmp_path / "crowd.yaml").read_text())
    assert (data["tenant"], data["home"], len(data["sites"])) == ("crowd", "mel", 3)


def test_the_model_needs_no_salt() -> None:
    command = [sys.executable, "-c", "import sys, titanicarus.fleet; sys.exit('salt' in sys.modules)"]
    subprocess.run(command, check=True, env={"PYTHONPATH": str(ROOT / "src")})
