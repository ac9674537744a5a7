"""Certificates as others see them: openssl checks chain, names and purpose, and two hosts issue the same bytes."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from titanicarus import pki

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SITE = pki.Request("site", "shop.example", ("shop.example", "www.shop.example"))
HOST = pki.Request("host", "syd-web1", ("web1.syd.fleet.example", "syd-web1"), ("10.71.1.21",), client=True)


@pytest.fixture(scope="module")
def root() -> pki.Authority:
    return pki.make_root("fleet", NOW)


@pytest.fixture(scope="module")
def island(root: pki.Authority) -> pki.Island:
    return pki.make_island(root, "fleet", "syd", NOW)


@pytest.fixture
def window() -> pki.Window:
    return pki.window_at(NOW, 90)


def openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)


def verify(
    folder: Path, root: pki.Authority, leaf: pki.Leaf, *options: str, at: datetime = NOW
) -> subprocess.CompletedProcess[str]:
    for name, text in (("root", root.certificate_pem), ("chain", leaf.chain), ("leaf", leaf.certificate)):
        (folder / f"{name}.pem").write_text(text)
    files = ["-CAfile", str(folder / "root.pem"), "-untrusted", str(folder / "chain.pem"), str(folder / "leaf.pem")]
    return openssl("verify", "-x509_strict", "-attime", str(int(at.timestamp())), *options, *files)


def test_openssl_accepts_a_site_as_a_server_under_each_name_only(
    tmp_path: Path, root: pki.Authority, island: pki.Island, window: pki.Window
) -> None:
    leaf = pki.issue(island, SITE, window)
    for name in SITE.names:
        done = verify(tmp_path, root, leaf, "-purpose", "sslserver", "-verify_hostname", name)
        assert done.returncode == 0, done.stderr
    assert verify(tmp_path, root, leaf, "-verify_hostname", "other.example").returncode != 0
    assert verify(tmp_path, root, leaf, "-purpose", "sslclient").returncode != 0


def test_openssl_accepts_a_host_as_server_and_client_under_name_and_address(
    tmp_path: Path, root: pki.Authority, island: pki.Island, window: pki.Window
) -> None:
    leaf = pki.issue(island, HOST, window)
    for options in (
        ("-purpose", "sslserver", "-verify_hostname", "web1.syd.fleet.example"),
        ("-purpose", "sslclient"),
        ("-verify_ip", "10.71.1.21"),
    ):
        done = verify(tmp_path, root, leaf, *options)
        assert done.returncode == 0, done.stderr


def test_no_leaf_can_sign_another_and_no_intermediate_another_intermediate(
    root: pki.Authority, island: pki.Island, window: pki.Window
) -> None:
    leaf = x509.load_pem_x509_certificate(pki.issue(island, SITE, window).certificate.encode())
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    constraints = island.authority.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical and constraints.value.path_length == 0


def test_the_key_belongs_to_the_certificate(island: pki.Island, window: pki.Window) -> None:
    leaf = pki.issue(island, SITE, window)
    key = serialization.load_pem_private_key(leaf.key.encode(), password=None)
    assert key.public_key() == x509.load_pem_x509_certificate(leaf.certificate.encode()).public_key()
    assert leaf.bundle.count("BEGIN") == 3


def test_two_control_hosts_issue_the_same_bytes(island: pki.Island, root: pki.Authority, window: pki.Window) -> None:
    copy = pki.open_island(
        "syd", island.authority.certificate_pem, island.authority.key_pem, island.seed, root.certificate_pem
    )
    one, other = pki.issue(island, SITE, window), pki.issue(copy, SITE, window)
    assert one.bundle == other.bundle


def test_everything_that_differs_gives_another_key_or_serial(island: pki.Island, root: pki.Authority) -> None:
    window = pki.window_at(NOW, 90)
    again = pki.make_island(root, "fleet", "syd", NOW)
    variants = [
        pki.issue(island, SITE, window),
        pki.issue(again, SITE, window),
        pki.issue(island, SITE, pki.window_at(NOW + timedelta(days=60), 90)),
        pki.issue(island, pki.Request("host", SITE.name, SITE.names), window),
        pki.issue(island, pki.Request("site", "other.example", SITE.names), window),
    ]
    assert len({leaf.key for leaf in variants}) == len(variants)
    alias_less = pki.issue(island, pki.Request("site", SITE.name, SITE.names[:1]), window)
    serials = {x509.load_pem_x509_certificate(leaf.certificate.encode()).serial_number for leaf in variants}
    assert x509.load_pem_x509_certificate(alias_less.certificate.encode()).serial_number not in serials


def test_a_name_longer_than_a_common_name_may_be_still_gets_a_certificate(
    tmp_path: Path, root: pki.Authority, island: pki.Island, window: pki.Window
) -> None:
    name = ".".join(["a" * 60, "b" * 60, "example"])
    done = verify(
        tmp_path, root, pki.issue(island, pki.Request("site", name, (name,)), window), "-verify_hostname", name
    )
    assert done.returncode == 0, done.stderr


def test_a_leaf_that_would_outlive_its_intermediate_is_not_issued(island: pki.Island) -> None:
    late = island.authority.certificate.not_valid_after_utc - timedelta(days=10)
    with pytest.raises(pki.BrokenAuthority, match="renew the intermediate"):
        pki.issue(island, SITE, pki.window_at(late, 90))


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    st.integers(min_value=3, max_value=825),
)
def test_at_any_time_a_third_of_the_life_is_left(now: datetime, days: int) -> None:
    window = pki.window_at(now, days)
    assert window.not_before < now
    assert window.not_after - now >= timedelta(days=days) / 3 - timedelta(seconds=1)
    assert window == pki.window_at(window.start + timedelta(seconds=1), days)


def test_a_life_too_short_to_renew_in_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 3 days"):
        pki.window_at(NOW, 2)


def test_passwords_are_the_same_everywhere_and_different_for_each_purpose(island: pki.Island) -> None:
    one = pki.derive_password(island.seed, "session/a.example")
    assert one == pki.derive_password(island.seed, "session/a.example")
    assert one != pki.derive_password(island.seed, "session/b.example")
    assert len(one) == 32


@pytest.mark.parametrize("damage", ["key", "certificate", "seed", "root"])
def test_parts_that_do_not_fit_together_are_refused(damage: str, root: pki.Authority, island: pki.Island) -> None:
    other = pki.make_island(pki.make_root("fleet", NOW), "fleet", "syd", NOW)
    parts = {
        "certificate": island.authority.certificate_pem,
        "key": island.authority.key_pem,
        "seed": island.seed,
        "root": root.certificate_pem,
    }
    parts[damage] = {
        "key": other.authority.key_pem,
        "certificate": other.authority.certificate_pem,
        "seed": b"short",
        "root": pki.make_root("other", NOW).certificate_pem,
    }[damage]
    with pytest.raises(pki.BrokenAuthority):
        pki.open_island("syd", parts["certificate"], parts["key"], parts["seed"], parts["root"])


def test_a_thousand_certificates_are_derived_in_a_moment(island: pki.Island, window: pki.Window) -> None:
    issuer = pki.Issuer(island)
    started = time.process_time()
    for number in range(1000):
        pki.issue(issuer, pki.Request("site", f"s{number}.example", (f"s{number}.example",)), window)
    seconds = time.process_time() - started
    print(f"1000 certificates: {seconds:.2f} s of CPU")
    assert seconds < 5
