"""The files of sites: what is served, and what must not be."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from fixtures.repository import Repository

from titanicarus.fleet import UnfitContent, content_manifest


def test_a_manifest_is_every_regular_file_with_its_digest(repository: Repository) -> None:
    repository.content("harbour.example", ".well-known/security.txt", "Contact: mailto:alice@harbour.example\n")
    repository.content("harbour.example", "bilder/grüße aus köln.html", "Grüße")
    manifest = content_manifest(repository.root, "harbour.example")
    assert list(manifest) == [".well-known/security.txt", "bilder/grüße aus köln.html", "index.html"]
    assert manifest["index.html"] == hashlib.sha256(b"<h1>Harbour</h1>\n").hexdigest()


def test_a_site_without_a_folder_has_no_files(repository: Repository) -> None:
    assert content_manifest(repository.root, "nowhere.example") == {}


def _link_to_file(folder: Path) -> None:
    (folder / "passwords.txt").symlink_to("/etc/shadow")


def _link_to_folder(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "etc").symlink_to("/etc")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def _odd_name(folder: Path) -> None:
    (folder / "a?saltenv=base").touch()


def _template_name(folder: Path) -> None:
    (folder / "{{ pillar }}").touch()


def _line_break(folder: Path) -> None:
    (folder / "a\nb").touch()


def _not_unicode(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.html")).touch()


@pytest.mark.parametrize(
    ("spoil", "name", "advice"),
    [
        (_link_to_file, "passwords.txt", "is a symbolic link; put the file itself there"),
        (_link_to_folder, "deep/etc", "is a symbolic link"),
        (_pipe, "pipe", "is neither a file nor a folder"),
        (_odd_name, "'a?saltenv=base'", "rename it"),
        (_template_name, "'{{ pillar }}'", "rename it"),
        (_line_break, r"'a\nb'", "rename it"),
        (_not_unicode, r"'caf\udce9.html'", "rename it"),
    ],
)
def test_what_cannot_be_served_is_a_problem_of_the_site(
    repository: Repository, spoil: object, name: str, advice: str
) -> None:
    assert callable(spoil)
    spoil(repository.root / "salt/content/harbour.example")
    (problem,) = repository.problems()
    assert problem.path == 'sites["harbour.example"]'
    assert name in problem.message
    assert advice in problem.message
    with pytest.raises(UnfitContent):
        content_manifest(repository.root, "harbour.example")


def test_a_site_folder_that_is_a_link_or_a_file(repository: Repository) -> None:
    content = repository.root / "salt/content"
    (content / "shop.harbour.example").symlink_to("/etc")
    (problem,) = repository.problems()
    assert "should be a folder" in problem.message


def test_sites_without_files_are_one_notice_a_tenant(repository: Repository) -> None:
    repository.put("pillar/tenants/harbour.yaml", ("sites", "third.harbour.example"), {})
    notices = [str(notice) for notice in repository.load().notices if notice.path == "sites"]
    assert notices == [
        "pillar/tenants/harbour.yaml: sites: without files, so served with a placeholder page: "
        "shop.harbour.example and third.harbour.example"
    ]


def test_redirects_are_compared_with_the_files(repository: Repository) -> None:
    repository.content("harbour.example", "swims/index.html", "<h1>Swims</h1>")
    redirects = {
        "/index.html": "/swims",
        "/old": "/swims/?day=1#top",
        "/older": "/old",
        "/away": "https://elsewhere.example/x",
        "/home": "/",
        "/lost": "/gone.html",
    }
    repository.put("pillar/tenants/harbour.yaml", ("sites", "harbour.example", "redirects"), redirects)
    where = 'pillar/tenants/harbour.yaml: sites["harbour.example"].redirects'
    assert [str(notice) for notice in repository.load().notices if "redirects" in notice.path] == [
        f'{where}["/index.html"]: the redirect hides the file of that name',
        f'{where}["/lost"]: leads to /gone.html, and the site has no such file',
    ]
