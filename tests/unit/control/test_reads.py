"""What a component reads of a pillar, in every spelling; what is not understood counts as everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures.control_plane import ROOT

from titanicarus.control.reads import reads
from titanicarus.control.touched import EVERYTHING


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "salt").mkdir()
    return tmp_path


def write(tree: Path, name: str, text: str) -> None:
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def sections(tree: Path, text: str, name: str = "init.sls") -> list[str]:
    """What a component with this file reads."""
    write(tree, f"salt/it/{name}", text)
    return reads(tree)["it"]["sections"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no: pillars\n# pillar of salt\n", []),
        ("{# pillar.lb #}x: y", []),
        ("{{ pillar['one'] }}{{ pillar.two }}", ["one", "two"]),
        ("{{ pillar['one']['x'] }}{{ pillar.two.y.z }}{{ pillar.three['q'] }}", ["one.x", "three.q", "two.y"]),
        ("{% for a in pillar.one.list | sort if a in pillar.two.x %}{{ a.pillar }}{% endfor %}", ["one.list", "two.x"]),
        ("{% set all = pillar.one %}{{ all.x }}{{ pillar.one.y }}", ["one"]),
        ("{{ pillar.one[name] }}", ["one"]),
        ("{{ pillar.one.get('x') }}{{ pillar.two.items() | list }}", ["one", "two"]),
        ("{% if pillar.one is defined and pillar.two.x is defined %}{% endif %}", ["two.x"]),
        ("{% if pillar.one is not defined %}{% endif %}", []),
        ("{{ pillar[name] }}", [EVERYTHING]),
        ("{{ pillar.get('one') }}", [EVERYTHING]),
        ("{{ pillar | length }}", [EVERYTHING]),
        ("{{ salt['pillar.get']('one:x') }}{{ pillar.two }}", [EVERYTHING]),
        ("{{ salt.pillar.get('one') }}", [EVERYTHING]),
        ("{% call show(pillar) %}{% endcall %}", [EVERYTHING]),
        ("x:\n  y.z:\n    - contents_pillar: four:root\n    - pillar: five:x:y\n", ["five.x", "four.root"]),
        ("    - contents_pillar:\n      - four:root\n      - four:chain\n    - mode: 1\n", ["four.chain", "four.root"]),
        ("x:\n  y.z:\n    - contents_pillar: four\n", [EVERYTHING]),
        ("x:\n  y.z:\n    - pillar: {{ name }}:x\n", [EVERYTHING]),
        ("#!py\ndef run():\n    return {'x': __pillar__['one']['y']}\n", ["one.y"]),
    ],
)  # fmt: skip
def test_spellings_in_states(tree: Path, text: str, found: list[str]) -> None:
    assert sections(tree, text) == found


def test_templates_of_config_set_know_the_host_by_name(tree: Path) -> None:
    assert sections(tree, "{{ host.lan }}{{ site.host.wan }}", "files/x.j2") == ["host.lan"]
    assert sections(tree, "{{ host }}", "files/x.j2") == ["host"]


def test_a_template_by_another_name_reads_everything(tree: Path) -> None:
    assert sections(tree, "{{ pillar.one }}", "files/x.conf") == [EVERYTHING]


def test_extension_modules_read_for_those_that_use_them(tree: Path) -> None:
    write(tree, "_states/sites.py", 'x = __pillar__["web"]["sites"]\n__salt__["people.names"]()\n')
    write(tree, "_modules/people.py", 'x = __pillar__.get("users", {}).get("named")\ny = __pillar__.get("staff")\n')
    write(tree, "_modules/deep.py", "x = dict(__pillar__)\n")
    write(tree, "_modules/config_set.py", "x = dict(__pillar__)\n")
    assert sections(tree, "x:\n  sites.managed: []\n") == ["staff", "users.named", "web.sites"]
    assert sections(tree, "x:\n  cmd.run:\n    - name: {{ salt['people.names']() }}\n") == ["staff", "users.named"]
    assert sections(tree, "x:\n  deep.managed: []\n") == [EVERYTHING]
    assert sections(tree, "x:\n  config_set.managed: []\n") == [], "its templates say what they read"


def test_what_lies_in_another_component_is_not_followed(tree: Path) -> None:
    write(tree, "salt/other/init.sls", "")
    assert sections(tree, "x:\n  y.z:\n    - source: salt://other/x\n") == [EVERYTHING]
    assert sections(tree, "x:\n  y.z:\n    - source: salt://it/x\n") == []
    assert sections(tree, "{% from 'other/map.jinja' import x %}") == [EVERYTHING]


def test_what_a_component_needs(tree: Path) -> None:
    write(tree, "salt/other/init.sls", "")
    write(tree, "salt/it/init.sls", "x:\n  y.z:\n    - require:\n      - file: other_thing\n      - file: it_thing\n")
    assert reads(tree)["it"]["needs"] == ["other"]
    write(tree, "salt/it/init.sls", "it_one:\n  test.nop:\n    - require: [{file: it_files}, {file: other_key}]\n")
    assert reads(tree)["it"]["needs"] == ["other"]


def test_one_more_site_is_the_business_of_few() -> None:
    """Else an apply of it runs states everywhere that have nothing to do with it (docs/adr/0044, 0045)."""
    found = reads(ROOT)
    assert [name for name, said in found.items() if EVERYTHING in said["sections"]] == []
    reading = {name for name, said in found.items() if {"lb", "lb.sites", "lb.certificates"} & {*said["sections"]}}
    assert reading == {"haproxy"}
