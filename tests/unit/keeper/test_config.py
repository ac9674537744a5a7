"""What the keeper reads: its own file, AWS settings, and HAProxy's statistics."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from titanicarus.keeper.config import BadConfig, aws_endpoint, read_config
from titanicarus.keeper.island import Limits
from titanicarus.keeper.routing_facts import KeeperAddress, RoutingFacts
from titanicarus.keeper.statistics import read_statistics

HEADER = "# pxname,svname,status,act,check_status,\n"


def test_a_good_file(tmp_path: Path) -> None:
    limits = {"isolation": 3, "reentry": 30, "hold_down": 60}
    path = tmp_path / "keeper.json"
    path.write_text(json.dumps({"island": {"islands": ["mel"], "balancers": ["10.0.0.2"], "limits": limits}}))
    config = read_config(path)
    assert config.island is not None
    assert config.island.limits == Limits(3, 30, 60)
    assert config.island.islands == ("mel",)
    assert config.routing is None


def test_what_a_load_balancer_is_told_of_databases(tmp_path: Path) -> None:
    keepers = [{"id": "syd-db1", "island": "syd", "address": "10.71.1.31", "port": 3600}]
    shards = [{"name": "syd", "port": 3311, "hosts": [{"id": "syd-db1", "address": "10.71.1.31", "port": 3411}]}]
    path = tmp_path / "keeper.json"
    path.write_text(json.dumps({"island": None, "routing": {"keepers": keepers, "shards": shards}}))
    facts = RoutingFacts((KeeperAddress("syd-db1", "10.71.1.31", 3600),), {"syd": ("syd-db1",)})
    assert read_config(path).routing == facts
    path.write_text(json.dumps({"island": None, "routing": {"keepers": keepers}}))
    with pytest.raises(BadConfig, match="shards"):
        read_config(path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"island": {"islands": []}}', '{"island": {"limits": {}}}'])
def test_a_bad_file_names_itself(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keeper.json"
    path.write_text(text)
    with pytest.raises(BadConfig, match=r"keeper\.json"):
        read_config(path)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("", None),
        ("[default]\nregion = ap-southeast-2\n", ("dynamodb.ap-southeast-2.amazonaws.com", 443)),
        (
            "[default]\nregion = x\nservices = lab\n[services lab]\nroute53 =\n  endpoint_url = https://198.18.101.10\n",
            ("198.18.101.10", 443),
        ),
        ("[default]\nregion = x\nendpoint_url = http://198.18.101.10:8000\n", ("198.18.101.10", 8000)),
    ],
)
def test_where_aws_is(tmp_path: Path, text: str, endpoint: tuple[str, int] | None) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    assert aws_endpoint(path) == endpoint


def test_no_file_is_no_aws(tmp_path: Path) -> None:
    assert aws_endpoint(tmp_path / "config") is None


@pytest.mark.parametrize(
    ("checks", "peers"),
    [
        ({"vpn": "L7OK", "public": "L7OK"}, True),
        ({"vpn": "L4TOUT", "public": "L7OK"}, True),
        ({"vpn": "L4TOUT", "public": "L7STS"}, True),  # it answers that it is ill: it is there
        ({"vpn": "L4TOUT", "public": "L6TOUT"}, False),
        ({"vpn": "* L7OK", "public": "L4CON"}, True),  # a check is under way, the last one was good
        ({"vpn": "INI", "public": "L4TOUT"}, None),  # not everything was looked at yet
        ({"vpn": "INI", "public": "INI"}, None),
    ],
)
def test_whether_other_islands_answer(checks: dict[str, str], peers: bool | None) -> None:
    rows = "".join(
        f"{'island' if server == 'vpn' else 'detour'}_mel,{server},UP,1,{check},\n" for server, check in checks.items()
    )
    rows += "island_mel,detour,no check,1,,\nisland_mel,BACKEND,UP,2,,\n"
    assert read_statistics(HEADER + rows + "web,BACKEND,UP,2,,\n", ["mel"]) == (peers, True)


def test_own_web_servers() -> None:
    assert read_statistics(HEADER + "web,BACKEND,DOWN,0,,\n", []) == (None, False)
    assert read_statistics(HEADER, []) == (None, None)
