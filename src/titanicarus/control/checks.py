"""What can be said against a tree before anybody serves it: pure reading, no Salt, every problem at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

EXTENSION_FOLDERS = ("_beacons", "_grains", "_modules", "_returners", "_states", "_utils")
MASTER_FOLDERS = ("_pillar", "_runners")
TEMPLATES = (".sls", ".j2", ".jinja")
CONTENT = Path("salt/content")


def state_problems(tree: Path) -> list[str]:
    """Each problem of states, templates and Salt modules as one line that begins with the file. Empty: no problem."""
    problems = []
    if not (tree / "salt/top.sls").is_file():
        problems.append("salt/top.sls: missing; without it no host has any states")
    for path in _files(tree / "salt", without=tree / CONTENT):
        if path.suffix in TEMPLATES:
            problems += _template_problems(tree, path)
    for folder in (*EXTENSION_FOLDERS, *MASTER_FOLDERS):
        problems += _folder_problems(tree, folder)
    return problems


def library_problems(tree: Path) -> list[str]:
    """The same for the `titanicarus` package."""
    return _folder_problems(tree, "src")


def _folder_problems(tree: Path, folder: str) -> list[str]:
    files = (path for path in _files(tree / folder) if path.suffix == ".py")
    return [problem for path in files for problem in _python_problems(tree, path)]


def code_files(tree: Path) -> Iterator[Path]:
    """The files that decide, together with a host's pillar, what an apply does: states and extension modules."""
    yield from _files(tree / "salt", without=tree / CONTENT)
    for folder in EXTENSION_FOLDERS:
        yield from _files(tree / folder)


def _files(folder: Path, without: Path | None = None) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__" and Path(parent, name) != without)
        for name in sorted(names):
            yield Path(parent, name)


def _template_problems(tree: Path, path: Path) -> list[str]:
    name = path.relative_to(tree)
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        return [f"{name}: not UTF-8 at byte {error.start}"]
    if text.startswith("#!py"):
        return _compile_problems(name, text)
    try:
        _ENVIRONMENT.parse(text)
    except jinja2.TemplateSyntaxError as error:
        return [f"{name}:{error.lineno}: {error.message}"]
    if path.suffix == ".sls" and not any(mark in text for mark in ("{%", "{{", "{#", "#!")):
        return _yaml_problems(name, text)
    return []


def _yaml_problems(name: Path, text: str) -> list[str]:
    try:
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        return [f"{name}:{line}: {error.problem}"]
    except yaml.YAMLError as error:
        return [f"{name}: {error}"]
    if document is not None and not isinstance(document, dict):
        return [f"{name}: found a {type(document).__name__} at the top, expected state ids with their states"]
    return []


def _python_problems(tree: Path, path: Path) -> list[str]:
    return _compile_problems(path.relative_to(tree), path.read_bytes())


def _compile_problems(name: Path, source: str | bytes) -> list[str]:
    try:
        compile(source, str(name), "exec", dont_inherit=True)
    except SyntaxError as error:
        return [f"{name}:{error.lineno}: {error.msg}"]
    except ValueError as error:
        return [f"{name}: {error}"]
    return []


class _SaltTags(Extension):
    """Accepts the tags that Salt adds to Jinja (salt.utils.jinja.SerializerExtension) so that templates parse."""

    tags = {"load_yaml", "load_json", "load_text", "import_yaml", "import_json", "import_text", "profile"}  # noqa: RUF012

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        tag = next(parser.stream)
        if tag.value.startswith("import_") or tag.value == "profile":
            parser.parse_expression()
        parser.stream.expect("name:as")
        target: Any = parser.parse_assign_target() if tag.value != "profile" else parser.parse_expression()
        if tag.value.startswith("import_"):
            return nodes.Assign(target, nodes.Const(None), lineno=tag.lineno)
        body = parser.parse_statements((f"name:end{tag.value}",), drop_needle=True)
        return nodes.Scope(body, lineno=tag.lineno)


_ENVIRONMENT = jinja2.Environment(  # noqa: S701 -- nothing is rendered with it
    extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols", _SaltTags]
)
