"""Cuts as packet filter rules: pure."""

from __future__ import annotations

import pytest

from titanicarus.fleet import Fleet
from titanicarus.lab import LabError
from titanicarus.lab.cuts import AWS_API, AWS_DNS, OFF, PLACES, VPNS, Cut, check, rules
from titanicarus.lab.plan import INTERNET, SWITCH


def test_without_cuts_nothing_is_left(fleet: Fleet) -> None:
    assert rules(fleet, []) == {
        SWITCH: "table bridge cuts\ndelete table bridge cuts\n",
        INTERNET: "table ip cuts\ndelete table ip cuts\n",
    }


def test_hosts_are_cut_by_all_their_addresses_in_both_directions(fleet: Fleet) -> None:
    text = rules(fleet, [Cut(1, PLACES, "syd-lb1", "mel-web1")])[SWITCH]
    assert "ip saddr { 10.71.1.11, 198.18.1.11 } ip daddr { 10.71.2.21 } drop" in text
    assert "ip saddr { 10.71.2.21 } ip daddr { 10.71.1.11, 198.18.1.11 } drop" in text
    one_way = rules(fleet, [Cut(1, PLACES, "syd-lb1", "mel-web1", one_way=True)])[SWITCH]
    assert one_way.count(" drop") == 1


def test_tunnels_are_cut_and_nothing_else_on_the_way(fleet: Fleet) -> None:
    text = rules(fleet, [Cut(1, VPNS, "syd", "mel")])[INTERNET]
    assert text.count("udp dport 51820 drop") == 2
    everything = rules(fleet, [Cut(1, VPNS, "all", "all")])[INTERNET]
    assert everything.count("udp dport 51820 drop") == 6


def test_an_island_off_and_aws(fleet: Fleet) -> None:
    text = rules(fleet, [Cut(1, OFF, "per"), Cut(2, AWS_API), Cut(3, AWS_DNS)])[INTERNET]
    assert 'iifname "per" drop' in text
    assert "ip daddr 198.18.101.10 tcp dport { 443, 8000 } drop" in text
    assert "ip daddr 198.18.101.10 udp dport { 53 } drop" in text


@pytest.mark.parametrize(
    ("cut", "said"),
    [
        (Cut(1, PLACES, "syd-lb9", "mel"), "syd-lb9 is no host"),
        (Cut(1, PLACES, "syd", "syd"), "from itself"),
        (Cut(1, OFF, "akl"), "no island akl"),
        (Cut(1, VPNS, "syd", "akl"), "no island akl"),
    ],
)
def test_what_cannot_be_cut(fleet: Fleet, cut: Cut, said: str) -> None:
    with pytest.raises(LabError, match=said):
        check(fleet, cut)
