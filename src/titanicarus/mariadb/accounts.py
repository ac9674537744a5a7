"""Who may replicate from an instance: one account for each database host of the shard, by its address and certificate.

They are the instance's own and not part of the shard's history: each is set without the binary log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from titanicarus.mariadb.carried import Carrier
from titanicarus.mariadb.connection import Connection
from titanicarus.mariadb.look import Row

USER = "replication"
_SUBJECT_TYPE = 3  # SSL_TYPE_SPECIFIED in MariaDB's sql/structs.h
_REPLICATION_SLAVE = 1 << 19  # REPL_SLAVE_ACL in MariaDB's sql/privilege.h


@dataclass(frozen=True, slots=True)
class Changes:
    """Accounts to make or make anew (address to certificate subject), and addresses whose account goes."""

    make: Mapping[str, str]
    drop: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.make or self.drop)


def wanted(hosts: Iterable[Carrier]) -> dict[str, str]:
    """Address to the subject of the certificate that must be shown."""
    return {host.address: f"/CN={host.id}" for host in hosts}


def compare(rows: Iterable[Row], want: Mapping[str, str]) -> Changes:
    """`rows` are host and Priv (JSON) of the accounts named USER, as mysql.global_priv has them."""
    present = {str(row["Host"]): json.loads(row["Priv"]) for row in rows}
    right = {
        address
        for address, account in present.items()
        if account.get("ssl_type") == _SUBJECT_TYPE
        and account.get("x509_subject") == want.get(address)
        and account.get("access") == _REPLICATION_SLAVE
    }
    return Changes(
        {address: subject for address, subject in sorted(want.items()) if address not in right},
        tuple(sorted(set(present) - set(want))),
    )


def look(connection: Connection, hosts: Iterable[Carrier]) -> Changes:
    """What would have to be changed. Raises ServerError."""
    rows = connection.do("SELECT Host, Priv FROM mysql.global_priv WHERE User = %s", (USER,))
    return compare(rows, wanted(hosts))


def change(connection: Connection, changes: Changes) -> None:
    """Raises ServerError."""
    connection.do("SET SESSION sql_log_bin = 0")
    for address, subject in changes.make.items():
        connection.do("CREATE OR REPLACE USER %s@%s REQUIRE SUBJECT %s", (USER, address, subject))
        connection.do("GRANT REPLICATION SLAVE ON *.* TO %s@%s", (USER, address))
    for address in changes.drop:
        connection.do("DROP USER IF EXISTS %s@%s", (USER, address))
    connection.do("SET SESSION sql_log_bin = 1")
