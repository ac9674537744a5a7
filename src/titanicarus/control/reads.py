"""Which parts of a pillar each component (a folder of `salt/`) reads, found from the tree itself.

It reads what its templates name, and what those extension modules name that its SLS files use. Whatever else looks like
a use of the pillar is taken to read everything.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from jinja2 import nodes

from titanicarus.control import checks
from titanicarus.control.touched import EVERYTHING

_METHODS = frozenset({"get", "items", "keys", "values", "pop", "setdefault"})
# contents_pillar: trust:root (or a list of such), and the `pillar: lb:certificates` of config_set
_OPTION = re.compile(r"\b(?:contents_)?pillar:((?:\s+(?:- )?\w+(?::\w+)+\b)*)")
_KEY = re.compile(r"(\w+):(\w+)")
_PILLAR_MODULE = re.compile(r"^pillar\.")
_USES = re.compile(r"\b([a-z]\w*)\.[a-z]")
_ELSEWHERE = re.compile(r"""(?:salt://|(?:import|from|include)\s+["'])(\w+)/""")
# - file: trust_key on a line of its own, or {file: trust_key} in a list of one line
_REQUIRES = re.compile(r"(?:^\s+- |\{)\w+: ([a-z0-9]+(?:_[a-z0-9]+)+)(?:\}|\s*$)", re.MULTILINE)
_NO_COMPONENTS = frozenset({"content", "role"})
# Renders the templates of the component, and these say themselves what they read.
_RENDERER = "config_set"


def reads(tree: Path) -> dict[str, dict[str, list[str]]]:
    """Of the tree below `tree`/salt, whose templates and modules parse (titanicarus.control.checks has seen to it)."""
    folders = sorted(path for path in (tree / "salt").iterdir() if path.is_dir() and path.name not in _NO_COMPONENTS)
    names = {folder.name for folder in folders}
    modules = _modules(tree)
    found = {}
    for folder in folders:
        texts = {
            path: path.read_text("utf-8", errors="replace") for path in sorted(folder.rglob("*")) if path.is_file()
        }
        states = "".join(text for path, text in texts.items() if path.suffix == ".sls")
        sections = {name for path, text in texts.items() for name in _of_file(path, text)}
        sections |= {name for used in _USES.findall(states) for name in modules.get(used, ())}
        if (set(_ELSEWHERE.findall(states)) & names) - {folder.name}:
            sections.add(EVERYTHING)
        required = _REQUIRES.findall(states)
        needs = {name for state in required for name in names if state.startswith(f"{name}_")}
        found[folder.name] = {"sections": _shortest(sections), "needs": sorted(needs - {folder.name})}
    return found


def _modules(tree: Path) -> dict[str, set[str]]:
    """What each extension module reads, with those that it calls."""
    own: dict[str, set[str]] = {}
    calls: dict[str, set[str]] = {}
    for path in sorted(path for folder in ("_states", "_modules") for path in (tree / folder).glob("*.py")):
        if path.stem != _RENDERER:
            text = path.read_text("utf-8")
            own.setdefault(path.stem, set()).update(_of_python(text))
            calls.setdefault(path.stem, set()).update(_USES.findall(text))
    return {name: set().union(*(own[other] for other in {name, *calls[name]} & own.keys())) for name in own}


def _of_file(path: Path, text: str) -> Iterator[str]:
    if "pillar" not in text and "host" not in text:
        return
    if text.startswith("#!py"):
        yield from _of_python(text)
    elif path.suffix in checks.TEMPLATES:
        yield from _of_template(checks.parsed(text), config=path.suffix == ".j2")
        for options in _OPTION.findall(text):
            yield from (_named(*key) for key in _KEY.findall(options) or [("", "")])
    elif "pillar" in text:
        yield EVERYTHING  # a template by another name?


def _of_template(template: nodes.Template, *, config: bool) -> Iterator[str]:
    """`config`: a template of config_set, which knows the section `host` by that name."""
    said: set[int] = set()
    for node in template.find_all((nodes.Test, nodes.Getattr, nodes.Getitem, nodes.Name, nodes.Const)):
        if id(node) in said:
            continue
        if isinstance(node, nodes.Test):
            # Whether there is a section at all: touched() asks that itself.
            if node.name in {"defined", "undefined"} and len(_path(node.node)) == 2:
                said |= {id(inner) for inner in (node.node, *node.node.find_all(nodes.Name))}
        elif isinstance(node, nodes.Const):
            if isinstance(node.value, str) and _PILLAR_MODULE.match(node.value):
                yield EVERYTHING  # salt['pillar.get']
        elif path := _path(node):
            said |= {id(inner) for inner in node.find_all((nodes.Getattr, nodes.Getitem, nodes.Name))}
            if path[0] == "pillar":
                yield _named(*path[1:3])
            elif path[0] == "host" and config:
                yield _named(*path[:2])
            elif path[:2] == ["salt", "pillar"]:
                yield EVERYTHING


def _path(node: nodes.Node) -> list[str]:
    """`pillar.lb["sites"].x` as its names, as far as they are constant; empty when it does not begin with a name."""
    if isinstance(node, nodes.Name):
        return [node.name]
    if isinstance(node, nodes.Getattr):
        return [*before, node.attr] if (before := _path(node.node)) else []
    if isinstance(node, nodes.Getitem):
        before = _path(node.node)
        key = node.arg.value if isinstance(node.arg, nodes.Const) else None
        return [*before, key if isinstance(key, str) else "get"] if before else []
    return []


def _of_python(text: str) -> Iterator[str]:
    """What a module reads of `__pillar__`."""
    tree = ast.parse(text)
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _PILLAR_MODULE.match(node.value):
            yield EVERYTHING
        if isinstance(node, ast.Name) and node.id == "__pillar__":
            section, holder = _key(node, above)
            part, _ = _key(holder, above) if section else ("", holder)
            yield _named(section, part)


def _key(node: ast.AST, above: Mapping[ast.AST, ast.AST]) -> tuple[str, ast.AST]:
    """What is asked of a dictionary, by [...] or .get(...), and the expression that gives it; empty if not constant."""
    holder = above[node]
    key: ast.AST | None = None
    if isinstance(holder, ast.Subscript) and holder.value is node:
        key = holder.slice
    elif isinstance(holder, ast.Attribute) and holder.attr == "get":
        holder = above[holder]
        key = holder.args[0] if isinstance(holder, ast.Call) and holder.args else None
    constant = isinstance(key, ast.Constant) and isinstance(key.value, str)
    return (key.value if constant else ""), holder  # type: ignore[union-attr]


def _named(section: str = "", part: str = "") -> str:
    if not section or section in _METHODS:
        return EVERYTHING
    return f"{section}.{part}" if part and part not in _METHODS else section


def _shortest(names: Iterable[str]) -> list[str]:
    """Without the parts of sections that are read whole."""
    found = set(names)
    if EVERYTHING in found:
        return [EVERYTHING]
    return sorted(name for name in found if "." not in name or name.partition(".")[0] not in found)
