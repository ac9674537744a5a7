"""The one diff: which statements make a shard carry exactly the databases, users and rights that it should. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from titanicarus.mariadb.side import READ, is_side_of
from titanicarus.mariadb.tenants.model import FULL, MIB, READ_AND_DELETE, Account, Database, Found, User, Wanted, Wish
from titanicarus.mariadb.tenants.statements import (
    Statement,
    account,
    database_of,
    identifier,
    number,
    pattern,
    pattern_text,
    privileges,
    statement,
    word,
)

REGISTER = (
    statement(
        "CREATE TABLE IF NOT EXISTS titanicarus.tenant_databases (name VARCHAR(64) PRIMARY KEY,"
        " tenant VARCHAR(64) NOT NULL, quota_mib INT UNSIGNED NOT NULL, over_quota BOOL NOT NULL DEFAULT FALSE,"
        " removed_at DATETIME) CHARACTER SET ascii COLLATE ascii_bin ENGINE InnoDB"
    ),
    statement(
        "CREATE TABLE IF NOT EXISTS titanicarus.tenant_users (name VARCHAR(80) PRIMARY KEY,"
        " tenant VARCHAR(64) NOT NULL, removed_at DATETIME) CHARACTER SET ascii COLLATE ascii_bin ENGINE InnoDB"
    ),
    statement(
        "CREATE TABLE IF NOT EXISTS titanicarus.tenant_wish (id TINYINT PRIMARY KEY, digest CHAR(64) NOT NULL,"
        " wished_at DATETIME(6) NOT NULL) CHARACTER SET ascii COLLATE ascii_bin ENGINE InnoDB"
    ),
    statement("GRANT SELECT ON titanicarus.epochs TO PUBLIC"),
)
"""What Titanicarus made in a shard, replicated with it: who takes over knows what is whose. Tenants' programs may see
in which epoch they write."""


@dataclass(frozen=True, slots=True)
class Step:
    """One statement, and in a few words what it does to which database or user."""

    subject: str
    words: str
    statement: Statement = field(repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """`conflicts` are sentences about what stands in the way; with one, nothing is done. `over` are sentences about
    databases that hold more than their quota. An empty plan means: as wanted."""

    steps: tuple[Step, ...] = ()
    conflicts: tuple[str, ...] = ()
    over: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.steps)


def plan(wanted: Wanted, found: Found) -> Plan:
    """Compare.

    Invariants: nothing is ever dropped; nothing is touched that is not in the register; carrying the plan out and
    planning again gives an empty plan.
    """
    conflicts = tuple(_conflicts(wanted, found))
    if conflicts:
        return Plan(conflicts=conflicts)
    steps: list[Step] = [] if found.register else [Step("register", "made", made) for made in REGISTER]
    for database in wanted.databases:
        steps += _database(database, found)
    quotas = {database.name: database.quota_mib for database in wanted.databases}
    for user in wanted.users:
        steps += _user(user, found, quotas)
    steps += _removed(wanted, found)
    return Plan(tuple(steps), over=tuple(_over_sentences(quotas, found)))


def quota_plan(found: Found) -> Plan:
    """Quotas alone, as the register has them: for the timer, on whichever host writes now."""
    steps: list[Step] = []
    quotas = {name: known.quota_mib for name, known in found.databases.items() if not known.removed}
    for name, quota in sorted(quotas.items()):
        over = _over(name, quota, found)
        if over != found.databases[name].over_quota:
            steps.append(_mark(name, over, found))
        for user, place in sorted(found.grants):
            known = found.users.get(user)
            if place == pattern_text(name) and known and not known.removed:
                steps += _rights(user, name, found.grants[user, place], over)
    return Plan(tuple(steps), over=tuple(_over_sentences(quotas, found)))


def record(wish: Wish) -> Statement:
    """Write down that this wish has been carried out."""
    return statement(
        "REPLACE INTO titanicarus.tenant_wish (id, digest, wished_at) VALUES (1, {digest}, STR_TO_DATE({at}, {shape}))",
        digest=word(wish.digest),
        at=word(wish.at.strftime("%Y-%m-%dT%H:%M:%S.%f")),
        shape=word("%Y-%m-%dT%H:%i:%s.%f"),
    )


def describe(steps: tuple[Step, ...], shown: int = 25) -> dict[str, str]:
    """Database or user to what is done to it, at most `shown` of them and a count of the rest."""
    texts: dict[str, str] = {}
    for step in steps:
        texts[step.subject] = f"{texts[step.subject]}; {step.words}" if step.subject in texts else step.words
    if len(texts) <= shown:
        return texts
    return dict(list(texts.items())[:shown]) | {"...": f"and {len(texts) - shown} more"}


def _conflicts(wanted: Wanted, found: Found) -> Iterator[str]:
    for database in wanted.databases:
        known = found.databases.get(database.name)
        if known is None and database.name in found.schemas:
            yield (
                f"there is a database {database.name} that Titanicarus did not make: move it away by hand, "
                f"or choose another name in the file of {database.tenant}"
            )
        elif known is not None and known.tenant != database.tenant:
            yield (
                f"the database {database.name} is kept for tenant {known.tenant}: it is never given to "
                f"{database.tenant}; choose another name, or drop it by hand (docs/tenants.md)"
            )
    for user in wanted.users:
        known_user = found.users.get(user.name)
        if known_user is None and user.name in found.accounts:
            yield (
                f"there is a user {user.name} that Titanicarus did not make: drop it by hand, "
                f"or choose another name in the file of {user.tenant}"
            )
        elif known_user is not None and known_user.tenant != user.tenant:
            yield f"the user {user.name} is kept for tenant {known_user.tenant}; choose another name for {user.tenant}"


def _database(database: Database, found: Found) -> Iterator[Step]:
    name, known = database.name, found.databases.get(database.name)
    line = {"name": word(name), "tenant": word(database.tenant), "quota": number(database.quota_mib)}
    if known is None:
        yield Step(
            name,
            f"registered for {database.tenant}",
            statement(
                "INSERT INTO titanicarus.tenant_databases (name, tenant, quota_mib) VALUES ({name}, {tenant}, {quota})",
                **line,
            ),
        )
    elif known.removed or known.quota_mib != database.quota_mib:
        words = (
            [f"quota {known.quota_mib} to {database.quota_mib} MiB"] if known.quota_mib != database.quota_mib else []
        )
        words += ["back in use"] if known.removed else []
        text = "UPDATE titanicarus.tenant_databases SET quota_mib = {quota}, removed_at = NULL WHERE name = {name}"
        yield Step(name, ", ".join(words), statement(text, name=line["name"], quota=line["quota"]))
    if name not in found.schemas:
        yield Step(name, "created", statement("CREATE DATABASE {name} CHARACTER SET utf8mb4", name=identifier(name)))
    over = _over(name, database.quota_mib, found)
    if over != (known is not None and known.over_quota):
        yield _mark(name, over, found)


def _user(user: User, found: Found, quotas: dict[str, int]) -> Iterator[Step]:
    name, known, there = user.name, found.users.get(user.name), found.accounts.get(user.name)
    subject = f"user {name}"
    if known is None:
        text = "INSERT INTO titanicarus.tenant_users (name, tenant) VALUES ({name}, {tenant})"
        line = {"name": word(name), "tenant": word(user.tenant)}
        yield Step(subject, f"registered for {user.tenant}", statement(text, **line))
    elif known.removed:
        text = "UPDATE titanicarus.tenant_users SET removed_at = NULL WHERE name = {name}"
        yield Step(subject, "back in use", statement(text, name=word(name)))
    held = {place: rights for (holder, place), rights in found.grants.items() if holder == name}
    if there is None:
        text = "CREATE USER {user} IDENTIFIED VIA mysql_native_password USING {hash} REQUIRE SSL"
        yield Step(subject, "created", statement(text, user=account(name), hash=word(user.password_hash)))
    else:
        yield from _account(user, there)
        if there.privileged or any(database_of(place) is None for place in held):
            text = "REVOKE ALL PRIVILEGES, GRANT OPTION FROM {user}"
            yield Step(subject, "rights that no tenant has taken away", statement(text, user=account(name)))
            yield _cut(name)
            held = {}
    for database in user.databases:
        rights = held.pop(pattern_text(database), frozenset())
        yield from _rights(name, database, rights, _over(database, quotas[database], found))
    for place in sorted(held):
        database = place.replace("\\_", "_")
        if is_side_of(database, user.databases) and held[place] <= READ:
            continue
        text = "REVOKE ALL PRIVILEGES ON {database}.* FROM {user}"
        parts = {"database": pattern(database), "user": account(name)}
        yield Step(subject, f"nothing any more on {database}", statement(text, **parts))
        yield _cut(name)


def _account(user: User, there: Account) -> Iterator[Step]:
    subject, who = f"user {user.name}", account(user.name)
    if there.password_hash != user.password_hash or there.plugin != "mysql_native_password":
        text = "ALTER USER {user} IDENTIFIED VIA mysql_native_password USING {hash}"
        yield Step(subject, "password changed", statement(text, user=who, hash=word(user.password_hash)))
    if not there.requires_ssl:
        yield Step(subject, "TLS required", statement("ALTER USER {user} REQUIRE SSL", user=who))
    if there.locked:
        yield Step(subject, "unlocked", statement("ALTER USER {user} ACCOUNT UNLOCK", user=who))


def _rights(user: str, database: str, held: frozenset[str], over: bool) -> Iterator[Step]:
    """A user's rights on one database, which depend on its quota."""
    due = READ_AND_DELETE if over else FULL
    subject, parts = f"user {user}", {"user": account(user), "database": pattern(database)}
    if missing := due - held:
        text = "GRANT {rights} ON {database}.* TO {user}"
        named = "all rights" if missing == FULL else ", ".join(sorted(missing)).lower()
        yield Step(subject, f"{named} on {database}", statement(text, rights=privileges(missing), **parts))
    if excess := held - due:
        text = "REVOKE {rights} ON {database}.* FROM {user}"
        words = f"may no longer {', '.join(sorted(excess)).lower()} on {database}"
        yield Step(subject, words, statement(text, rights=privileges(excess), **parts))
        yield _cut(user)


def _removed(wanted: Wanted, found: Found) -> Iterator[Step]:
    """What left the pillar: nobody gets in any more, and nothing is lost."""
    users = {user.name for user in wanted.users}
    for name, known in sorted(found.users.items()):
        if name in users:
            continue
        there = found.accounts.get(name)
        if there is not None and not there.locked:
            yield Step(f"user {name}", "locked", statement("ALTER USER {user} ACCOUNT LOCK", user=account(name)))
            yield _cut(name)
        if not known.removed:
            text = "UPDATE titanicarus.tenant_users SET removed_at = UTC_TIMESTAMP() WHERE name = {name}"
            yield Step(f"user {name}", "noted as removed", statement(text, name=word(name)))
    databases = {database.name for database in wanted.databases}
    for name, database in sorted(found.databases.items()):
        if name not in databases and not database.removed:
            text = "UPDATE titanicarus.tenant_databases SET removed_at = UTC_TIMESTAMP() WHERE name = {name}"
            yield Step(name, "removed; its data is kept", statement(text, name=word(name)))


def _cut(user: str) -> Step:
    """End the user's connections: rights count from the next one on, and a lock does not end any."""
    return Step(f"user {user}", "connections ended", statement("KILL USER {user}", user=account(user)))


def _mark(name: str, over: bool, found: Found) -> Step:
    text = "UPDATE titanicarus.tenant_databases SET over_quota = {over} WHERE name = {name}"
    size = found.sizes.get(name, 0) // MIB
    words = f"over its quota with {size} MiB" if over else f"within its quota again with {size} MiB"
    return Step(name, words, statement(text, over=number(over), name=word(name)))


def _over(name: str, quota_mib: int, found: Found) -> bool:
    return found.sizes.get(name, 0) > quota_mib * MIB


def _over_sentences(quotas: dict[str, int], found: Found) -> Iterator[str]:
    for name, quota in sorted(quotas.items()):
        if _over(name, quota, found):
            size = found.sizes[name] / MIB
            yield f"{name} holds {size:.0f} MiB of {quota}: its users may read and delete, and nothing else"
