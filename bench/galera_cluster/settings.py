"""What the cluster's daemons are told: pure text from plain values.

MariaDB's options are those of the platform's own instances, read from one of them, without what belongs to the
platform's replication and with what belongs to Galera.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

NAME = "bench-galera"
HERE = Path("/run") / NAME
"""Where everything but the data is on each host: gone with its power, as the units are."""
UNITS = Path("/run/systemd/system")
CNF, SOCKET, CHECK, LAUNCH = HERE / "mariadbd.cnf", HERE / "mariadbd.sock", HERE / "check.py", HERE / "launch"
FIRST, PROXY, ADMIN = HERE / "first", HERE / "haproxy.cfg", HERE / "haproxy.sock"
NODE_UNIT, CHECK_UNIT, PROXY_UNIT = NAME, f"{NAME}-check", f"{NAME}-haproxy"
# Galera's own well-known ports. The platform uses none of them.
GROUP, TRANSFER, SNAPSHOT, SERVER, HEALTH = 4567, 4568, 4444, 3306, 9200
USER = DATABASE = "bench"
# Options of the platform's instances that are about its own replication, or about one host.
_NOT_TAKEN = (
    *("bind_address", "server_id", "report_host", "extra_", "read_only", "gtid_strict_mode", "rpl_semi_sync_"),
    *("skip_slave_start", "slave_", "master_retry_count", "relay_log"),
    *("sync_relay_log", "sync_master_info", "sync_relay_log_info"),
)
_BINARY_LOG = ("log_bin", "log_slave_updates", "sync_binlog", "binlog_", "max_binlog_")


@dataclass(frozen=True)
class Node:
    """A host of the cluster: its id, its LAN address, and the folder for its data."""

    host: str
    address: str
    data: Path


@dataclass(frozen=True)
class Choices:
    """What operators choose differently.

    `binary_log`: without it no moment can be restored from binary logs, and a commit costs fewer syncs. `suspect`:
    after how many seconds of silence a node is suspected to be dead; None: Galera's own default, 5 s.
    """

    binary_log: bool = True
    suspect: float | None = None


def options_of(text: str, section: str = "mariadbd") -> dict[str, str]:
    """The options of one section of a file of MariaDB's, in order, with names as variables have them."""
    found: dict[str, str] = {}
    inside = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            inside = line == f"[{section}]"
        elif inside and line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            found[name.strip().replace("-", "_")] = value.strip()
    return found


def mariadbd(platform: Mapping[str, str], nodes: Sequence[Node], node: Node, choices: Choices) -> str:
    """The configuration of one node. `platform` are the options of the platform's instances."""
    left_out = (*_NOT_TAKEN, *(() if choices.binary_log else _BINARY_LOG))
    options = {name: value for name, value in platform.items() if not _named(name, left_out)}
    number = 1 + nodes.index(node)
    options |= {
        "server_id": str(number),
        "bind_address": node.address,
        "port": str(SERVER),
        "datadir": str(node.data / "data"),
        "socket": str(SOCKET),
        "pid_file": str(HERE / "mariadbd.pid"),
        # The checker asks who answered.
        "report_host": node.host,
        **{f"ssl_{what}": str(path) for what, path in _certificate().items()},
        "innodb_autoinc_lock_mode": "2",
        "wsrep_on": "ON",
        "wsrep_provider": "/usr/lib/galera/libgalera_smm.so",
        "wsrep_cluster_name": NAME,
        "wsrep_cluster_address": "gcomm://" + ",".join(f"{one.address}:{GROUP}" for one in nodes),
        "wsrep_node_name": node.host,
        "wsrep_node_address": node.address,
        "wsrep_slave_threads": platform.get("slave_parallel_threads", "1"),
        # A donor that goes on serving, and not the writer while there is another one.
        "wsrep_sst_method": "mariabackup",
        "wsrep_sst_auth": "mysql:",
        "wsrep_sst_receive_address": f"{node.address}:{SNAPSHOT}",
        "wsrep_sst_donor": f"{nodes[-1].host},",
        "wsrep_provider_options": f'"{_provider(node, choices)}"',
    }
    lines = (f"{name} = {value}" if value else name for name, value in options.items())
    # By the socket there is nothing to verify; the snapshot's program would, and fails.
    return "[mariadbd]\n" + "".join(f"{line}\n" for line in lines) + "\n[mariadb-backup]\nskip-ssl\n"


def launcher() -> str:
    """The shell program that is the node's unit, as Debian's unit does it: recovery of the position first."""
    return f"""#!/bin/sh
position=$(/usr/bin/galera_recovery --defaults-file={CNF}) || exit 1
# Only the node that begins a cluster, and only once.
first=; [ ! -e {FIRST} ] || first=--wsrep-new-cluster
exec /usr/sbin/mariadbd --defaults-file={CNF} $first $position
"""


def node_unit() -> str:
    """systemd's unit of a node: as nice as the platform's instances, with the restarts of Debian's own unit. (Quicker
    ones were tried: the others' silence lasts as long.)"""
    return f"""[Unit]
Description=Galera node of a comparison (bench/galera.py)
StartLimitIntervalSec=0
[Service]
Type=notify
User=mysql
Group=mysql
UMask=0077
ExecStart=/bin/sh {LAUNCH}
KillSignal=SIGKILL
Restart=always
RestartSec=5s
TimeoutStartSec=300
Nice=-5
LimitNOFILE=32768
LimitCORE=0
PrivateTmp=true
ProtectSystem=full
"""


def check_unit(node: Node) -> str:
    """The unit that tells HAProxy whether the node is in sync: Percona's clustercheck, without a process for each."""
    return f"""[Unit]
Description=Is the Galera node of a comparison in sync? (bench/galera.py)
StartLimitIntervalSec=0
[Service]
User=mysql
Group=mysql
ExecStart=/opt/salt/bin/python -I {CHECK} {node.address} {HEALTH} {SOCKET}
Restart=always
RestartSec=1s
Nice=-5
"""


def proxy_unit() -> str:
    """HAProxy of the cluster's own, as nice as the platform's."""
    return f"""[Unit]
Description=HAProxy before the Galera cluster of a comparison (bench/galera.py)
[Service]
ExecStart=/usr/sbin/haproxy -W -f {PROXY}
Restart=always
RestartSec=1s
Nice=-10
LimitNOFILE=100000
"""


def proxy(nodes: Sequence[Node]) -> str:
    """One writer, the others wait; the one that took over stays (docs/adr/0060-galera-compared.md says whose recipe
    this is). Times for connections are those of the platform's HAProxy; checks are quicker than any guide has them."""
    servers = "".join(
        f"    server {node.host} {node.address}:{SERVER}{' backup' if number else ''}\n"
        for number, node in enumerate(nodes)
    )
    return f"""global
    log stdout format short daemon
    user haproxy
    group haproxy
    stats socket {ADMIN} mode 600 level admin
defaults
    mode tcp
    log global
    option tcplog
    option dontlog-normal
    maxconn 1000
    timeout client 9h
    timeout server 9h
    timeout client-fin 5s
    timeout server-fin 5s
    timeout queue 5s
    timeout connect 1500ms
    timeout check 700ms
    retries 3
    option redispatch 1
    option clitcpka
    option srvtcpka
    srvtcpka-idle 2s
    srvtcpka-intvl 1s
    srvtcpka-cnt 3
listen galera
    bind :{SERVER} tcp-ut 10s
    stick-table type ip size 1
    stick on dst
    option httpchk GET /
    default-server check port {HEALTH} inter 500ms fastinter 200ms downinter 500ms fall 2 rise 2 observe layer4 \
error-limit 2 on-error mark-down on-marked-down shutdown-sessions maxconn 100 tcp-ut 4s
{servers}"""


def node_rule(nodes: Sequence[Node], balancer: str) -> str:
    """The opening in a node's packet filter: for the other nodes, and for the load balancer at this address."""
    sources = ", ".join([*(node.address for node in nodes), balancer])
    return _rule(sources, f"{{ {GROUP}, {TRANSFER}, {SNAPSHOT}, {SERVER}, {HEALTH} }}")


def balancer_rule(client: str) -> str:
    """The opening in the load balancer's packet filter, for the clients' host at this address."""
    return _rule(client, str(SERVER))


def handles(listing: str) -> list[int]:
    """The handles of our rules in what `nft -j list chain inet titanicarus input` says. Raises ValueError."""
    rules = [entry["rule"] for entry in json.loads(listing)["nftables"] if "rule" in entry]
    return [rule["handle"] for rule in rules if rule.get("comment") == NAME]


def first_statements(password: str) -> str:
    """What a new cluster is given: the clients' user and database, and an epoch, which the checker reads as it does
    on the platform. `password` has no quotes in it."""
    statements = [
        f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4",
        f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{password}' REQUIRE SSL",
        f"GRANT ALL ON {DATABASE}.* TO '{USER}'@'%'",
        "CREATE DATABASE titanicarus",
        "CREATE TABLE titanicarus.epochs (epoch BIGINT PRIMARY KEY, owner VARCHAR(64) NOT NULL) ENGINE=InnoDB",
        "INSERT INTO titanicarus.epochs VALUES (1, 'galera')",
        f"GRANT SELECT ON titanicarus.epochs TO '{USER}'@'%'",
    ]
    return "".join(f"{statement};\n" for statement in statements)


def _named(name: str, patterns: Sequence[str]) -> bool:
    """Whether an option is one of these; one that ends with an underscore is the beginning of a name."""
    return any(name.startswith(one) if one.endswith("_") else name == one for one in patterns)


def _certificate() -> dict[str, Path]:
    return {"ca": HERE / "root.crt", "cert": HERE / "host.crt", "key": HERE / "host.key"}


def _provider(node: Node, choices: Choices) -> str:
    """Traffic between nodes is encrypted, as the platform's replication is."""
    options = {f"socket.ssl_{what}": str(path) for what, path in _certificate().items()}
    options |= {"gmcast.listen_addr": f"tcp://{node.address}:{GROUP}", "ist.recv_addr": f"{node.address}:{TRANSFER}"}
    if choices.suspect is not None:
        options["evs.suspect_timeout"] = f"PT{choices.suspect:g}S"
    return ";".join(f"{name}={value}" for name, value in options.items())


def _rule(sources: str, ports: str) -> str:
    return (
        f"insert rule inet titanicarus input iifname lan0 ip saddr {{ {sources} }} tcp dport {ports}"
        f' accept comment "{NAME}"'
    )
