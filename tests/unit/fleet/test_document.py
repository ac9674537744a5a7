"""Files are plain data: what YAML can do beyond that is refused with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fixtures.repository import Repository

from titanicarus.fleet.document import Document, read_document
from titanicarus.fleet.load import load
from titanicarus.fleet.problems import InvalidInput, Problem, shown


def _read(tmp_path: Path, text: str | bytes) -> Document:
    path = tmp_path / "file.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_document(path, "file.yaml")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", None, "is empty"),
        ("# only a comment\n", None, "is empty"),
        ("a: &x 1\n", 1, "the anchor `&x`"),
        ("a: 1\nb: *x\n", 2, "the alias `*x`"),
        ("a: !!python/object:os.system x\n", 1, "the tag `tag:yaml.org,2002:python/object:os.system`"),
        ("a: !secret x\n", 1, "the tag `!secret`"),
        ("a: !!str 1\n", 1, "the tag"),
        ("&k a: 1\n", 1, "the anchor `&k`"),
        ("!t a: 1\n", 1, "the tag `!t`"),
        ("a: 1\n---\nb: 1\n", 2, "a second document"),
        ("? [a, b]\n: 1\n", 1, "a key that is not plain text"),
        ("a: [1\nb: 2\n", 2, "is not valid YAML"),
        ("a:\n\tb: 1\n", 2, "is not valid YAML"),
        ("a: {% if x %}\n", 1, "is not valid YAML"),
        ("a: b: c\n", 1, "is not valid YAML"),
        ("[" * 40 + "]" * 40, 1, "nested more than 16 deep"),
        (b"a: \xff\xfe\n", 1, "is not UTF-8 text (byte 0xff)"),
        (b"ok: 1\nname: J\xf6rg\n", 2, "is not UTF-8 text (byte 0xf6)"),
        (b"a: \x00\n", None, "is not valid YAML"),
        ("a: '\x07'\n", None, "is not valid YAML"),
        ("a" * (17 * 1024 * 1024), None, "larger than 16 MiB"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str | bytes, line: int | None, message: str) -> None:
    document = _read(tmp_path, text)
    assert not document.readable
    (problem,) = document.problems
    assert message in problem.message
    assert problem.line == line or line is None


def test_a_key_twice_is_one_problem_and_reading_goes_on(tmp_path: Path) -> None:
    document = _read(tmp_path, "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n")
    assert document.readable
    assert [str(problem) for problem in document.problems] == [
        "file.yaml:4: b.c: is here twice, first on line 3; keep one (found 2)",
        "file.yaml:5: a: is here twice, first on line 1; keep one (found 3)",
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("2024-01-01", "2024-01-01"),
        ("12:30", "12:30"),
        ("0755", "0755"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("'1'", "1"),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("''", ""),
        ("<<", "<<"),
        ("[a, 1]", ["a", 1]),
        ("{1: x}", {"1": "x"}),
    ],
)
def test_plain_words_are_read_as_yaml_1_2(tmp_path: Path, text: str, value: Any) -> None:
    document = _read(tmp_path, f"key: {text}\n")
    assert document.data == {"key": value}
    assert type(document.data["key"]) is type(value)


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    document = _read(tmp_path, "# head\na:\n  - x\n  - y: 1\n    z: 2\n")
    assert document.line(("a",)) == 2
    assert document.line(("a", 1, "z")) == 5
    assert document.line(("a", 1, "missing", "deeper")) == 4


def test_a_byte_order_mark_is_fine(tmp_path: Path) -> None:
    assert _read(tmp_path, b"\xef\xbb\xbfa: 1\n").data == {"a": 1}


def test_paths_are_written_so_that_dots_in_names_cannot_mislead() -> None:
    assert shown(("islands", "syd", "hosts", "lb1")) == "islands.syd.hosts.lb1"
    assert shown(("sites", "a.example", "aliases", 0)) == 'sites["a.example"].aliases[0]'
    assert shown(("", "x")) == '[""].x'


def test_a_report_cannot_play_with_the_terminal(tmp_path: Path) -> None:
    document = _read(tmp_path, 'a: "\\e[31mred"\n')
    document.problem(("a",), "is odd")
    assert "\x1b" not in str(document.problems[0])
    assert "\\u001b[31mred" in str(document.problems[0])
    document.problem(("a",), "is odd", found="\x9b\u202e ünï")
    assert str(document.problems[1]).endswith('(found "\\x9b\\u202e ünï")')


def test_a_missing_saguirefile_is_one_sentence(tmp_path: Path) -> None:
    assert _refusal(tmp_path) == [
        Problem("Saguirefile", None, "", "there is no such file; make it, or name another one")
    ]


def test_a_folder_instead_of_a_file(repository: Repository) -> None:
    repository.write()
    (repository.root / "Saguirefile").unlink()
    (repository.root / "Saguirefile").mkdir()
    (problem,) = _refusal(repository.root)
    assert "this is a folder" in problem.message


def test_a_missing_policy_and_a_folder_called_like_a_tenant(repository: Repository) -> None:
    del repository.files["pillar/policy.yaml"]
    repository.write()
    (repository.root / "pillar/tenants/odd.yaml").mkdir()
    problems = _refusal(repository.root)
    assert [(problem.file, problem.message.split(";")[0]) for problem in problems] == [
        ("pillar/policy.yaml", "there is no such file"),
        ("pillar/tenants/odd.yaml", "this is a folder, and a YAML file is expected"),
    ]


def test_a_file_that_cannot_be_read(repository: Repository) -> None:
    """A link to itself, because root, who runs these tests too, can read whatever its permissions say."""
    repository.write()
    policy = repository.root / "pillar/policy.yaml"
    policy.unlink()
    policy.symlink_to(policy)
    (problem,) = _refusal(repository.root)
    assert "cannot be read: Too many levels of symbolic links" in problem.message


def test_a_saguirefile_elsewhere_is_called_as_it_was_named(repository: Repository, tmp_path: Path) -> None:
    repository.write()
    inside = repository.root / "examples" / "other.saguirefile"
    inside.parent.mkdir()
    inside.write_text("fleet: 1\n")
    with pytest.raises(InvalidInput) as refusal:
        load(repository.root, inside)
    assert {problem.file for problem in refusal.value.problems} == {"examples/other.saguirefile"}


def _refusal(root: Path) -> list[Problem]:
    with pytest.raises(InvalidInput) as refusal:
        load(root)
    return list(refusal.value.problems)
