"""Templates and pillar to files.

A file `x.j2` is a Jinja template and becomes `x`; any other file is copied. Templates see `pillar`, `host` (the
pillar's `host`) and what the state passes as `context`. An undefined name is an error, never an empty string.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import jinja2

from titanicarus.configset import quoting

SUFFIX = ".j2"


class RenderError(ValueError):
    """A template cannot be rendered; the message names the template and the line."""


def render(sources: Mapping[str, bytes], pillar: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, bytes]:
    """Render every source (relative path to bytes). Returns relative path to bytes; raises RenderError."""
    environment = _environment(sources)
    names = {"pillar": pillar, "host": pillar.get("host", {}), **context}
    wanted: dict[str, bytes] = {}
    for path, data in sources.items():
        if not path.endswith(SUFFIX):
            wanted[path] = data
        elif not path.rpartition("/")[2].startswith("_"):  # _macros.j2 is imported by others, no file of its own
            wanted[path.removesuffix(SUFFIX)] = _render_one(environment, path, names)
    return wanted


def _render_one(environment: jinja2.Environment, path: str, names: Mapping[str, Any]) -> bytes:
    try:
        return environment.get_template(path).render(names).encode()
    except jinja2.TemplateSyntaxError as error:
        raise RenderError(f"{error.name or path}, line {error.lineno}: {error.message}") from error
    except (jinja2.TemplateError, quoting.Unquotable, TypeError, KeyError, ValueError) as error:
        raise RenderError(f"{path}, line {_template_line(error, path)}: {error}") from error


def _template_line(error: BaseException, path: str) -> int | str:
    """The line of the template in which the error arose: Jinja puts template frames into the traceback."""
    line: int | str = "unknown"
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in (path, "<template>") or trace.tb_frame.f_code.co_name == "root":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _environment(sources: Mapping[str, bytes]) -> jinja2.Environment:
    templates = {path: data.decode() for path, data in sources.items() if path.endswith(SUFFIX)}
    # Not HTML: these are configuration files, and each language's own filter does the quoting.
    environment = jinja2.Environment(  # noqa: S701
        loader=jinja2.DictLoader(templates),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        nginx=quoting.nginx,
        ini=quoting.ini,
        haproxy=quoting.haproxy,
        word=quoting.word,
        json=quoting.json_text,
        sha256=lambda text: hashlib.sha256(str(text).encode()).hexdigest(),
    )
    return environment
