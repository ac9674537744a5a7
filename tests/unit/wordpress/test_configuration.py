"""What a web server is told of its WordPress sites, and who may read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from titanicarus.wordpress import install
from titanicarus.wordpress.configuration import LISTING, BadSite, Blog, blogs, configurations, quoted

DATABASE = {"host": "sql.example", "port": 3312, "name": "club", "user": "club", "password": "it's\\secret"}


def web(**more: Any) -> dict[str, Any]:
    secrets = {"url": "https://blog.example", "admin": "harbour", "email": "webmaster@blog.example"}
    return {
        "sites": [
            {"name": "blog.example", "user": "www-blog-example", "app": "wordpress"},
            {"name": "plain.example", "user": "www-plain-example", "app": None},
        ],
        "databases": {"blog.example": DATABASE},
        "wordpress": {"blog.example": secrets | {"secret": "s3", "password": "p4"}},
    } | more


def test_each_site_has_a_file_that_only_its_own_php_reads() -> None:
    files = configurations(web())
    assert set(files) == {"config-www-blog-example.php", LISTING}
    own = files["config-www-blog-example.php"]
    assert own.group == "www-blog-example"
    assert "'password' => 'it\\'s\\\\secret'," in own.text
    assert "'port' => '3312'," in own.text
    assert "p4" not in own.text  # of the first person that signs in WordPress keeps a hash in its database
    assert files[LISTING].group == "root"
    assert [Blog(**entry) for entry in json.loads(files[LISTING].text)] == list(blogs(web()))


@pytest.mark.parametrize(("here", "folder"), [(True, "/srv/files/syd/x/files"), (False, "")])
def test_what_is_uploaded_lies_on_the_files_of_the_home(folder: str, *, here: bool) -> None:
    site = {"name": "blog.example", "user": "www-blog-example", "app": "wordpress"}
    found = configurations(web(sites=[site | {"uploads": {"folder": "/srv/files/syd/x/files", "here": here}}]))
    assert f"'uploads' => '{folder}'," in found["config-www-blog-example.php"].text


@pytest.mark.parametrize("missing", ["databases", "wordpress"])
def test_a_site_without_its_secrets_is_refused(missing: str) -> None:
    with pytest.raises(BadSite, match=r"blog\.example"):
        configurations(web(**{missing: {}}))


def test_no_value_breaks_out_of_a_string() -> None:
    assert quoted("a'; die('") == "'a\\'; die(\\''"
    with pytest.raises(BadSite):
        quoted("a\nb")


def test_a_site_is_installed_once_and_again_for_another_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (blog,) = blogs(web())
    answers = ["the database does not answer", "installed now"]

    def run(argv: list[str], text: str) -> install.Attempt:
        assert json.loads(text)["password"] == "p4"
        words = answers.pop(0)
        return install.Attempt(words.startswith("installed"), words)

    monkeypatch.setattr(install, "_argv", lambda blog: ["php", blog.user])
    monkeypatch.setattr(install, "_run", run)
    assert not install.install(blog, tmp_path).installed
    assert install.pending([blog], tmp_path) == [blog]
    assert install.install(blog, tmp_path).installed
    assert install.pending([blog], tmp_path) == []
    (moved,) = blogs(web(databases={"blog.example": DATABASE | {"port": 3313}}))
    assert install.pending([moved], tmp_path) == [moved]
