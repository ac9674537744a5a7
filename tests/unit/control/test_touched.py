"""Which components new data can touch."""

from __future__ import annotations

import pytest

from titanicarus.control.touched import EVERYTHING, parts_of, touched

RAN = ["library", "base", "php", "nginx", "names", "keeper", "gossip"]
READS: dict[str, dict[str, list[str]]] = {
    "library": {"sections": ["library"], "needs": []},
    "base": {"sections": [], "needs": []},
    "php": {"sections": ["php.pools"], "needs": []},
    "nginx": {"sections": ["web.sites"], "needs": ["php"]},
    "names": {"sections": ["names"], "needs": []},
    "keeper": {"sections": ["lb", "library.digest"], "needs": ["library"]},
    "gossip": {"sections": ["lb.peers"], "needs": []},
}
PARTS = ("library.digest", "php.pools", "web.sites", "web.users", "names", "lb.peers", "lb.sites", "host.id")
BEFORE = dict.fromkeys(PARTS, "old")


@pytest.mark.parametrize(
    ("changed", "only"),
    [
        (["web.sites"], ["php", "nginx"]),
        (["names"], ["names"]),
        (["lb.sites"], ["library", "keeper"]),
        (["lb.peers"], ["library", "keeper", "gossip"]),
        (["web.sites", "names"], ["php", "nginx", "names"]),
        ([], None),
        (["web.sites", "web.users"], None),
    ],
)
def test_what_reads_the_part_and_what_that_needs(changed: list[str], only: list[str] | None) -> None:
    assert touched(BEFORE, BEFORE | dict.fromkeys(changed, "new"), RAN, READS) == only


def test_a_part_that_comes_or_goes_is_a_change_of_it() -> None:
    without = {part: digest for part, digest in BEFORE.items() if part != "lb.peers"}
    assert touched(BEFORE, without, RAN, READS) == ["library", "keeper", "gossip"]
    assert touched(without, BEFORE, RAN, READS) == ["library", "keeper", "gossip"]


def test_a_section_that_comes_or_goes_runs_everything() -> None:
    """Templates ask `pillar.lb is defined`, which names no part of it."""
    without = {part: digest for part, digest in BEFORE.items() if not part.startswith("lb.")}
    assert touched(BEFORE, without, RAN, READS) is None
    assert touched(without, BEFORE, RAN, READS) is None


def test_a_host_of_which_too_little_is_known_runs_everything() -> None:
    after = BEFORE | {"web.sites": "new"}
    assert touched(BEFORE, after, [], READS) is None
    assert touched(BEFORE, after, [*RAN, "unheard_of"], READS) is None
    assert touched(BEFORE, after, ["nginx"], READS) is None, "what nginx needs is not this host's"


def test_who_reads_everything_always_runs() -> None:
    reading = READS | {"base": {"sections": [EVERYTHING], "needs": []}}
    assert touched(BEFORE, BEFORE | {"names": "new"}, RAN, reading) == ["base", "names"]


def test_the_parts_of_a_pillar() -> None:
    pillar = {"roles": ["lb"], "lb": {"sites": {"a": 1}, "peers": []}, "web": {}}
    assert parts_of(pillar) == {"roles": ["lb"], "lb.sites": {"a": 1}, "lb.peers": [], "web": {}}
