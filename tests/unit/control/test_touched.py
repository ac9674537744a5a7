"""Which components new data can touch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fixtures.control_plane import ROOT

from titanicarus.control.touched import EVERYTHING, reads, touched

RAN = ["library", "base", "php", "nginx", "names", "keeper"]
READS: dict[str, dict[str, list[str]]] = {
    "library": {"sections": ["library"], "needs": []},
    "base": {"sections": [EVERYTHING], "needs": []},
    "php": {"sections": ["php"], "needs": []},
    "nginx": {"sections": ["web"], "needs": ["php"]},
    "names": {"sections": ["names"], "needs": []},
    "keeper": {"sections": ["lb", "library"], "needs": ["library"]},
}


@pytest.mark.parametrize(
    ("changed", "only"),
    [
        (["web"], ["base", "php", "nginx"]),
        (["names"], ["base", "names"]),
        (["lb"], ["library", "base", "keeper"]),
        (["web", "names"], ["base", "php", "nginx", "names"]),
        ([], None),
        (["web", "host"], None),
    ],
)
def test_what_reads_the_section_and_what_that_needs(changed: list[str], only: list[str] | None) -> None:
    assert touched(changed, RAN, READS) == only


def test_a_host_of_which_too_little_is_known_runs_everything() -> None:
    assert touched(["web"], [], READS) is None
    assert touched(["web"], [*RAN, "unheard_of"], READS) is None
    assert touched(["web"], ["nginx"], READS) is None, "what nginx needs is not this host's"


def test_sections_are_found_in_all_their_spellings(tmp_path: Path) -> None:
    def component(name: str, **texts: str) -> None:
        for file, text in texts.items():
            path = tmp_path / "salt" / name / file.replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    component("a", init_sls="{{ pillar['one'].x }}{% set y = pillar.two %}", x_j2='{{ pillar["three"] }}')
    component("b", init_sls="x:\n  y.z:\n    - contents_pillar: four:root\n    - pillar: five:x\n")
    component("c", init_sls="x:\n  y.z:\n    - require:\n      - file: a_thing\n")
    component("role", init_sls="{{ pillar.six }}")
    found = reads(tmp_path)
    assert found["a"]["sections"] == ["one", "three", "two"]
    assert found["b"]["sections"] == ["five", "four"]
    assert found["c"] == {"sections": [EVERYTHING], "needs": ["a"]}
    assert "role" not in found


def test_no_component_of_ours_hides_what_it_reads() -> None:
    """A component that names a section and reads another one by a custom module would miss the second one's changes."""
    found: dict[str, Any] = reads(ROOT)
    hidden = {"salt_config.text", "web_sites.managed"}
    for name in found:
        texts = "".join(path.read_text() for path in (ROOT / "salt" / name).rglob("*.sls"))
        if any(word in texts for word in hidden):
            assert found[name]["sections"] == [EVERYTHING], name
