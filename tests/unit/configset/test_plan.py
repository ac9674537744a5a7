"""The plan of a directory, and what it looks like to the reader."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from titanicarus.configset import FileState, Plan, Wanted, describe, plan
from titanicarus.configset.diff import FILES_SHOWN, LINES_PER_FILE
from titanicarus.configset.plan import to_check

WANT = Wanted(b"new\n", 0o644, 0, 0)
HAVE = FileState(b"old\n", 0o644, 0, 0)
SAME = FileState(b"new\n", 0o644, 0, 0)


def test_nothing_to_do() -> None:
    assert not plan({"a": SAME}, [], {"a": WANT})


def test_new_changed_and_vanished_files() -> None:
    steps = plan({"b": HAVE, "c": HAVE}, [], {"a": WANT, "b": WANT})
    assert steps == Plan(write=("a", "b"), remove=("c",))


def test_the_check_sees_settled_files_again_only_when_their_user_changes() -> None:
    wanted = dict.fromkeys(("main.cfg", "maps/m", "certs/default.pem", "certs/a.b.pem", "certs/c.d.pem"), WANT)
    rules = {"certs/*.*.pem": "main.cfg"}
    assert set(to_check(wanted, ["certs/c.d.pem", "maps/m"], rules)) == set(wanted) - {"certs/a.b.pem"}
    assert to_check(wanted, ["main.cfg", "certs/c.d.pem"], rules) == wanted
    assert to_check(wanted, ["certs/c.d.pem"], {}) == wanted


def test_only_the_mode_differs() -> None:
    assert plan({"a": replace(SAME, mode=0o600)}, [], {"a": WANT}) == Plan(fix=("a",))


def test_a_link_in_the_place_of_a_file_is_replaced() -> None:
    assert plan({"a": replace(SAME, data=None)}, [], {"a": WANT}).write == ("a",)


def test_folders_that_nothing_needs_go_deepest_first() -> None:
    assert plan({}, ["x", "x/y", "k"], {"k/a": WANT}).remove_folders == ("x/y", "x")


FILES = st.dictionaries(st.sampled_from("abcde"), st.binary(max_size=3))


@given(FILES, FILES)
def test_doing_the_plan_gives_what_is_wanted(current: dict[str, bytes], wanted: dict[str, bytes]) -> None:
    have = {path: FileState(data, 0o644, 0, 0) for path, data in current.items()}
    want = {path: Wanted(data, 0o644, 0, 0) for path, data in wanted.items()}
    steps = plan(have, [], want)
    done = {path: data for path, data in current.items() if path not in steps.remove}
    done |= {path: wanted[path] for path in steps.write}
    assert done == wanted
    assert all(current.get(path) != wanted[path] for path in steps.write)


def test_secrets_are_not_shown() -> None:
    want = {"key": replace(WANT, data=b"hunter2", secret=True)}
    for current in ({}, {"key": replace(HAVE, data=b"hunter1")}):
        texts = describe(plan(current, [], want), current, want)
        assert "hunter" not in str(texts)
        assert "secret" in texts["key"]


def test_a_long_diff_is_cut() -> None:
    old = FileState("\n".join(f"a{number}" for number in range(500)).encode(), 0o644, 0, 0)
    new = Wanted("\n".join(f"b{number}" for number in range(500)).encode(), 0o644, 0, 0)
    text = describe(plan({"f": old}, [], {"f": new}), {"f": old}, {"f": new})["f"]
    assert len(text.splitlines()) == LINES_PER_FILE + 1
    assert "more lines" in text


def test_many_files_are_counted() -> None:
    want = {f"f{number:04d}": WANT for number in range(1000)}
    texts = describe(plan({}, [], want), {}, want)
    assert len(texts) == FILES_SHOWN + 1
    assert texts["..."] == f"and {1000 - FILES_SHOWN} more"
