"""The declared fleet: what the operator's files say, checked and typed, and what follows from it."""

from .content import UnfitContent, content_manifest
from .load import Declaration, load
from .model import Fleet, Host, Island, Lan, Policy, Site, Tenant, UnknownHost, User, Wan
from .pillar import pillar_for
from .ports import Port, ports_for
from .problems import InvalidInput, Notice, Problem
from .roles import BUILT, Role
from .schema import SchemaKind, json_schema, write_schemas

__all__ = [
    "BUILT",
    "Declaration",
    "Fleet",
    "Host",
    "InvalidInput",
    "Island",
    "Lan",
    "Notice",
    "Policy",
    "Port",
    "Problem",
    "Role",
    "SchemaKind",
    "Site",
    "Tenant",
    "UnfitContent",
    "UnknownHost",
    "User",
    "Wan",
    "content_manifest",
    "json_schema",
    "load",
    "pillar_for",
    "ports_for",
    "write_schemas",
]
