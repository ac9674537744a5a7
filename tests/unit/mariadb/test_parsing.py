"""What MariaDB prints, read: positions, looks, refusals, binary logs, versions, accounts."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Any

import pytest

from titanicarus.mariadb import accounts, adopt, gtid, look, version
from titanicarus.mariadb.carried import Carrier, from_pillar
from titanicarus.mariadb.divergence import begins_after, known_in, parse
from titanicarus.mariadb.errors import ServerError
from titanicarus.mariadb.fetch import NoCopy, check_version
from titanicarus.mariadb.look import Follower
from titanicarus.mariadb.trouble import Trouble, trouble
from titanicarus.mariadb.version import Version

REPLICA = {
    "Master_Host": "syd-db1", "Slave_IO_Running": "Yes", "Slave_SQL_Running": "Yes", "Gtid_IO_Pos": "0-1-12",
    "Last_IO_Errno": 0, "Last_IO_Error": "", "Last_SQL_Errno": 0, "Last_SQL_Error": "", "Seconds_Behind_Master": 0,
}  # fmt: skip


def answers(**changed: Any) -> list[list[dict[str, Any]]]:
    own = {
        "@@report_host": "syd-db2#a1", "@@read_only": 1, "@@gtid_binlog_pos": "0-1-10", "@@gtid_slave_pos": "0-1-10",
        "@@rpl_semi_sync_master_enabled": 0, "@@rpl_semi_sync_slave_enabled": 1,
    }  # fmt: skip
    parts: dict[str, Any] = {
        "own": [own | changed.pop("own", {})],
        "status": [
            {"Variable_name": "Rpl_semi_sync_master_wait_sessions", "Value": "2"},
            {"Variable_name": "Rpl_semi_sync_master_yes_tx", "Value": "7"},
        ],
        "replica": [REPLICA],
        "hosts": [],
        "dumps": [],
        "epochs": [{"epoch": 3, "owner": "syd-db1"}],
    }
    parts |= changed
    return list(parts.values())


def test_a_replica_says_what_it_received_and_what_it_applied() -> None:
    seen = look.read(answers())
    assert (seen.applied, seen.received, seen.source) == (10, 12, "syd-db1")
    assert (seen.epoch, seen.owner, seen.waiting_sessions, seen.acked) == (3, "syd-db1", 2, 7)
    assert seen.read_only and seen.acknowledges and seen.io_running and seen.sql_running and not seen.waits


def test_a_fresh_instance_is_at_birth() -> None:
    seen = look.read(answers(own={"@@gtid_binlog_pos": "", "@@gtid_slave_pos": ""}, replica=[], epochs=[]))
    assert (seen.epoch, seen.owner, seen.applied, seen.received, seen.source) == (0, "birth", 0, 0, None)
    assert seen.lag_seconds is None and not seen.io_running


def test_received_is_never_less_than_applied() -> None:
    assert look.read(answers(replica=[REPLICA | {"Gtid_IO_Pos": ""}])).received == 10


def test_a_thread_that_ended_says_why() -> None:
    row = REPLICA | {"Slave_IO_Running": "No", "Last_IO_Errno": 1236, "Last_IO_Error": "Got fatal error"}
    seen = look.read(answers(replica=[row]))
    assert seen.io_error == "1236: Got fatal error" and not seen.io_running


REGISTERED = [
    {"Host": "syd-db2#b2", "Server_id": int(ip_address("10.0.0.2"))},
    {"Host": "mel-db1#c3", "Server_id": int(ip_address("10.1.0.1"))},
]
DUMPS = [{"host": "10.0.0.2:4100"}, {"host": "10.1.0.1:4200"}]
BOTH = (Follower("mel-db1", "mel-db1#c3"), Follower("syd-db2", "syd-db2#b2"))


def silence(**seconds: float) -> look.Silence:
    ends = {"syd": (ip_address("10.0.0.2"), 4100), "mel": (ip_address("10.1.0.1"), 4200)}
    return {ends[name]: value for name, value in seconds.items()}


def test_followers_are_those_that_are_connected() -> None:
    assert look.followers(REGISTERED, DUMPS) == BOTH
    assert look.followers(REGISTERED, DUMPS[:1]) == BOTH[1:]
    assert look.followers(REGISTERED, []) == ()


def test_a_follower_whose_host_is_silent_is_none() -> None:
    assert look.followers(REGISTERED, DUMPS, silence(syd=0.4, mel=0.9)) == BOTH
    assert look.followers(REGISTERED, DUMPS, silence(syd=5.0, mel=0.9)) == BOTH[:1]


def test_a_follower_whose_connection_the_kernel_has_given_up_is_none() -> None:
    assert look.followers(REGISTERED, DUMPS, silence(syd=0.4)) == BOTH[1:]


def test_connections_of_programs_that_did_not_say_who_they_are_are_no_followers() -> None:
    assert look.followers([], DUMPS) == ()


@pytest.mark.parametrize(
    ("text", "number"), [("", 0), ("0-1-5", 5), ("0-1-5,0-2-9", 9), ("0-3-4,\n0-1-2", 4), ("7-1-90", 0)]
)
def test_the_number_of_commits_is_the_highest_of_the_one_domain(text: str, number: int) -> None:
    assert gtid.sequence(text) == number


def test_what_is_no_position_is_refused() -> None:
    with pytest.raises(ValueError, match="no GTID"):
        gtid.parse("0-1")


def test_the_later_position_counts() -> None:
    assert gtid.position("0-1-5", "0-2-9") == "0-2-9"
    assert gtid.position("", "") == ""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("", None),
        ("2003: error connecting to master", None),
        ("1236: ... start from GTID 0-1-5, which is not in the master's binlog", Trouble.AHEAD),
        (
            "1236: ... start from GTID 0-1-3, which is not in the master's binlog. Since the master's binlog contains"
            " GTIDs with higher sequence numbers, it probably means that the slave has diverged due to executing",
            Trouble.DIVERGED,
        ),
        ("1236: ... Probably the slave state is too old and required binlog files have been purged.", Trouble.PURGED),
        ("1236: binlog truncated in the middle of event", Trouble.OTHER),
    ],
)
def test_a_refusal_of_the_source_is_told_apart(error: str, kind: Trouble | None) -> None:
    assert trouble(error) is kind


BINLOG = """\
#261125  0:29:41 server id 1  end_log_pos 299 CRC32 0x7ba31899 \tGtid list [0-1-4,
# 0-2-3]
# at 299
#261125  0:29:41 server id 1  end_log_pos 421 CRC32 0x45eb1984 \tGTID 0-1-5 trans thread_id=5
/*M!100001 SET @@session.gtid_seq_no=5*//*!*/;
START TRANSACTION
/*!*/;
#261125  0:29:41 server id 1  end_log_pos 0 CRC32 0x7c9ba980 \tUpdate_rows: table id 18 flags: STMT_END_F
### UPDATE `t`.`a`
### WHERE
###   @1=1
###   @2='GTID 0-9-9'
### SET
###   @1=1
###   @2='b'
### INSERT INTO `t`.`a`
### SET
###   @1=2
###   @2=NULL
# Number of rows: 1
COMMIT/*!*/;
#261125  0:29:42 server id 1  end_log_pos 803 CRC32 0x5a7895b6 \tGTID 0-1-6 ddl thread_id=5
use `t`/*!*/;
SET TIMESTAMP=1795566581/*!*/;
/*!\\C utf8mb4 *//*!*/;
create table zz(i int primary key, b varchar(20))
/*!*/;
DELIMITER ;
# End of log file
ROLLBACK /* added by mysqlbinlog */;
""".splitlines()


def test_commits_of_a_binary_log_are_read_as_statements() -> None:
    first, second = parse(BINLOG)
    assert str(first.gtid) == "0-1-5" and first.at == "261125 0:29:41"
    assert first.statements == (
        "UPDATE `t`.`a` WHERE @1=1 AND @2='GTID 0-9-9' SET @1=1, @2='b'",
        "INSERT INTO `t`.`a` SET @1=2, @2=NULL",
    )
    assert second.statements == ("create table zz(i int primary key, b varchar(20))",)


def test_a_binary_log_says_what_came_before_it() -> None:
    assert [str(one) for one in begins_after(BINLOG)] == ["0-1-4", "0-2-3"]
    assert known_in("0-1-4,0-2-9") == {1: 4, 2: 9}


def test_a_copy_s_own_end_is_in_its_history() -> None:
    assert adopt.merge("0-1-9,0-2-15", "0-2-17") == "0-1-9,0-2-17"
    assert adopt.merge("0-1-9", "0-2-12") == "0-1-9,0-2-12"
    assert adopt.merge("", "") == ""


def test_versions_are_told_apart() -> None:
    mine = version.read("mariadbd  Ver 11.8.9-MariaDB-0+deb13u1 from Debian for debian-linux-gnu on x86_64")
    assert mine == Version(11, 8, 9) and mine.series == "11.8"
    check_version("syd-db1", Version(11, 8, 7), mine)
    for theirs in (Version(11, 4, 9), Version(11, 8, 10)):
        with pytest.raises(NoCopy, match=f"syd-db1 has MariaDB {theirs} and this host has 11.8.9"):
            check_version("syd-db1", theirs, mine)
    with pytest.raises(ServerError, match="no version"):
        version.read("mysqld 8.0")


HOSTS = (Carrier("syd-db1", "syd", "10.0.0.1"), Carrier("mel-db1", "mel", "10.1.0.1"))


def account(address: str, subject: str, access: int = 1 << 19) -> dict[str, str]:
    return {"Host": address, "Priv": json.dumps({"access": access, "ssl_type": 3, "x509_subject": subject})}


def test_only_accounts_that_differ_are_made_anew() -> None:
    right = [account("10.0.0.1", "/CN=syd-db1"), account("10.1.0.1", "/CN=mel-db1")]
    assert not accounts.compare(right, accounts.wanted(HOSTS))
    rows = [right[0], account("10.1.0.1", "/CN=somebody"), account("10.2.0.1", "/CN=per-db1")]
    changes = accounts.compare(rows, accounts.wanted(HOSTS))
    assert changes.make == {"10.1.0.1": "/CN=mel-db1"} and changes.drop == ("10.2.0.1",)


def test_an_account_with_more_rights_or_without_a_certificate_is_not_right() -> None:
    open_door = {"Host": "10.0.0.1", "Priv": json.dumps({"access": 1 << 19, "ssl_type": 0})}
    changes = accounts.compare([open_door, account("10.1.0.1", "/CN=mel-db1", -1)], accounts.wanted(HOSTS))
    assert set(changes.make) == {"10.0.0.1", "10.1.0.1"}


def test_the_pillar_says_who_carries_what() -> None:
    shard = {"name": "syd", "server_port": 3411, "replication_port": 3511}
    hosts = [{"id": "syd-db1", "island": "syd", "address": "10.0.0.1"}]
    (one,) = from_pillar({"host": "syd-db1", "shards": [shard | {"hosts": hosts}]})
    assert one.carrier("syd-db1").address == "10.0.0.1"
    with pytest.raises(ServerError, match="per-db1 carries no copy of shard syd; syd-db1 do"):
        one.carrier("per-db1")
