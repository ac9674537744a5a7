"""Lists of revoked keys as OpenSSH reads them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from titanicarus import pki


def key(path: Path) -> str:
    """Make a key; gives its fingerprint as OpenSSH has it."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    done = subprocess.run(["ssh-keygen", "-l", "-f", str(path)], capture_output=True, text=True, check=True)
    return done.stdout.split()[1]


def refused(krl: Path, name: Path) -> bool:
    done = subprocess.run(["ssh-keygen", "-Q", "-f", str(krl), str(name)], capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode == 1


def test_openssh_refuses_what_is_in_it_and_nothing_else(tmp_path: Path) -> None:
    names = [tmp_path / name for name in ("one", "two", "three")]
    first, second, _ = (key(name) for name in names)
    krl = tmp_path / "krl"
    krl.write_bytes(pki.revocation_list([first, second, first], 1_700_000_000))
    assert [refused(krl, name.with_suffix(".pub")) for name in names] == [True, True, False]


def test_a_certificate_of_a_revoked_key_is_refused_whoever_signed_it(tmp_path: Path) -> None:
    name, authority = tmp_path / "one", tmp_path / "ca"
    fingerprint = key(name)
    key(authority)
    sign = ["ssh-keygen", "-q", "-s", str(authority), "-I", "alice", "-n", "alice", str(name.with_suffix(".pub"))]
    subprocess.run(sign, check=True)
    krl = tmp_path / "krl"
    krl.write_bytes(pki.revocation_list([fingerprint], 1))
    assert refused(krl, tmp_path / "one-cert.pub")


def test_an_empty_list_refuses_nothing(tmp_path: Path) -> None:
    key(tmp_path / "one")
    (tmp_path / "krl").write_bytes(pki.revocation_list([], 0))
    assert not refused(tmp_path / "krl", tmp_path / "one.pub")


def test_the_order_of_the_keys_makes_no_difference() -> None:
    keys = ["SHA256:" + "A" * 43, "SHA256:" + "E" * 43]
    assert pki.revocation_list(keys, 5) == pki.revocation_list(reversed(keys), 5)


@pytest.mark.parametrize("text", ["", "SHA256:", "SHA256:abc", "MD5:00:11", "A" * 43, "SHA256:" + "!" * 43])
def test_what_is_no_fingerprint_is_shown(text: str) -> None:
    with pytest.raises(pki.NoFingerprint, match="no fingerprint of a key"):
        pki.revocation_list([text], 0)
