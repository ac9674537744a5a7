"""How each configuration language quotes a string. Names and paths come from tenants: none may end a statement."""

from __future__ import annotations

import json
import re

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
NOT_IN_WORDS = re.compile(r"""[ "'#{};$\\]""")


class Unquotable(ValueError):
    """The value holds something that the language cannot carry, such as a line break."""


def _printable(value: object, language: str) -> str:
    text = str(value)
    if bad := CONTROL.search(text):
        raise Unquotable(f"{text!r} cannot be written in a {language} file: it holds the control character {bad[0]!r}")
    return text


def nginx(value: object) -> str:
    """A double-quoted nginx string.

    nginx expands `$name` even in quotes and knows no escape for it, so a dollar becomes the variable `${dollar}`,
    which nginx.conf defines as `$`.
    """
    text = _printable(value, "nginx")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "${dollar}") + '"'


def ini(value: object) -> str:
    """A double-quoted string of PHP's ini format (also php-fpm.conf).

    The format has no safe way to hold a quote, a backslash at the end or `${`, so those are refused.
    """
    text = _printable(value, "PHP ini")
    if '"' in text or text.endswith("\\") or "${" in text:
        raise Unquotable(f"{text!r} cannot be written in a PHP ini file: it holds a quote, a final backslash or '${{'")
    return f'"{text}"'


def haproxy(value: object) -> str:
    """A strongly quoted HAProxy argument: nothing is expanded between single quotes."""
    text = _printable(value, "HAProxy")
    if "'" in text:
        raise Unquotable(f"{text!r} cannot be written in a HAProxy file: it holds a single quote")
    return f"'{text}'"


def word(value: object) -> str:
    """A bare word: no blank, quote, comment sign, brace, semicolon, dollar or backslash. Refused, never altered."""
    text = _printable(value, "configuration")
    bad = NOT_IN_WORDS.search(text)
    if bad or not text:
        raise Unquotable(f"{text!r} is not a bare word" + (f": it holds {bad[0]!r}" if bad else ""))
    return text


def json_text(value: object) -> str:
    """JSON on one line with sorted keys: the same value always gives the same bytes."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
