"""Sites that take uploads: what web servers of their home are told, and what those of other islands."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.repository import KEY, Repository

from titanicarus.fleet import pillar_for

SITE = ("sites", "photos.harbour.example")
HARBOUR = "pillar/tenants/harbour.yaml"
SHOWN = "tenants/harbour/sites/photos.harbour.example"
FOLDER = f"/srv/files/syd/{SHOWN}/files"
USER = "www-photos-harbour-example"


@pytest.fixture
def photos(repository: Repository) -> Repository:
    """With one site more, whose files come by SFTP."""
    repository.put(HARBOUR, SITE, {"uploads": True, "root": "public"})
    return repository


def site_of(repository: Repository, host: str, name: str = SITE[1]) -> dict[str, Any]:
    sites = pillar_for(repository.load(), host)["web"]["sites"]
    return next(site for site in sites if site["name"] == name)


def test_its_files_are_where_its_home_is(photos: Repository) -> None:
    assert site_of(photos, "syd-web1")["uploads"] == {"folder": FOLDER, "here": True}
    assert site_of(photos, "mel-web1")["uploads"] == {"folder": FOLDER, "here": False}
    assert site_of(photos, "syd-web1", "harbour.example")["uploads"] is None


def test_web_servers_of_its_home_make_its_folder_and_nobody_else(photos: Repository) -> None:
    declaration = photos.load()
    for host in declaration.fleet.hosts:
        folders = pillar_for(declaration, host.id).get("files", {}).get("folders", [])
        assert [folder["shown"] for folder in folders] == ([SHOWN] if host.id in {"syd-web1", "syd-web2"} else [])
        assert [folder["index"] for folder in folders] == ["public/index.html" for _ in folders]


def test_the_tenants_people_sign_in_with_their_keys(photos: Repository) -> None:
    declaration = photos.load()
    key = " ".join(KEY.split()[:2])  # who they are is nobody's business there
    assert pillar_for(declaration, "syd-web2")["sftp"]["sites"] == [
        {"user": USER, "folder": f"/srv/files/syd/{SHOWN}", "keys": [key]}
    ]
    assert pillar_for(declaration, "mel-web2")["sftp"]["sites"] == []


def test_wordpress_keeps_what_is_uploaded_where_there_are_mirrored_files(repository: Repository) -> None:
    repository.put(HARBOUR, ("sites", "blog.harbour.example"), {"app": "wordpress", "database": "shop"})
    repository.put(HARBOUR, ("sites", "shop.harbour.example"), {})
    folder = "/srv/files/syd/tenants/harbour/sites/blog.harbour.example/files"
    assert site_of(repository, "syd-web1", "blog.harbour.example")["uploads"] == {"folder": folder, "here": True}
    (made,) = pillar_for(repository.load(), "syd-web1")["files"]["folders"]
    assert made["index"] == ""
    for host in repository.files["Saguirefile"]["islands"]["syd"]["hosts"].values():
        host["roles"] = [role for role in host["roles"] if role not in {"filer", "arbiter"}]
    assert site_of(repository, "syd-web1", "blog.harbour.example")["uploads"] is None


@pytest.mark.parametrize(
    ("site", "said"),
    [
        ({"uploads": True, "everywhere": True}, "other islands have no copy"),
        ({"uploads": True, "app": "wordpress", "database": "shop"}, "wordpress keeps what is uploaded by itself"),
        ({"uploads": "yes"}, "write true"),
    ],
)
def test_what_cannot_be_is_refused(site: dict[str, Any], said: str, repository: Repository) -> None:
    repository.put(HARBOUR, SITE, site)
    (problem,) = repository.problems()
    assert said in problem.message
    assert problem.path == 'sites["photos.harbour.example"].uploads'


def test_files_that_are_pushed_and_uploaded_are_refused(photos: Repository) -> None:
    photos.content("photos.harbour.example", "public/index.html", "pushed")
    (problem,) = photos.problems()
    assert "salt/content/photos.harbour.example" in problem.message


def test_a_home_without_mirrored_files_is_refused(photos: Repository) -> None:
    for host in photos.files["Saguirefile"]["islands"]["syd"]["hosts"].values():
        host["roles"] = [role for role in host["roles"] if role not in {"filer", "arbiter"}]
    (problem,) = photos.problems()
    assert "the home syd has no mirrored files" in problem.message
