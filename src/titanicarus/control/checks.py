"""What can be said against a tree before anybody serves it: pure reading, no Salt, every problem at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from titanicarus.control.code import CONTENT, EXTENSION_FOLDERS, files_below, master_files

TEMPLATES = (".sls", ".j2", ".jinja")


def state_problems(tree: Path) -> list[str]:
    """Each problem of states, templates and Salt modules as one line that begins with the file. Empty: no problem."""
    problems = []
    if not (tree / "salt/top.sls").is_file():
        problems.append("salt/top.sls: missing; without it no host has any states")
    for path in files_below(tree / "salt", without=tree / CONTENT):
        if path.suffix in TEMPLATES:
            problems += _template_problems(tree, path)
    for folder in EXTENSION_FOLDERS:
        problems += _folder_problems(tree, folder)
    return problems


def master_problems(tree: Path) -> list[str]:
    """The same for what masters load themselves."""
    problems = []
    for path in master_files(tree):
        if path.suffix in TEMPLATES:
            problems += _template_problems(tree, path)
        elif path.suffix == ".py":
            problems += _python_problems(tree, path)
    return problems


def library_problems(tree: Path) -> list[str]:
    """The same for the `titanicarus` package."""
    return _folder_problems(tree, "src")


def _folder_problems(tree: Path, folder: str) -> list[str]:
    files = (path for path in files_below(tree / folder) if path.suffix == ".py")
    return [problem for path in files for problem in _python_problems(tree, path)]


def parsed(text: str) -> nodes.Template:
    """A template as Salt reads it. Raises jinja2.TemplateSyntaxError."""
    return _ENVIRONMENT.parse(text)


def _template_problems(tree: Path, path: Path) -> list[str]:
    name = path.relative_to(tree)
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        return [f"{name}: not UTF-8 at byte {error.start}"]
    if text.startswith("#!py"):
        return _compile_problems(name, text)
    try:
        parsed(text)
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
