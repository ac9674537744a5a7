"""Whatever is written into the files, the answer is a declaration or a list of problems; never a traceback.

And what is accepted cannot break out of a configuration file.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from fixtures.repository import SAMPLE, Repository
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from titanicarus.fleet import Declaration, InvalidInput, json_schema, pillar_for
from titanicarus.fleet.document import read_document
from titanicarus.fleet.reading import read_draft
from titanicarus.fleet.shape import SaguirefileShape

NASTY = "{}$;\"'`\\<>|\n\r\t\x00 #%?*[]"
EXAMPLES = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

_words = st.one_of(
    st.text(st.sampled_from(NASTY + "abz019./:-_@="), max_size=12),
    st.sampled_from(
        ["lb", "web", "10.72.1.21", "10.72.1.0/24", "0.0.0.0/0", "a.example", "www.harbour.example", "/old",
         "/new.html", "..", ".", "https://harbour.example/old", "syd", "base", "alice", "http://[::1", "https://a.example:99999/",
         "xn--a.example", "１.example", "İ.example", "a" * 300]
    ),
    st.text(max_size=8),
)  # fmt: skip
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_words, inner, max_size=3)),
    max_leaves=6,
)


def _places(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in nested data."""
    yield path
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _places(value, (*path, key))


_ALL_PLACES = [(file, place) for file, data in SAMPLE.items() for place in _places(data)]


def _load(repository: Repository) -> Declaration | None:
    with contextlib.suppress(InvalidInput):
        return repository.load()
    return None


@EXAMPLES
@given(changes=st.lists(st.tuples(st.sampled_from(_ALL_PLACES), _values), min_size=1, max_size=3))
def test_any_value_anywhere(changes: list[tuple[tuple[str, tuple[str | int, ...]], Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder))
        for (file, place), value in changes:
            with contextlib.suppress(KeyError, IndexError, TypeError, AttributeError):  # an earlier change took it away
                repository.put(file, place, value)
        declaration = _load(repository)
        if declaration is not None:
            _check_that_nothing_breaks_out(declaration)


@EXAMPLES
@given(key=_words, value=_words, where=st.sampled_from(["redirects", "aliases", "root", "site"]))
def test_what_tenants_write_cannot_break_out_of_a_configuration(key: str, value: str, where: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder))
        site = repository.files["pillar/tenants/harbour.yaml"]["sites"]["shop.harbour.example"]
        if where == "redirects":
            site["redirects"] = {f"/{key}": f"/{value}", "/u": f"https://{key}/{value}"}
        elif where == "aliases":
            site["aliases"] = [key, f"{value}.example"]
        elif where == "root":
            site["root"] = value
        else:
            repository.files["pillar/tenants/harbour.yaml"]["sites"][f"{key}.example"] = {}
        declaration = _load(repository)
        if declaration is not None:
            _check_that_nothing_breaks_out(declaration)


@EXAMPLES
@given(text=st.text(max_size=60), at=st.integers(0, 2000), cut=st.integers(0, 40))
def test_any_text_anywhere(text: str, at: int, cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder))
        repository.write()
        for name in ("Saguirefile", "pillar/tenants/harbour.yaml"):
            whole = (repository.root / name).read_text(encoding="utf-8")
            repository.texts[name] = (whole[:at] + text + whole[at + cut :]).encode("utf-8", "replace").decode()
        _load(repository)


def _check_that_nothing_breaks_out(declaration: Declaration) -> None:
    for host in declaration.fleet.hosts:
        pillar = pillar_for(declaration, host.id)
        json.dumps(pillar)
        for section in ("host", "names", "salt", "lb", "web"):
            for text in _texts(pillar.get(section)):
                assert not set(text) & set("{}$;\"'`\\<>| \n\r\t\x00"), (section, text)


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)


def test_the_schema_and_the_reader_know_the_same_keys(tmp_path: Path) -> None:
    """An editor must not complain about what the loader takes."""
    schema = json_schema("saguirefile")
    document_file = tmp_path / "x.yaml"
    document_file.write_text(yaml.safe_dump(dict.fromkeys(schema["properties"], "x")))
    document = read_document(document_file, "x.yaml")
    read_draft(document, SaguirefileShape)
    assert not [problem for problem in document.problems if "is not a key here" in problem.message]
