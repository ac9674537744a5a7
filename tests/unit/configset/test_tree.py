"""The directory on disk. Runs as any user: owners are the user's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from titanicarus.configset import Wanted, plan, tree


def wanted(files: Mapping[str, str]) -> dict[str, Wanted]:
    return {path: Wanted(text.encode(), 0o640, os.getuid(), os.getgid()) for path, text in files.items()}


def put(root: Path, files: Mapping[str, str], argv: tuple[str, ...] = ()) -> None:
    want = wanted(files)
    steps = plan(*tree.read(root), want)
    with tree.candidate(root, want, steps.write) as place:
        if argv:
            tree.check(argv, place, root)
        tree.apply(root, place, steps, want)


def test_the_directory_becomes_what_is_wanted(tmp_path: Path) -> None:
    root = tmp_path / "etc" / "daemon"
    put(root, {"a": "1", "sub/b": "2", "sub/deep/c": "3"})
    put(root, {"a": "1", "sub/b": "changed"})
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*")) == ["a", "sub", "sub/b"]
    assert (root / "sub/b").read_text() == "changed"
    assert (root / "a").stat().st_mode & 0o7777 == 0o640
    assert not plan(*tree.read(root), wanted({"a": "1", "sub/b": "changed"}))


def test_an_unchanged_file_is_not_touched(tmp_path: Path) -> None:
    root = tmp_path / "daemon"
    put(root, {"a": "1", "b": "1"})
    before = (root / "a").stat().st_ino
    put(root, {"a": "1", "b": "2"})
    assert (root / "a").stat().st_ino == before


def test_the_candidate_is_private_and_goes_away(tmp_path: Path) -> None:
    root = tmp_path / "daemon"
    with tree.candidate(root, wanted({"key": "x"}), ["key"]) as place:
        assert place.parent == root.parent
        assert place.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_a_candidate_left_by_a_power_cut_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".daemon.candidate").mkdir()
    (tmp_path / ".daemon.candidate" / "junk").write_text("")
    put(tmp_path / "daemon", {"a": "1"})
    assert [path.name for path in (tmp_path / "daemon").iterdir()] == ["a"]


def test_a_refusal_has_the_daemons_words_and_the_real_path(tmp_path: Path) -> None:
    root = tmp_path / "daemon"
    put(root, {"a": "good"})
    says = ("sh", "-c", 'echo "$1/a: line 1: no" >&2; exit 3', "sh", "{dir}")
    with pytest.raises(tree.Refused, match=rf"exit code 3\):\n{root}/a: line 1: no"):
        put(root, {"a": "bad"}, says)
    assert (root / "a").read_text() == "good"


def test_the_check_sees_the_candidate(tmp_path: Path) -> None:
    put(tmp_path / "daemon", {"a": "good"}, ("grep", "-q", "good", "{dir}/a"))
    with pytest.raises(tree.Refused):
        put(tmp_path / "daemon", {"a": "bad"}, ("grep", "-q", "good", "{dir}/a"))


def test_a_missing_check_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(tree.Refused, match="not installed"):
        put(tmp_path / "daemon", {"a": "1"}, ("/nonexistent/daemon", "-t"))


def test_links_and_folders_in_the_way_are_replaced_and_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("mine")
    root = tmp_path / "daemon"
    root.mkdir()
    (root / "sub").symlink_to(outside)
    (root / "a").symlink_to(outside / "precious")
    (root / "b").mkdir()
    (root / "b" / "x").write_text("")
    put(root, {"sub/c": "1", "a": "2", "b": "3"})
    assert not (root / "sub").is_symlink()
    assert (root / "b").read_text() == "3"
    assert (outside / "precious").read_text() == "mine"
    assert [path.name for path in outside.iterdir()] == ["precious"]
