"""Who gets which half of the tunnels' keys."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from fixtures.repository import OPERATORS

from titanicarus import pki
from titanicarus.control.pillars import Digests, compile_all
from titanicarus.control.trust import Trust
from titanicarus.fleet import Role, load

ROOT = Path(__file__).parents[3]


def test_a_private_key_is_for_gateways_of_its_island_and_a_public_one_for_those_of_the_others() -> None:
    declaration = load(ROOT, ROOT / "Saguirefile")
    fleet, now = declaration.fleet, datetime.now(UTC)
    root = pki.make_root(fleet.name, now)
    islands = {name: pki.make_island(root, fleet.name, name, now) for name in fleet.islands}
    keys = {name: pki.derive_tunnel_keys(island.seed) for name, island in islands.items()}
    trust = Trust(root.certificate_pem, islands, {}, pki.SealingKey.make(), OPERATORS)
    window = pki.window_at(now, declaration.policy.certificate_days)
    for one in compile_all(declaration, trust, window, Digests("code", "library")):
        host = fleet.host(one.host)
        gateway = host.has(Role.FIREWALL) or host.has(Role.LB)
        for name, pair in keys.items():
            assert (pair.private in one.text) == (gateway and host.island == name), one.host
            assert (pair.public in one.text) == (gateway and host.island != name), one.host
        if gateway:
            vpn = json.loads(one.text)["gateway"]["vpn"]
            assert {peer["name"] for peer in vpn["peers"]} == set(fleet.islands) - {host.island}


def test_keys_are_the_same_wherever_the_seed_is_known_and_secret_in_print() -> None:
    pair = pki.derive_tunnel_keys(b"s" * 32)
    assert pair == pki.derive_tunnel_keys(b"s" * 32)
    assert pair != pki.derive_tunnel_keys(b"t" * 32)
    assert pair.private not in repr(pair)
