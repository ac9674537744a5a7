"""The client's own files."""

from __future__ import annotations

from pathlib import Path

from titanicarus.lab.client import remove_certificate, write_certificate


def test_a_certificate_is_written_once(tmp_path: Path) -> None:
    assert write_certificate(tmp_path, "pem")
    assert not write_certificate(tmp_path, "pem")
    assert write_certificate(tmp_path, "other")
    remove_certificate(tmp_path)
    assert write_certificate(tmp_path, "other")
