"""What was fetched of a release is kept whole, and for that release only."""

from __future__ import annotations

from pathlib import Path

from titanicarus.configset import shelf


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    files = {"a.conf.j2": b"one", "maps/b.map": b"two"}
    assert shelf.read("r1", "haproxy/files/", tmp_path / "s") is None
    shelf.keep("r1", "haproxy/files/", files, tmp_path / "s")
    shelf.keep("r1", "haproxy/files/", files, tmp_path / "s")
    assert shelf.read("r1", "haproxy/files/", tmp_path / "s") == files
    assert shelf.read("r1", "nginx/files/", tmp_path / "s") is None
    assert (tmp_path / "s").stat().st_mode & 0o077 == 0


def test_another_release_has_nothing_of_it(tmp_path: Path) -> None:
    shelf.keep("r1", "haproxy/files/", {"a": b"old"}, tmp_path)
    assert shelf.read("r2", "haproxy/files/", tmp_path) is None
    shelf.keep("r2", "haproxy/files/", {"a": b"new"}, tmp_path)
    assert shelf.read("r1", "haproxy/files/", tmp_path) is None
    assert [path.name for path in tmp_path.iterdir()] == ["r2"]
