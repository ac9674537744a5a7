"""What a host's disk says of drains."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from titanicarus.control.layout import below
from titanicarus.drain import island, load_balancer, web_server
from titanicarus.drain.standing import host_is_drained, island_is_drained
from titanicarus.keeper.wishes import FILE, BadWishes


def write(root: Path, path: Path, words: str) -> None:
    file = below(root, path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(words)


def test_a_host_in_service(tmp_path: Path) -> None:
    assert not host_is_drained(tmp_path)
    assert not island_is_drained(tmp_path)
    write(tmp_path, load_balancer.KEEPALIVED_FLAG, "0\n")
    write(tmp_path, island.FLAG, "")
    write(tmp_path, FILE, json.dumps({"syd": {"drained": False}}))
    assert not host_is_drained(tmp_path)
    assert not island_is_drained(tmp_path)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (load_balancer.KEEPALIVED_FLAG, "1\n"),
        (web_server.FLAG, ""),
        (FILE, json.dumps({"mel": {"drained": False}, "syd": {"drained": True}})),
    ],
)
def test_a_role_is_drained(tmp_path: Path, path: Path, words: str) -> None:
    write(tmp_path, path, words)
    assert host_is_drained(tmp_path)
    assert not island_is_drained(tmp_path)


def test_an_island_is_drained(tmp_path: Path) -> None:
    write(tmp_path, island.FLAG, "0.0.0.0/0\n")
    assert island_is_drained(tmp_path)
    assert not host_is_drained(tmp_path)


def test_wishes_that_cannot_be_read_are_no_silence(tmp_path: Path) -> None:
    write(tmp_path, FILE, "no")
    with pytest.raises(BadWishes, match=r"wishes\.json: is no JSON"):
        host_is_drained(tmp_path)
