"""How somebody gets in to a site."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from fixtures.repository import Repository

from titanicarus.lab import Lab
from titanicarus.operations import OperationFailed, SiteLogin, site_login

NO_LAB = cast("Lab", None)  # only a WordPress site's password needs the keys of a lab
HARBOUR = "pillar/tenants/harbour.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A small valid one."""
    return Repository(tmp_path)


def told(repository: Repository, name: str, **site: Any) -> SiteLogin:
    repository.put(HARBOUR, ("sites", "photos.harbour.example"), site)
    return site_login(NO_LAB, repository.load(), name)


def test_files_that_are_uploaded_are_reached_at_the_home(repository: Repository) -> None:
    found = told(repository, "photos.harbour.example", uploads=True)
    assert found == SiteLogin("sftp -P 2222 www-photos-harbour-example@syd.sample.example")


def test_without_people_nobody_signs_in(repository: Repository) -> None:
    for island in repository.files["Saguirefile"]["islands"].values():
        for host in island["hosts"].values():
            host["roles"] = [role for role in host["roles"] if role != "directory"]
    with pytest.raises(OperationFailed, match="without a login"):
        told(repository, "photos.harbour.example", uploads=True)


def test_a_site_that_is_pushed_says_how_it_is_changed(repository: Repository) -> None:
    with pytest.raises(OperationFailed, match=r"salt/content/harbour\.example.*`uploads: true` in pillar/tenants"):
        told(repository, "harbour.example")


def test_an_unknown_site(repository: Repository) -> None:
    with pytest.raises(OperationFailed, match=r'did you mean "photos\.harbour\.example"'):
        told(repository, "photo.harbour.example")
