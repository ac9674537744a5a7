"""Names of labs must never run into each other."""

from __future__ import annotations

import pytest

from titanicarus.lab.errors import LabError
from titanicarus.lab.layout import Layout


@pytest.mark.parametrize("name", ["", "A", "1a", "a.b", "a/b", "..", "a b", "x" * 33])
def test_names_that_could_escape_or_collide_are_refused(name: str) -> None:
    with pytest.raises(LabError, match="name"):
        Layout(name)


def test_no_prefix_of_one_lab_fits_another() -> None:
    names = ["a", "a-b", "ab", "a-b-c"]
    for one in names:
        for other in names:
            if one != other:
                assert not Layout(other).namespace("syd-lb1").startswith(Layout(one).namespace_prefix)


def test_machine_ids_are_stable_and_differ_between_hosts_and_labs() -> None:
    ids = {Layout(lab).machine_id(host) for lab in ("a", "b") for host in ("x", "y")}
    assert len(ids) == 4
    assert all(len(each) == 32 and int(each, 16) for each in ids)
    assert Layout("a").machine_id("x") in ids
