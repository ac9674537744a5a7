"""The one diff: which changes make the directory have exactly the people and groups that it should. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from titanicarus.directory.ldif import Attributes, Change, Kind
from titanicarus.directory.people import Group, Person, Wanted

Entries = Mapping[str, Attributes]
PERSON_CLASSES = ("inetOrgPerson", "posixAccount", "shadowAccount", "ldapPublicKey", "titanicarusManaged")
GROUP_CLASSES = ("posixGroup", "titanicarusManaged")
SHELL, NO_SHELL = "/bin/bash", "/usr/sbin/nologin"
LOCKED = "1"
"""Days after 1970 on which a locked account has ended (shadowExpire)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`conflicts` are sentences about what stands in the way; with one, nothing is done. `foreign` names entries that
    Titanicarus did not make and leaves alone. An empty plan means: as wanted."""

    changes: tuple[Change, ...] = ()
    conflicts: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)


def people_at(suffix: str) -> str:
    """Where people are."""
    return f"ou=people,{suffix}"


def groups_at(suffix: str) -> str:
    """Where groups are."""
    return f"ou=groups,{suffix}"


def person_dn(name: str, suffix: str) -> str:
    """The entry of a person."""
    return f"uid={name},{people_at(suffix)}"


def group_dn(name: str, suffix: str) -> str:
    """The entry of a group."""
    return f"cn={name},{groups_at(suffix)}"


def plan(wanted: Wanted, found: Entries) -> Plan:
    """Compare. `found` is everything below the suffix, by name.

    Invariants: no person is ever deleted; nothing is touched that Titanicarus did not make; a password that was
    changed in the directory stays until the file gives another one; carrying the plan out and planning again gives an
    empty plan.
    """
    conflicts = tuple(_conflicts(wanted, found))
    if conflicts:
        return Plan(conflicts=conflicts)
    changes = [*_containers(wanted.suffix, found)]
    for person in wanted.people:
        dn = person_dn(person.name, wanted.suffix)
        changes += _entry(dn, _person(person, found.get(dn)), found.get(dn))
    for group in wanted.groups:
        dn = group_dn(group.name, wanted.suffix)
        changes += _entry(dn, _group(group), found.get(dn))
    changes += _gone(wanted, found)
    ours = {wanted.suffix, people_at(wanted.suffix), groups_at(wanted.suffix)}
    foreign = tuple(sorted(dn for dn, entry in found.items() if dn not in ours and not _managed(entry)))
    return Plan(tuple(changes), foreign=foreign)


def describe(changes: tuple[Change, ...], shown: int = 25) -> dict[str, str]:
    """Entry to what is done to it, at most `shown` of them and a count of the rest."""
    texts = {_short(change.dn): change.words for change in changes}
    if len(texts) <= shown:
        return texts
    return dict(list(texts.items())[:shown]) | {"...": f"and {len(texts) - shown} more"}


def given_mark(password_hash: str) -> str:
    """What the directory remembers of the hash that the file gave last: it tells when the file has a new one."""
    return hashlib.sha256(f"given/{password_hash}".encode()).hexdigest()[:32]


def is_locked(entry: Attributes) -> bool:
    """Whether a person was taken out of the tenant's file."""
    return entry.get("shadowExpire") == (LOCKED,)


def _short(dn: str) -> str:
    kind, _, name = dn.partition(",")[0].partition("=")
    return f"{'group ' if kind == 'cn' else ''}{name}"


def _managed(entry: Attributes) -> bool:
    return "titanicarusTenant" in entry


def _conflicts(wanted: Wanted, found: Entries) -> Iterator[str]:
    numbers = {entry["uidNumber"]: dn for dn, entry in found.items() if dn.startswith("uid=") and "uidNumber" in entry}
    for person in wanted.people:
        dn = person_dn(person.name, wanted.suffix)
        yield from _owned_by_another("user", person.name, person.tenant, found.get(dn))
        there, number = found.get(dn, {}), (str(person.uid),)
        if there.get("uidNumber", number) != number:
            yield (
                f"the user {person.name} has the uid {there['uidNumber'][0]}, and the file of {person.tenant} says "
                f"{person.uid}: a uid never changes, because files belong to it; write `uid: {there['uidNumber'][0]}`"
            )
        elif numbers.get(number, dn) != dn:
            yield (
                f"the uid {person.uid} of the user {person.name} is kept for {_short(numbers[number])}; "
                f"write another in the file of {person.tenant}, such as `uid: {person.uid + 1}`"
            )
    for group in wanted.groups:
        dn = group_dn(group.name, wanted.suffix)
        yield from _owned_by_another("group", group.name, group.tenant, found.get(dn))


def _owned_by_another(kind: str, name: str, tenant: str, there: Attributes | None) -> Iterator[str]:
    if there is None:
        return
    if not _managed(there):
        yield (
            f"there is a {kind} {name} that Titanicarus did not make: remove it from the directory by hand, "
            f"or choose another name in the file of {tenant}"
        )
    elif there["titanicarusTenant"] != (tenant,):
        owner = there["titanicarusTenant"][0]
        yield f"the {kind} {name} is kept for tenant {owner}; choose another name in the file of {tenant}"


def _containers(suffix: str, found: Entries) -> Iterator[Change]:
    label = suffix.partition(",")[0].partition("=")[2]
    wanted: Entries = {
        suffix: {"objectClass": ("dcObject", "organization"), "dc": (label,), "o": (label,)},
        people_at(suffix): {"objectClass": ("organizationalUnit",), "ou": ("people",)},
        groups_at(suffix): {"objectClass": ("organizationalUnit",), "ou": ("groups",)},
    }
    for dn, attributes in wanted.items():
        if dn not in found:
            yield Change(Kind.ADD, dn, "made", attributes)


def _person(person: Person, there: Attributes | None) -> Attributes:
    """What the entry should have; an empty tuple for what it should not."""
    secret, mark = _password(person, there or {})
    return {
        "objectClass": PERSON_CLASSES,
        "uid": (person.name,),
        "cn": (person.full_name,),
        "sn": (person.full_name.split()[-1],),
        "mail": (person.email,),
        "uidNumber": (str(person.uid),),
        "gidNumber": (str(person.uid),),
        "homeDirectory": (person.home,),
        "loginShell": (SHELL,),
        "sshPublicKey": person.ssh_keys,
        "titanicarusTenant": (person.tenant,),
        "userPassword": secret,
        "titanicarusGiven": mark,
        "shadowExpire": (),
    }


def _password(person: Person, there: Attributes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The stored password and the mark: the file's when it is newer than what the file gave before, else what is
    there, which the person may have set."""
    present, known = there.get("userPassword", ()), there.get("titanicarusGiven", ())
    if person.password_hash is None:
        return ((), ()) if known else (present, ())
    mark = (given_mark(person.password_hash),)
    if known == mark and present:
        return present, mark
    return (f"{{CRYPT}}{person.password_hash}",), mark


def _group(group: Group) -> Attributes:
    return {
        "objectClass": GROUP_CLASSES,
        "cn": (group.name,),
        "gidNumber": (str(group.gid),),
        "memberUid": group.members,
        "titanicarusTenant": (group.tenant,),
    }


def _entry(dn: str, wanted: Attributes, there: Attributes | None) -> Iterator[Change]:
    if there is None:
        yield Change(Kind.ADD, dn, "added", {name: values for name, values in wanted.items() if values})
        return
    changed = {name: values for name, values in wanted.items() if set(values) != set(there.get(name, ()))}
    if changed:
        yield Change(Kind.MODIFY, dn, _words(changed), changed)


def _words(changed: Attributes) -> str:
    called = {
        "userPassword": "password", "sshPublicKey": "SSH keys", "mail": "e-mail", "cn": "name",
        "homeDirectory": "home", "memberUid": "members", "loginShell": "shell",
    }  # fmt: skip
    if "shadowExpire" in changed:
        return "locked" if changed["shadowExpire"] else "unlocked"
    names = [called.get(name, name) for name in changed if name not in ("titanicarusGiven", "sn")]
    if "userPassword" in changed and not changed["userPassword"]:
        names[names.index("password")] = "password taken away"
    return ", ".join(names) or "what the file gave as its password"


def _gone(wanted: Wanted, found: Entries) -> Iterator[Change]:
    """People who left the files are locked, and their names and numbers kept; groups go."""
    people = {person_dn(person.name, wanted.suffix) for person in wanted.people}
    groups = {group_dn(group.name, wanted.suffix) for group in wanted.groups}
    for dn, entry in sorted(found.items()):
        if not _managed(entry):
            continue
        if dn.endswith(f",{people_at(wanted.suffix)}") and dn not in people:
            yield from _entry(dn, _locked(), entry)
        elif dn.endswith(f",{groups_at(wanted.suffix)}") and dn not in groups:
            yield Change(Kind.DELETE, dn, "removed")


def _locked() -> Attributes:
    return {
        "shadowExpire": (LOCKED,),
        "loginShell": (NO_SHELL,),
        "sshPublicKey": (),
        "userPassword": (),
        "titanicarusGiven": (),
    }
