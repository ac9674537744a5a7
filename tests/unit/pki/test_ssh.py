"""SSH host keys and certificates as OpenSSH and an independent reader see them."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import SSHCertificate, SSHCertificateType, load_ssh_public_identity

from titanicarus import pki

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NAMES = ("web1.syd.fleet.example", "syd-web1", "10.71.1.21")


@pytest.fixture(scope="module")
def island() -> pki.Island:
    return pki.make_island(pki.make_root("fleet", NOW), "fleet", "syd", NOW)


@pytest.fixture
def window() -> pki.Window:
    return pki.window_at(NOW, 90)


def certificate_of(issued: pki.HostKey) -> SSHCertificate:
    found = load_ssh_public_identity(issued.certificate.encode())
    assert isinstance(found, SSHCertificate)
    return found


def test_a_certificate_says_what_was_vouched_for_and_its_signature_is_right(
    island: pki.Island, window: pki.Window
) -> None:
    issued = pki.issue_host_key(island, "syd-web1", NAMES, window)
    certificate = certificate_of(issued)
    certificate.verify_cert_signature()
    assert certificate.signature_key() == pki.host_authority(island).public_key()
    assert certificate.type is SSHCertificateType.HOST
    assert certificate.key_id == b"syd-web1"
    assert certificate.valid_principals == [name.encode() for name in NAMES]
    assert datetime.fromtimestamp(certificate.valid_after, UTC) == window.not_before
    assert certificate.valid_before == int(window.not_after.timestamp())
    assert (certificate.critical_options, certificate.extensions) == ({}, {})


def test_the_key_belongs_to_the_certificate(island: pki.Island, window: pki.Window) -> None:
    issued = pki.issue_host_key(island, "syd-web1", NAMES, window)
    key = serialization.load_pem_private_key(issued.key.encode(), password=None)
    assert key.public_key() == certificate_of(issued).public_key()
    assert "PRIVATE" not in repr(issued)


def test_openssh_reads_it(tmp_path: Path, island: pki.Island, window: pki.Window) -> None:
    path = tmp_path / "host_key-cert.pub"
    path.write_text(pki.issue_host_key(island, "syd-web1", NAMES, window).certificate + "\n")
    done = subprocess.run(["ssh-keygen", "-L", "-f", str(path)], capture_output=True, text=True, check=True)
    words = done.stdout.split()
    assert "host" in words and set(NAMES) <= set(words)


def test_two_control_hosts_issue_the_same_bytes(island: pki.Island, window: pki.Window) -> None:
    copy = pki.Island("syd", island.authority, bytes(island.seed))
    assert pki.issue_host_key(island, "syd-web1", NAMES, window) == pki.issue_host_key(copy, "syd-web1", NAMES, window)


def test_hosts_windows_and_islands_have_keys_of_their_own(island: pki.Island, window: pki.Window) -> None:
    other = pki.make_island(pki.make_root("fleet", NOW), "fleet", "syd", NOW)
    later = pki.window_at(NOW + timedelta(days=60), 90)
    issued = [
        pki.issue_host_key(island, "syd-web1", NAMES, window),
        pki.issue_host_key(island, "syd-web2", NAMES, window),
        pki.issue_host_key(island, "syd-web1", NAMES, later),
        pki.issue_host_key(other, "syd-web1", NAMES, window),
    ]
    assert len({one.key for one in issued}) == len(issued)
    fewer = pki.issue_host_key(island, "syd-web1", NAMES[:1], window)
    assert fewer.key == issued[0].key
    serials = {certificate_of(one).serial for one in (*issued, fewer)}
    assert len(serials) == 5


def test_a_service_keeps_its_key_while_its_certificate_is_renewed(island: pki.Island, window: pki.Window) -> None:
    later = pki.window_at(NOW + timedelta(days=60), 90)
    names = ("syd.fleet.example", "198.19.1.10")
    one, other = (pki.issue_service_key(island, "sftp", names, when) for when in (window, later))
    assert one.key == other.key
    assert certificate_of(one).serial != certificate_of(other).serial
    assert certificate_of(other).valid_before == int(later.not_after.timestamp())
    certificate_of(one).verify_cert_signature()
