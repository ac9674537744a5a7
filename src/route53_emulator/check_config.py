"""Is the configuration of a health check right, and what are its defaults? Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from route53_emulator.errors import ApiError, invalid_input
from route53_emulator.health import ENDPOINT_TYPES
from route53_emulator.records import Json

_PORTS = {"HTTP": 80, "HTTP_STR_MATCH": 80, "HTTPS": 443, "HTTPS_STR_MATCH": 443}
_FIXED = ("Type", "RequestInterval", "MeasureLatency", "RoutingControlArn")


def complete(config: Json, exists: Callable[[str], bool]) -> Json:
    """The configuration with every default filled in. Raises ApiError; `exists` tells whether a child does."""
    kind = config["Type"]
    if kind == "CALCULATED":
        return _calculated(config, exists)
    if kind not in ENDPOINT_TYPES:
        raise invalid_input(f"Invalid parameter : this emulator does not cover health checks of type {kind}")
    if "IPAddress" not in config and "FullyQualifiedDomainName" not in config:
        raise invalid_input(
            "Invalid parameter : You must specify either an IP address or a domain name for your endpoint"
        )
    if "IPAddress" in config:
        _check_address(config["IPAddress"])
    full = {"RequestInterval": 30, "FailureThreshold": 3, "MeasureLatency": False, "Inverted": False, "Disabled": False}
    full |= {"Port": _PORTS[kind]} if kind in _PORTS else {}
    full |= {"EnableSNI": True} if kind.startswith("HTTPS") else {}
    full |= config
    if full["RequestInterval"] not in (10, 30):
        raise invalid_input("Invalid parameter : RequestInterval must be 10 or 30")
    if "Port" not in full:
        raise invalid_input("Invalid parameter : Port must be specified for TCP health checks")
    if kind.endswith("_STR_MATCH") != bool(full.get("SearchString")):
        raise invalid_input("Invalid parameter : SearchString is for _STR_MATCH health checks, and needed by them")
    if kind == "TCP" and "ResourcePath" in full:
        raise invalid_input("Invalid parameter : ResourcePath is not for TCP health checks")
    if "ChildHealthChecks" in full or "HealthThreshold" in full:
        raise invalid_input(
            "Invalid parameter : ChildHealthChecks and HealthThreshold are for CALCULATED health checks"
        )
    return full


def changed(config: Json, update: Json, exists: Callable[[str], bool]) -> Json:
    """The configuration after UpdateHealthCheck. Raises ApiError."""
    fixed = [name for name in _FIXED if name in update]
    if fixed:
        raise invalid_input(f"Invalid parameter : {fixed[0]} cannot be changed")
    reset = update.get("ResetElements", ())
    plain = {name: value for name, value in update.items() if name != "ResetElements"}
    return complete({name: value for name, value in config.items() if name not in reset} | plain, exists)


def _calculated(config: Json, exists: Callable[[str], bool]) -> Json:
    strange = sorted(set(config) - {"Type", "ChildHealthChecks", "HealthThreshold", "Inverted", "Disabled"})
    if strange:
        raise invalid_input(f"Invalid parameter : {strange[0]} is not for CALCULATED health checks")
    if "HealthThreshold" not in config:
        raise invalid_input("Invalid parameter : HealthThreshold must be specified for CALCULATED health checks")
    for child in config.get("ChildHealthChecks", ()):
        if not exists(child):
            raise invalid_input(f"Invalid parameter : child health check {child} does not exist")
    return {"ChildHealthChecks": [], "Inverted": False, "Disabled": False} | config


def _check_address(text: str) -> None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise invalid_input(f"Invalid parameter : {text} is not an IP address") from error
    if address.is_loopback or address.is_multicast or address.is_unspecified:
        # The real one refuses private addresses too; a lab's "internet" may well be made of them.
        raise ApiError("InvalidInput", f"Invalid parameter : the IP address {text} cannot be checked from the internet")
