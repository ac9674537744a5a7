"""The API's XML, both ways, by the description of the service that botocore carries: shapes, limits and paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from botocore.loaders import Loader

from route53_emulator.errors import ApiError, invalid_input
from route53_emulator.records import Json

NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
_HEADER = b'<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of the API: `path` matches a request's path, `success` is the HTTP status of a good answer."""

    name: str
    method: str
    path: re.Pattern[str]
    success: int
    input: str
    output: str
    output_tag: str


class WireFormat:
    """All operations of Route53, and their shapes."""

    def __init__(self) -> None:
        model = Loader().load_service_model("route53", "service-2")
        self._shapes: Json = model["shapes"]
        self._operations = [self._operation(name, data) for name, data in model["operations"].items()]
        self._patterns: dict[str, re.Pattern[str]] = {}

    @staticmethod
    def _operation(name: str, data: Json) -> Operation:
        http = data["http"]
        template = http["requestUri"].split("?")[0].rstrip("/")
        path = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template)) + "/?")
        output = data.get("output", {}).get("shape", "")
        return Operation(
            name, http["method"], path, http.get("responseCode", 200), data["input"]["shape"], output, name + "Response"
        )

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]]:
        """The operation of a request and the values in its path. Raises ApiError."""
        for operation in self._operations:
            if operation.method == method and (match := operation.path.fullmatch(path)):
                return operation, {name: unquote(value) for name, value in match.groupdict().items()}
        raise ApiError("UnknownOperationException", f"no operation of Route53 is {method} {path}")

    def read(self, operation: Operation, uri: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Json:
        """The parameters of a request, checked against their shapes. Raises ApiError."""
        shape = self._shapes[operation.input]
        places: dict[str | None, Mapping[str, str]] = {"uri": uri, "querystring": query}
        root = _parse(body) if any("location" not in member for member in shape["members"].values()) else None
        params: Json = {}
        rest: dict[str, Json] = {}
        for name, member in shape["members"].items():
            if "location" not in member:
                rest[name] = member
            elif (text := places[member["location"]].get(member["locationName"])) is not None:
                params[name] = self._scalar(member["shape"], text, name)
        if root is not None:
            params |= self._members(rest, root, "")
        _require(shape, params, "")
        return params

    def _members(self, members: Mapping[str, Json], element: ElementTree.Element, where: str) -> Json:
        by_tag = {f"{{{NAMESPACE}}}{member.get('locationName', name)}": name for name, member in members.items()}
        found: Json = {}
        for child in element:
            name = by_tag.get(child.tag)
            if name is None or name in found:
                raise _not_schema(
                    f"element {child.tag.split('}')[-1]!r} was not expected here: {where or 'the request'}"
                )
            found[name] = self._value(members[name]["shape"], child, f"{where}.{name}" if where else name)
        return found

    def _value(self, shape_name: str, element: ElementTree.Element, where: str) -> Any:
        shape = self._shapes[shape_name]
        if shape["type"] == "structure":
            value = self._members(shape["members"], element, where)
            _require(shape, value, where)
            return value
        if shape["type"] == "list":
            member = shape["member"]
            tag = f"{{{NAMESPACE}}}{member.get('locationName', 'member')}"
            if any(child.tag != tag for child in element):
                raise _not_schema(f"{where} may only hold {tag.rsplit('}', maxsplit=1)[-1]!r}")
            values = [self._value(member["shape"], child, f"{where}.{i}") for i, child in enumerate(element, 1)]
            _limits(shape, len(values), values, where, "have length")
            return values
        if len(element):
            raise _not_schema(f"{where} should be text")
        return self._scalar(shape_name, element.text or "", where)

    def _scalar(self, shape_name: str, text: str, where: str) -> str | int | bool:
        shape = self._shapes[shape_name]
        if shape["type"] == "boolean":
            if text not in ("true", "false", "1", "0"):
                raise _not_schema(f"{where} should be true or false, and is {text!r}")
            return text in ("true", "1")
        if shape["type"] in ("integer", "long"):
            if not re.fullmatch(r"-?\d{1,19}", text):
                raise _not_schema(f"{where} should be a whole number, and is {text!r}")
            _limits(shape, int(text), text, where, "have value")
            return int(text)
        _limits(shape, len(text), text, where, "have length")
        if "enum" in shape and text not in shape["enum"]:
            raise _constraint(text, where, f"satisfy enum value set: [{', '.join(shape['enum'])}]")
        if "pattern" in shape and not self._pattern(shape["pattern"]).fullmatch(text):
            raise _constraint(text, where, f"satisfy regular expression pattern: {shape['pattern']}")
        return text

    def _pattern(self, text: str) -> re.Pattern[str]:
        if text not in self._patterns:
            self._patterns[text] = re.compile(text.replace(r"\p{L}\p{Z}\p{N}", r"\w\s"))
        return self._patterns[text]

    def write(self, operation: Operation, result: Json) -> tuple[bytes, dict[str, str]]:
        """The body of a good answer, and the headers that the operation puts values into."""
        members = self._shapes[operation.output]["members"] if operation.output else {}
        headers = {m["locationName"]: result[n] for n, m in members.items() if m.get("location") and n in result}
        out: list[str] = [f'<{operation.output_tag} xmlns="{NAMESPACE}">']
        for name, member in members.items():
            if name in result and "location" not in member:
                self._write(member["shape"], member.get("locationName", name), result[name], out)
        out.append(f"</{operation.output_tag}>")
        return _HEADER + "".join(out).encode(), headers

    def _write(self, shape_name: str, tag: str, value: Any, out: list[str]) -> None:
        shape = self._shapes[shape_name]
        if shape["type"] == "structure":
            out.append(f"<{tag}>")
            for name, member in shape["members"].items():
                if name in value:
                    self._write(member["shape"], member.get("locationName", name), value[name], out)
            out.append(f"</{tag}>")
        elif shape["type"] == "list":
            member = shape["member"]
            out.append(f"<{tag}>")
            for item in value:
                self._write(member["shape"], member.get("locationName", "member"), item, out)
            out.append(f"</{tag}>")
        else:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            out.append(f"<{tag}>{escape(text)}</{tag}>")


def write_error(error: ApiError, request_id: str) -> bytes:
    """The body of an answer that is an error."""
    kind = "Receiver" if error.status >= 500 else "Sender"
    body = (
        f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>{kind}</Type><Code>{escape(error.code)}</Code>'
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return _HEADER + body.encode()


def _parse(body: bytes) -> ElementTree.Element:
    """The request's root. Documents that declare a type or entities (and could grow without bound) are refused."""
    if b"<!" in body:
        raise _not_schema("a document type, a comment or an entity is not allowed")
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - no entities, see above
    except ElementTree.ParseError as error:
        raise _not_schema(str(error)) from error


def _require(shape: Json, found: Json, where: str) -> None:
    missing = [name for name in shape.get("required", ()) if name not in found]
    if missing:
        path = f"{where}.{missing[0]}" if where else missing[0]
        raise _constraint("null", path, "not be null")


def _limits(shape: Json, size: int, value: object, where: str, words: str) -> None:
    if "min" in shape and size < shape["min"]:
        raise _constraint(value, where, f"{words} greater than or equal to {shape['min']}")
    if "max" in shape and size > shape["max"]:
        raise _constraint(value, where, f"{words} less than or equal to {shape['max']}")


def _constraint(value: object, where: str, must: str) -> ApiError:
    path = ".".join(part[:1].lower() + part[1:] for part in where.split("."))
    shown = str(value)[:200]
    return invalid_input(
        f"1 validation error detected: Value '{shown}' at '{path}' failed to satisfy constraint: Member must {must}"
    )


def _not_schema(why: str) -> ApiError:
    return ApiError(
        "MalformedInput", f"The XML you provided was not well-formed or did not validate against the schema: {why}"
    )
