"""The client's own files."""

from __future__ import annotations

from pathlib import Path

from titanicarus.lab.client import hosts_file, remove_certificate, write_certificate, write_first_files, write_names


def test_every_name_has_its_address_and_the_order_does_not_matter() -> None:
    one = hosts_file({"b.example": "198.18.1.10", "a.example": "198.18.1.10", "c.example": "198.18.2.10"})
    assert one.splitlines()[-3:] == ["198.18.1.10 a.example", "198.18.1.10 b.example", "198.18.2.10 c.example"]
    assert one == hosts_file({"c.example": "198.18.2.10", "a.example": "198.18.1.10", "b.example": "198.18.1.10"})
    assert "127.0.0.1 localhost" in one


def test_names_replace_the_earlier_ones(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    write_first_files(tmp_path)
    write_names(tmp_path, {"old.example": "198.18.1.10"})
    write_names(tmp_path, {"new.example": "198.18.1.10"})
    text = (tmp_path / "etc/hosts").read_text()
    assert "new.example" in text
    assert "old.example" not in text
    assert [path.name for path in (tmp_path / "etc").iterdir() if path.name.startswith(".")] == []


def test_a_certificate_is_written_once(tmp_path: Path) -> None:
    assert write_certificate(tmp_path, "pem")
    assert not write_certificate(tmp_path, "pem")
    assert write_certificate(tmp_path, "other")
    remove_certificate(tmp_path)
    assert write_certificate(tmp_path, "other")
