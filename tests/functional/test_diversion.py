"""`diversion.set_aside` through Salt's loaders, with Debian's own dpkg on a real disk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from functional.salt_in_image import Host, fresh_host

WANTED = {"name": "glusterfs-common", "ending": "/glusterfs/gsyncd"}


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with fresh_host() as host:
        yield host


def test_a_file_is_set_aside_once_and_dpkg_knows(host: Host) -> None:
    (helper,) = host.root.glob("usr/lib/*/glusterfs/gsyncd")
    said = host.state("diversion.set_aside", test=True, **WANTED)
    assert (said["result"], said["changes"]) == (None, {})
    assert helper.exists()
    said = host.state("diversion.set_aside", **WANTED)
    assert said["result"] is True, said
    assert list(said["changes"]) == [f"/{helper.relative_to(host.root)}"]
    assert not helper.exists() and helper.with_name("gsyncd.distrib").exists()
    assert b"/glusterfs/gsyncd" in host.run("dpkg-divert", "--list").stdout
    said = host.state("diversion.set_aside", **WANTED)
    assert (said["result"], said["changes"]) == (True, {})


@pytest.mark.parametrize(
    ("name", "ending", "why"),
    [
        ("glusterfs-common", "/no-such-file", "none; expected one"),
        ("glusterfs-common", ".py", "expected one"),
        ("no-such-package", "/file", "not installed"),
    ],
)
def test_what_cannot_be_meant_fails_and_changes_nothing(host: Host, name: str, ending: str, why: str) -> None:
    before = (host.root / "var/lib/dpkg/diversions").read_bytes()
    said = host.state("diversion.set_aside", name=name, ending=ending)
    assert said["result"] is False
    assert why in said["comment"]
    assert (host.root / "var/lib/dpkg/diversions").read_bytes() == before
