"""The lab's AWS account: made once, told to hosts in AWS's own files, and secret."""

from __future__ import annotations

import configparser
import stat
from pathlib import Path

from titanicarus.keeper.config import aws_endpoint
from titanicarus.lab.cloud import Account, write_account
from titanicarus.lab.plan import CLOUD_ADDRESS


def test_an_account_is_made_once(tmp_path: Path) -> None:
    account = Account.open(tmp_path / "cloud")
    assert Account.open(tmp_path / "cloud") == account
    assert stat.S_IMODE((tmp_path / "cloud").stat().st_mode) == 0o700
    assert account.control.secret not in repr(account)
    assert account.keeper.secret not in repr(account)
    assert account.keeper != account.control
    assert Account.open(tmp_path / "other") != account


def test_hosts_are_told_what_they_need(tmp_path: Path) -> None:
    account = Account.open(tmp_path / "cloud")
    write_account(tmp_path / "control", account, account.control)
    write_account(tmp_path / "balancer", account, None)
    folder = tmp_path / "control/etc/titanicarus/aws"
    assert stat.S_IMODE((folder / "credentials").stat().st_mode) == 0o600
    parser = configparser.ConfigParser()
    parser.read(folder / "credentials")
    assert parser["default"]["aws_access_key_id"] == account.control.name
    assert not (tmp_path / "balancer/etc/titanicarus/aws/credentials").exists()
    assert aws_endpoint(tmp_path / "balancer/etc/titanicarus/aws/config") == (str(CLOUD_ADDRESS), 443)


def test_what_is_right_is_not_touched_and_a_new_account_is_told(tmp_path: Path) -> None:
    account = Account.open(tmp_path / "cloud")
    path = tmp_path / "host/etc/titanicarus/aws/credentials"
    write_account(tmp_path / "host", account, account.keeper)
    before = path.stat().st_ino
    write_account(tmp_path / "host", account, account.keeper)
    assert path.stat().st_ino == before
    other = Account.open(tmp_path / "other")
    write_account(tmp_path / "host", other, other.keeper)
    assert path.stat().st_ino != before
