"""What a host finds on its own disk, of every kind, and how it says that something is missing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from titanicarus import pki
from titanicarus.keys.here import HOST, SFTP, SFTP_FILE, SITE, SITE_FOLDER, SSH, SSH_FILE, TLS_FILE, look

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
WINDOW = pki.window_at(NOW, 90)
ENDS = int(WINDOW.not_after.timestamp())


@pytest.fixture(scope="module")
def island() -> pki.Island:
    return pki.make_island(pki.make_root("fleet", NOW), "fleet", "syd", NOW)


@pytest.fixture
def root(tmp_path: Path, island: pki.Island) -> Path:
    """A load balancer's disk with two sites."""
    leaf = pki.issue(island, pki.Request("host", "syd-lb1", ("syd-lb1",), client=True), WINDOW)
    write(tmp_path / TLS_FILE, leaf.certificate + leaf.chain)
    for name in ("a.example", "b.example"):
        write(
            tmp_path / SITE_FOLDER / f"{name}.pem", pki.issue(island, pki.Request("site", name, (name,)), WINDOW).bundle
        )
    write(tmp_path / SSH_FILE, pki.issue_host_key(island, "syd-lb1", ("syd-lb1",), WINDOW).certificate + " syd-lb1\n")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_certificates_of_the_host_its_sites_and_its_ssh_are_found(root: Path) -> None:
    found, problems = look("syd-lb1", root)
    assert problems == []
    assert [(one.kind, one.name) for one in found] == [
        (HOST, "syd-lb1"), (SSH, "syd-lb1"), (SITE, "a.example"), (SITE, "b.example"),
    ]  # fmt: skip
    assert {one.ends for one in found} == {ENDS}
    assert len({one.number for one in found}) == 4


def test_a_missing_file_and_one_that_is_no_certificate_are_sentences_and_the_others_are_told(root: Path) -> None:
    (root / SSH_FILE).unlink()
    write(root / TLS_FILE, "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    found, problems = look("syd-lb1", root)
    assert [one.name for one in found] == ["a.example", "b.example"]
    assert len(problems) == 2
    assert "/etc/titanicarus/pki/host.crt holds no certificate" in problems[0]
    assert "/etc/titanicarus/ssh/host_key-cert.pub is missing: `saguire apply syd-lb1 --full`" in problems[1]


def test_a_server_of_files_has_one_more(root: Path, island: pki.Island) -> None:
    shared = pki.issue_service_key(island, "sftp", ("syd.fleet.example",), WINDOW)
    write(root / SFTP_FILE, shared.certificate)
    assert [one.name for one in look("syd-web1", root)[0] if one.kind == SFTP] == ["sftp.syd"]


def test_a_key_without_a_certificate_is_noticed(root: Path, island: pki.Island) -> None:
    write(root / SSH_FILE, pki.public_line(pki.host_authority(island).public_key()))
    assert "a key without a certificate" in look("syd-lb1", root)[1][0]
