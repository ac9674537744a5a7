"""Who has which Unix name and number: people, their groups and the sites' users share one space in the whole fleet."""

from __future__ import annotations

from collections.abc import Sequence

from .document import Document
from .model import derived_gid, derived_person_uid, derived_uid, unix_user
from .problems import did_you_mean
from .reading import Draft
from .tenant_checks import Claims, TenantDraft


def check_identities(tenants: Sequence[TenantDraft]) -> None:
    """Note every name and number that is used twice in the tenants' documents."""
    numbers = Claims("the Unix user id")
    _check_sites(tenants, numbers)
    _check_people(tenants, numbers)


def _check_sites(tenants: Sequence[TenantDraft], numbers: Claims) -> None:
    users = Claims("the Unix user")
    seen: set[str] = set()
    for tenant in tenants:
        for path, name, site in tenant.sites():
            if name in seen or tenant.document.broken((*path, "uid")):
                continue
            seen.add(name)
            own = site.get("uid")
            uid = derived_uid(name) if own is None else own
            place = path if own is None else (*path, "uid")
            numbers.claim(tenant.document, place, uid, f"give one of the two another id, such as `uid: {uid + 1}`")
            users.claim(tenant.document, path, unix_user(name), "rename one of the two sites")


def _check_people(tenants: Sequence[TenantDraft], numbers: Claims) -> None:
    """A person's own group has the person's name and number, so groups are in the same two spaces."""
    names = Claims("the user")
    for tenant in tenants:
        for name, entry in tenant.draft.get("users", {}).items():
            path = ("users", name)
            if not names.claim(tenant.document, path, name, "people have one login in the whole fleet"):
                continue
            if not tenant.document.broken((*path, "uid")):
                own = entry.get("uid")
                uid = derived_person_uid(name) if own is None else own
                place = path if own is None else (*path, "uid")
                numbers.claim(tenant.document, place, uid, f"give one of the two another id, such as `uid: {uid + 1}`")
    groups = Claims("the group")
    for tenant in tenants:
        own_groups: set[str] = set()
        for name, entry in tenant.draft.get("users", {}).items():
            for group in entry.get("groups", ()):
                if group in own_groups:
                    continue
                own_groups.add(group)
                place = ("users", name, "groups")
                if group in names.owners:
                    tenant.document.problem(
                        place, f"the group {group} is called like a user, who has a group of that name; choose another"
                    )
                elif groups.claim(tenant.document, place, group, "a group belongs to one tenant; choose another name"):
                    numbers.claim(tenant.document, place, derived_gid(group), "call the group by another name")


def check_operators(document: Document, policy: Draft, tenants: Sequence[TenantDraft]) -> None:
    """Operators are people with a password, which sudo asks for. `document` is the policy's."""
    people = {name: entry for tenant in tenants for name, entry in tenant.draft.get("users", {}).items()}
    written = document.data.get("operators") if isinstance(document.data, dict) else None
    seen: set[str] = set()
    for index, name in enumerate(written if isinstance(written, list) else ()):
        path = ("operators", index)
        if not isinstance(name, str) or name not in policy.get("operators", ()):
            continue  # refused already
        if name in seen:
            document.problem(path, "is in this list twice; keep one")
        elif name not in people:
            if not any(tenant.document.broken(("users",)) for tenant in tenants):
                document.problem(path, f"is no user of any tenant{did_you_mean(name, people)}")
        elif people[name].get("password") is None and not _broken_password(tenants, name):
            document.problem(path, "has no password, which sudo asks for; give the user one (`password:`)")
        seen.add(name)


def _broken_password(tenants: Sequence[TenantDraft], name: str) -> bool:
    return any(tenant.document.broken(("users", name, "password")) for tenant in tenants)
