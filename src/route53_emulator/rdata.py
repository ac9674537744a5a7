"""The values of records: is the text right for the type, and what goes into a DNS message."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

import dnslib

from route53_emulator.names import BadName, canonical, wire_labels

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_STRINGS = re.compile(r'(?:"(?:[^"\\]|\\.)*"\s*)+')
_ESCAPE = re.compile(r"\\([0-3][0-7][0-7]|.)", re.DOTALL)


class BadValue(ValueError):
    """The value does not fit its type; the message is what follows "Invalid Resource Record: "."""

    def __init__(self, problem: str, value: str) -> None:
        super().__init__(f"'FATAL problem: {problem} encountered with '{value}''")


def rdata(kind: str, value: str) -> dnslib.RD:
    """The value as a DNS message carries it. Raises BadValue; KeyError for a type that is not covered."""
    return _READERS[kind](value)


def covered_types() -> frozenset[str]:
    return frozenset(_READERS)


def _a(value: str) -> dnslib.RD:
    try:
        return dnslib.A(str(ipaddress.IPv4Address(value)))
    except ValueError as error:
        raise BadValue("ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)", value) from error


def _aaaa(value: str) -> dnslib.RD:
    try:
        if "%" in value:
            raise ValueError("a zone index is not an address")
        return dnslib.AAAA(str(ipaddress.IPv6Address(value)))
    except ValueError as error:
        raise BadValue("AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)", value) from error


def _label(text: str, value: str) -> dnslib.DNSLabel:
    try:
        return dnslib.DNSLabel(wire_labels(canonical(text)))
    except BadName as error:
        raise BadValue(str(error), value) from error


def _number(text: str, value: str, limit: int = 65535) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > limit:
        raise BadValue(f"UnsignedIntegerOutOfRange (Value should be a whole number up to {limit})", value)
    return int(text)


def _fields(value: str, count: int) -> list[str]:
    fields = value.split()
    if len(fields) != count:
        raise BadValue(f"WrongNumberOfFields (Value should have {count} fields, and has {len(fields)})", value)
    return fields


def _cname(value: str) -> dnslib.RD:
    return dnslib.CNAME(_label(value, value))


def _ns(value: str) -> dnslib.RD:
    return dnslib.NS(_label(value, value))


def _ptr(value: str) -> dnslib.RD:
    return dnslib.PTR(_label(value, value))


def _mx(value: str) -> dnslib.RD:
    preference, host = _fields(value, 2)
    return dnslib.MX(_label(host, value), _number(preference, value))


def _srv(value: str) -> dnslib.RD:
    priority, weight, port, host = _fields(value, 4)
    numbers = [_number(text, value) for text in (priority, weight, port)]
    target = dnslib.DNSLabel([]) if host == "." else _label(host, value)
    return dnslib.SRV(*numbers, target)


def _caa(value: str) -> dnslib.RD:
    match = re.fullmatch(r'(\d+)\s+([A-Za-z0-9]+)\s+("(?:[^"\\]|\\.)*")', value)
    if not match:
        raise BadValue('CAARRDATAMalformed (Value should be: flags tag "value")', value)
    return dnslib.CAA(_number(match[1], value, 255), match[2], match[3].strip('"'))


def _txt(value: str) -> dnslib.RD:
    if not _STRINGS.fullmatch(value):
        raise BadValue("InvalidCharacterString (Value should be enclosed in quotation marks)", value)
    strings = [_unescaped(match[1], value) for match in _STRING.finditer(value)]
    if any(len(text) > 255 for text in strings):
        raise BadValue("CharacterStringTooLong (Value is too long)", value)
    return dnslib.TXT(strings)


def _unescaped(text: str, value: str) -> bytes:
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 8)) if len(match[1]) == 3 else match[1], text)
    try:
        return plain.encode("latin-1")
    except UnicodeEncodeError as error:
        raise BadValue("InvalidCharacterString (Value contains characters that are not ASCII)", value) from error


def _soa(value: str) -> dnslib.RD:
    primary, contact, *rest = _fields(value, 7)
    times = tuple(_number(text, value, 2**32 - 1) for text in rest)
    return dnslib.SOA(_label(primary, value), _label(contact, value), times)


_READERS: dict[str, Callable[[str], dnslib.RD]] = {
    "A": _a,
    "AAAA": _aaaa,
    "CAA": _caa,
    "CNAME": _cname,
    "MX": _mx,
    "NS": _ns,
    "PTR": _ptr,
    "SOA": _soa,
    "SPF": _txt,
    "SRV": _srv,
    "TXT": _txt,
}
