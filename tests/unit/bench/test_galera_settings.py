"""What the nodes of the comparison are told, and which rules are taken away again. The daemons judge it in a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from galera_cluster import settings
from galera_cluster.settings import Choices, Node

NODES = [
    Node("syd-db1", "10.71.1.41", Path("/srv/mariadb/.bench-galera")),
    Node("syd-db2", "10.71.1.42", Path("/srv/mariadb/.bench-galera")),
    Node("syd-filer1", "10.71.1.31", Path("/srv/bench-galera")),
]
PLATFORM = """
# one instance for each shard
[mariadbd]
bind-address = 10.71.1.41
server_id = 172425513
read_only = ON
skip_slave_start
innodb_flush_log_at_trx_commit = 1
sync_binlog = 1
sync_relay_log = 0
log_bin = binlog
binlog_format = ROW
max_binlog_size = 64M
max_connections = 300
slave_parallel_threads = 4
rpl_semi_sync_master_enabled = OFF
gtid_strict_mode = ON

[mariadbd.syd]
port = 3433
"""


def of(node: Node, choices: Choices | None = None) -> dict[str, str]:
    told = settings.mariadbd(settings.options_of(PLATFORM), NODES, node, choices or Choices())
    return settings.options_of(told)


def test_a_node_is_as_durable_as_the_platform_and_has_no_replication_of_the_platform() -> None:
    told = of(NODES[1])
    assert told["innodb_flush_log_at_trx_commit"] == told["sync_binlog"] == "1"
    assert told["max_connections"] == "300"
    for gone in ("read_only", "skip_slave_start", "slave_parallel_threads", "sync_relay_log", "gtid_strict_mode"):
        assert gone not in told
    assert not [name for name in told if name.startswith("rpl_semi_sync")]
    assert told["bind_address"] == told["wsrep_node_address"] == "10.71.1.42"
    assert told["port"] == "3306", "an option of one shard's instance is not the node's"
    assert told["wsrep_slave_threads"] == "4", "it applies with as many threads as the platform's copies"


def test_without_binary_logs_nothing_of_them_is_left() -> None:
    told = of(NODES[0], Choices(binary_log=False))
    assert not [name for name in told if "binlog" in name or name == "log_bin"]


def test_galera_s_own_times_stay_unless_another_is_chosen() -> None:
    assert "evs." not in of(NODES[0])["wsrep_provider_options"]
    assert "evs.suspect_timeout=PT1.5S" in of(NODES[0], Choices(suspect=1.5))["wsrep_provider_options"]


def test_one_server_writes_and_the_others_wait() -> None:
    servers = [line.split()[1:] for line in settings.proxy(NODES).splitlines() if line.startswith("    server ")]
    assert servers == [
        ["syd-db1", "10.71.1.41:3306"],
        ["syd-db2", "10.71.1.42:3306", "backup"],
        ["syd-filer1", "10.71.1.31:3306", "backup"],
    ]


def test_only_our_own_rules_are_taken_away() -> None:
    rules = [
        {"rule": {"handle": 4, "comment": "SSH"}},
        {"rule": {"handle": 7, "comment": settings.NAME}},
        {"rule": {"handle": 9}},
        {"chain": {"handle": 1, "name": "input"}},
    ]
    assert settings.handles(json.dumps({"nftables": [{"metainfo": {}}, *rules]})) == [7]
    with pytest.raises(ValueError, match="Expecting"):
        settings.handles("")


def test_every_rule_says_whose_it_is_and_who_may() -> None:
    rule = settings.node_rule(NODES, "10.71.1.11")
    assert f'comment "{settings.NAME}"' in rule
    assert "ip saddr { 10.71.1.41, 10.71.1.42, 10.71.1.31, 10.71.1.11 }" in rule
