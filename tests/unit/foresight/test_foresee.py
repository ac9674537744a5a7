"""What follows from a loss, for the fleet that is shipped: what is lost in, effect and sentence out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fixtures.control_plane import ROOT
from fixtures.keepers_at_hand import facts, owner
from fixtures.shard_views import HOSTS, said, view

from titanicarus.fleet import load
from titanicarus.foresight import BadScenario, Effect, Picture, foresee, parse
from titanicarus.operations.files import Part, VolumeView
from titanicarus.shards import silent

FLEET = load(ROOT).fleet
MAX_LAG = 1000
BRICKS = ("mel-filer1", "mel-filer2", "mel-db1")
NOW = Picture(
    running=frozenset(host.id for host in FLEET.hosts),
    vip={name: f"{name}-lb1" for name in FLEET.islands},
    gateway={name: f"{name}-fw1" for name in FLEET.islands},
    green=frozenset(FLEET.islands),
    shards=(view(),),
    volumes=(VolumeView("mel", tuple(Part(host, "brick", True, "") for host in BRICKS)),),
)


def without(*hosts: str, now: Picture = NOW) -> Picture:
    """These are off already, and their partners say so."""
    volumes = tuple(
        replace(one, parts=tuple(_alone(part, hosts) for part in one.parts))
        if {part.host for part in one.parts} & set(hosts)
        else one
        for one in now.volumes
    )
    return replace(now, running=now.running - set(hosts), volumes=volumes)


def _alone(part: Part, away: tuple[str, ...]) -> Part:
    return replace(part, well=False, why="it is off" if part.host in away else f"goes on without {', '.join(away)}")


LONELY = replace(
    NOW,
    shards=(view(**{host.replace("-", "_"): silent(host, host[:3], "off") for host in HOSTS if host != "syd-db1"}),),
)
ALONE = replace(NOW, shards=(view(syd_db1=said("syd-db1", owner(standby=None, in_sync=False))),))
FAR = replace(
    NOW,
    shards=(view(
        syd_db1=said("syd-db1", owner(standby=None, in_sync=False, commits=5000)),
        syd_db2=silent("syd-db2", "syd", "it is off"),
    ),),
)  # fmt: skip
BEHIND = replace(
    NOW,
    shards=(view(
        syd_db1=said("syd-db1", owner(standby=None, in_sync=False)), syd_db2=said("syd-db2", facts(rebuilding=True)),
        mel_db1=said("mel-db1", facts(commits=60)), mel_db2=said("mel-db2", facts(commits=88)),
    ),),
)  # fmt: skip
NOBODY = replace(NOW, shards=(view(syd_db1=said("syd-db1", owner(open=False, open_for=0.0))),))
RED = replace(NOW, green=frozenset({"syd", "per"}))
HEALING = replace(NOW, volumes=(VolumeView("mel", (*NOW.volumes[0].parts[:2], Part("mel-db1", "brick", True, "", 7))),))


@pytest.mark.parametrize(
    ("lost", "now", "about", "effect", "words"),
    [
        ("syd-web1", NOW, "web/syd", "thinner", "and syd-web2 go on; nobody stands by for syd-web2"),
        ("syd-web1", NOW, "web/mel", "nothing", "goes on as it is"),
        ("syd-lb1", NOW, "web/syd", "wait", "the public address moves from syd-lb1 to syd-lb2, within 1.2 s"),
        ("syd-lb2", NOW, "web/syd", "thinner", "nobody stands by for syd-lb1"),
        ("syd-lb1 syd-lb2", NOW, "web/syd", "wait", "it has no load balancer: its users are led to mel and per"),
        ("syd-web1 syd-web2", NOW, "web/syd", "wait", "it has no web server"),
        ("syd", NOW, "web/syd", "wait", "within 25 s"),
        ("syd", RED, "web/mel", "nothing", "users are elsewhere already"),
        ("syd per", RED, "web/syd", "stops", "no other island is there"),
        ("syd mel per", NOW, "web/per", "stops", "no other island is there"),
        ("tunnels", NOW, "web/per", "nothing", "are passed on over the internet"),
        ("syd-fw1", NOW, "gateway/syd", "wait", "moves from syd-fw1 to syd-lb1: NAT and tunnels stand still"),
        ("syd-fw1 syd-lb1 syd-lb2", NOW, "gateway/syd", "stops", "no way out, and no tunnels"),
        ("syd-web1", NOW, "database/syd", "nothing", "syd-db1 goes on"),
        ("syd-db1", NOW, "database/syd", "wait", "syd-db2 takes, within 10 s: it has every commit"),
        ("syd-db2", NOW, "database/syd", "wait", "syd-db1 goes on alone after at most 5 s: syd-db2 was its standby"),
        ("mel-db1", NOW, "database/syd", "nothing", "syd-db1 goes on; mel-db1 made 1 of its copies"),
        ("syd", NOW, "database/syd", "wait", "mel-db1 takes, within 20 s: what it had not received is missing"),
        ("syd mel", NOW, "database/syd", "stops", "nobody may take: no copy is there"),
        ("syd-web1", NOBODY, "database/syd", "stops", "nobody may write now"),
        ("syd-web1", ALONE, "database/syd", "thinner", "goes on, without a standby that has every commit"),
        ("syd-db1", ALONE, "database/syd", "wait", "takes, within 20 s"),
        ("syd-db1", BEHIND, "database/syd", "wait", "mel-db2 takes, within 20 s: it lacks 12 commits now"),
        ("syd-db1", FAR, "database/syd", "stops", "lacks 4900 commits; at most 1000 may be missing"),
        ("aws", NOW, "database/syd", "thinner", "goes on by the promises of mel-db1, mel-db2 and syd-db2"),
        ("aws syd-db1", NOW, "database/syd", "stops", "`saguire db override` is the last resort"),
        ("aws mel-db2", NOW, "database/syd", "stops", "while every other host promises, and mel-db2 cannot"),
        ("aws tunnels", NOW, "database/syd", "stops", "and the other islands are not heard"),
        ("aws", LONELY, "database/syd", "thinner", "syd-db1 goes on alone: nobody else has a copy"),
        ("tunnels", NOW, "database/syd", "thinner", "copies in other islands fall behind until"),
        ("mel-filer1", NOW, "files/mel", "wait", "up to 6 s, then mel-filer2 and mel-db1 go on; mel-filer1 is healed"),
        ("mel-filer1 mel-db1", NOW, "files/mel", "stops", "of 3 bricks only mel-filer2 would be there"),
        ("mel-filer1 mel-filer2", NOW, "files/mel", "stops", "of 3 bricks only mel-db1"),
        ("mel", NOW, "files/mel", "stops", "are lost with the island until it returns"),
        ("syd", NOW, "files/mel", "nothing", "go on"),
        ("syd", HEALING, "files/mel", "thinner", "7 files wait to be healed"),
        ("mel-db1", without("mel-filer1"), "files/mel", "stops", "only mel-filer2"),
        ("syd-web1", without("mel-filer1"), "files/mel", "thinner", "go on with mel-filer2 and mel-db1"),
        ("syd-db1", NOW, "logins/fleet", "nothing", "know everybody"),
        ("syd-web1", NOW, "logins/fleet", "nothing", "go on"),
        ("syd mel per", NOW, "logins/fleet", "stops", "who has signed in on a host before"),
        ("mel-filer1 mel-filer2", NOW, "control/mel", "thinner", "nobody looks whether its hosts answer"),
        ("syd mel per", NOW, "control/fleet", "stops", "no Salt master is there"),
        ("aws", NOW, "names/fleet", "thinner", "Route53 goes on to answer"),
    ],
)  # fmt: skip
def test_what_follows(lost: str, now: Picture, about: str, effect: str, words: str) -> None:
    found = foresee(FLEET, now, parse(lost.split(), FLEET), MAX_LAG)
    (one,) = [one for one in found if f"{one.service}/{one.about}" == about]
    assert one.effect is Effect(effect), one
    assert words in one.sentence


def test_a_quiet_fleet_has_one_line_for_each_service() -> None:
    found = foresee(FLEET, NOW, parse([], FLEET), MAX_LAG)
    assert {one.effect for one in found} == {Effect.NOTHING}
    assert [one.service for one in found] == ["web"] * 3 + ["database", "files", "logins", "control"]


def test_a_gateway_that_goes_with_its_island_is_no_line_of_its_own() -> None:
    found = foresee(FLEET, NOW, parse(["syd"], FLEET), MAX_LAG)
    assert not [one for one in found if one.service == "gateway"]


def test_words_that_mean_nothing() -> None:
    with pytest.raises(BadScenario, match=r'"syd-web" cannot be lost: say hosts, .*; did you mean "syd-web'):
        parse(["syd-web"], FLEET)
    whole = parse([host.id for host in FLEET.hosts if host.island == "mel"], FLEET)
    assert whole.islands == ("mel",) and whole == parse(["mel"], FLEET)
