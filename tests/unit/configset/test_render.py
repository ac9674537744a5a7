"""Templates and quoting: what tenants write must not become configuration."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from titanicarus.configset import RenderError, quoting, render


def test_templates_are_rendered_and_other_files_copied() -> None:
    sources = {"a.conf.j2": b"name {{ host.id }}\n", "plain": b"{{ as it is }}", "_macros.j2": b"not a file"}
    assert render(sources, {"host": {"id": "syd-web1"}}, {}) == {
        "a.conf": b"name syd-web1\n",
        "plain": b"{{ as it is }}",
    }


def test_context_of_the_state_is_seen() -> None:
    assert render({"f.j2": b"{{ port }}"}, {}, {"port": 80}) == {"f": b"80"}


def test_undefined_name_is_an_error_with_file_and_line() -> None:
    with pytest.raises(RenderError, match=r"sub/f\.j2, line 3: .*'nothing'"):
        render({"sub/f.j2": b"one\ntwo\n{{ pillar.nothing.more }}\n"}, {}, {})


def test_syntax_error_names_file_and_line() -> None:
    with pytest.raises(RenderError, match=r"f\.j2, line 2"):
        render({"f.j2": b"one\n{% if %}\n"}, {}, {})


def test_block_lines_leave_no_blank_lines() -> None:
    template = b"a\n  {% for n in [1, 2] %}\nn{{ n }}\n  {% endfor %}\nb\n"
    assert render({"f.j2": template}, {}, {})["f"] == b"a\nn1\nn2\nb\n"


def test_one_template_may_import_another() -> None:
    sources = {"_m.j2": b"{% macro m(x) %}<{{ x }}>{% endmacro %}", "f.j2": b"{% import '_m.j2' as l %}{{ l.m(1) }}"}
    assert render(sources, {}, {}) == {"f": b"<1>"}


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("/old page", '"/old page"'),
        ('a"b', '"a\\"b"'),
        ("a\\b", '"a\\\\b"'),
        ("$host", '"${dollar}host"'),
        (";}", '";}"'),
    ],
)
def test_nginx_strings(text: str, quoted: str) -> None:
    assert quoting.nginx(text) == quoted


@given(st.text())
def test_nothing_leaves_an_nginx_string(text: str) -> None:
    """Read as nginx reads it: up to the first quote that no backslash hides."""
    try:
        quoted = quoting.nginx(text)
    except quoting.Unquotable:
        assert any(ord(character) < 32 or ord(character) == 127 for character in text)
        return
    position, read = 1, []
    while quoted[position] != '"':
        position += quoted[position] == "\\"
        read.append(quoted[position])
        position += 1
    assert position == len(quoted) - 1
    assert "".join(read).replace("${dollar}", "$") == text


@pytest.mark.parametrize("filter_", [quoting.nginx, quoting.ini, quoting.haproxy, quoting.word])
def test_a_line_break_is_refused_everywhere(filter_: object) -> None:
    with pytest.raises(quoting.Unquotable):
        filter_("a\nb")  # type: ignore[operator]


@pytest.mark.parametrize("text", ['a"b', "a\\", "${HOME}"])
def test_ini_refuses_what_it_cannot_hold(text: str) -> None:
    with pytest.raises(quoting.Unquotable):
        quoting.ini(text)


@pytest.mark.parametrize("text", ["", "a b", "a;b", "a#b", "a{b", "$a", "a'b", 'a"b', "a\\b"])
def test_words_are_words(text: str) -> None:
    with pytest.raises(quoting.Unquotable):
        quoting.word(text)


def test_a_refused_text_names_the_template() -> None:
    with pytest.raises(RenderError, match=r"f\.j2, line 1: 'a b' is not a bare word"):
        render({"f.j2": b"{{ 'a b' | word }}"}, {}, {})
