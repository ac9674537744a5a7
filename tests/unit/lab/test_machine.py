"""Carrying the machine's own ways to its archives over to the image."""

from __future__ import annotations

from pathlib import Path

from titanicarus.lab.machine import missing_packages, package_sources, pip_settings

INDEXES = """http://mirror.example/debian/ Debian
http://mirror.example/debian/ Debian
http://security.example/debian-security/ Debian-Security
https://packages.example/apt Other
"""


def test_the_mirror_is_the_one_that_the_machine_uses() -> None:
    assert package_sources(INDEXES) == (
        "deb http://mirror.example/debian/ trixie main",
        "deb http://mirror.example/debian/ trixie-updates main",
        "deb http://security.example/debian-security/ trixie-security main",
    )


def test_a_machine_without_debian_sources_leaves_the_choice_to_mmdebstrap() -> None:
    assert package_sources("https://packages.example/apt Other\n") == ()
    assert package_sources("") == ()


def test_pip_settings_come_from_files_and_environment_and_the_environment_wins() -> None:
    files = [
        "[global]\nindex-url = https://a.example/simple\ntimeout = 5\n",
        "[install]\ntimeout = 7\n[list]\nformat = json\n",
    ]
    settings = pip_settings({"PIP_INDEX_URL": "https://b.example/simple", "HOME": "/root"}, files, lambda _: False)
    assert settings.environment == {"PIP_INDEX_URL": "https://b.example/simple", "PIP_TIMEOUT": "7"}
    assert settings.paths == ()


def test_local_places_are_shown_inside_when_they_exist_and_dropped_when_not() -> None:
    there = {Path("/wheels"), Path("/pypi/simple"), Path("/ca.pem")}
    files = [
        "[global]\nfind-links = /wheels /nowhere\nextra-index-url =\n  file:///pypi/simple\n  file:///gone/simple\n"
    ]
    settings = pip_settings({"SSL_CERT_FILE": "/ca.pem"}, files, there.__contains__)
    assert settings.environment["PIP_FIND_LINKS"] == "/wheels"
    assert settings.environment["PIP_EXTRA_INDEX_URL"] == "file:///pypi/simple"
    # An index's pages point to files beside it.
    assert settings.paths == (Path("/ca.pem"), Path("/pypi"), Path("/wheels"))


def test_constraints_of_the_machine_do_not_reach_locked_requirements() -> None:
    settings = pip_settings({"PIP_CONSTRAINT": "/c.txt"}, ["[global]\nconstraint = /d.txt\n"], lambda _: True)
    assert "PIP_CONSTRAINT" not in settings.environment


def test_the_machines_certificates_are_used_even_when_pip_is_told_nothing() -> None:
    settings = pip_settings({}, [], lambda _: True)
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    assert settings.environment == {"PIP_CERT": bundle, "SSL_CERT_FILE": bundle}
    assert settings.paths == (Path(bundle),)


def test_a_proxy_is_carried_over() -> None:
    settings = pip_settings({"https_proxy": "http://proxy:3128", "NO_PROXY": "localhost"}, [], lambda _: False)
    assert settings.environment == {"https_proxy": "http://proxy:3128", "NO_PROXY": "localhost"}


def test_what_is_missing_is_named_by_package() -> None:
    assert {"mmdebstrap", "systemd-container"} <= set(missing_packages(lambda _: None))
