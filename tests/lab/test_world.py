"""The world's way to the islands: names from Route53, and what users who go by names notice of faults.

The other lab tests ask one island directly; here each request looks its name up, as a browser does.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Event, Thread
from time import monotonic

import pytest
from lab.running import SITES, Running, Show, pass_seconds, until

from titanicarus.drill import looking
from titanicarus.lab import CLIENT, ProbeResult, Target
from titanicarus.lab.cuts import ALL, AWS_API, OFF, VPNS
from titanicarus.lab.plan import CLOUD_ADDRESS

LOST_SECONDS = 25.0
VPN_SECONDS = 3.0
LOOKUPS = 3000
POINTS = 0.05
# Asks the name server itself, so that no cache stands between, with one question in flight.
LOOK_UP = """
import collections, random, socket, struct, sys
server, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.settimeout(2)
line.connect((server, 53))
labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + bytes(1)
found = collections.Counter()
for number in range(count):
    line.send(struct.pack("!6H", number, 0, 1, 0, 0, 0) + labels + struct.pack("!2H", 1, 1))
    found[socket.inet_ntoa(line.recv(512)[-4:])] += 1
print(*(f"{address} {times}" for address, times in found.items()), sep="\\n")
"""


@pytest.fixture
def world(whole: Running) -> Iterator[Running]:
    """A fleet of several islands that Route53 finds healthy, all of them."""
    if len(whole.islands) < 2:
        pytest.skip("this Saguirefile has one island")
    until("Route53 finding every island healthy", lambda: healthy(whole) == set(whole.islands), 150, poll=1)
    yield whole
    whole.lab.cuts.mend()


def healthy(fleet: Running) -> set[str]:
    """The islands whose health check is green in Route53."""
    return looking.healthy(fleet.lab)


def by_name(fleet: Running) -> list[Target]:
    """The sites, asked of wherever their names lead."""
    return [Target(name, f"{scheme}://{name}/", contains=SITES[name]) for name, scheme in fleet.sites.items()]


def measure(fleet: Running, during: Callable[[], object], settle: Callable[[], object]) -> ProbeResult:
    with fleet.lab.probe(by_name(fleet)) as probe:
        probe.wait_until_good(30)
        during()
        settle()
        probe.wait_until_good(60)
        return probe.stop()


def test_users_are_spread_by_the_islands_weights(world: Running, show: Show) -> None:
    site = next(iter(world.sites))
    answer = world.ask(CLIENT, "python3", "-I", "-c", LOOK_UP, str(CLOUD_ADDRESS), site, str(LOOKUPS), timeout=60)
    counted = Counter({address: int(times) for address, times in (line.split() for line in answer.splitlines())})
    fleet = world.lab.fleet
    total = sum(island.weight for island in fleet.islands.values())
    assert counted.total() == LOOKUPS
    for island in fleet.islands.values():
        share, wanted = counted[str(island.wan.vip)] / LOOKUPS, island.weight / total
        show(f"{island.name}: {share:.1%} of {LOOKUPS} look-ups, weight {wanted:.1%}")
        assert abs(share - wanted) <= POINTS


@pytest.mark.timeout(600)
def test_row_12_and_18_users_who_go_by_names(world: Running, show: Show) -> None:
    lost = world.islands[-1]
    result = measure(world, lambda: world.lab.kill_island(lost), pass_seconds(LOST_SECONDS + 10))
    show(f"row 12: {lost} lost, asked by name: {result.summary()}")
    assert result.longest_gap <= LOST_SECONDS, result.table()
    assert lost not in healthy(world)

    def bring_back() -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(world.lab.start, [host.id for host in world.lab.fleet.islands[lost].hosts.values()]))

    back = measure(world, bring_back, lambda: until(f"{lost} having users again", lambda: lost in healthy(world), 150))
    show(f"row 18: {lost} back, asked by name: {back.summary()}")
    assert back.failures == 0, back.table()


@pytest.mark.exhaustive
@pytest.mark.timeout(900)
@pytest.mark.parametrize("apart", [0, 10, 60])
def test_row_13_two_islands_lost(world: Running, show: Show, apart: int) -> None:
    if len(world.islands) < 3:
        pytest.skip("this Saguirefile has two islands")
    first, last = world.islands[1:3]
    moments: list[float] = []

    def lose() -> None:
        world.lab.kill_island(first)
        pass_seconds(apart)()
        moments.append(monotonic())
        world.lab.kill_island(last)

    whole = measure(world, lose, pass_seconds(LOST_SECONDS + 10))
    result = whole.within(moments[0], whole.end)
    show(f"row 13: {first}, and {last} {apart} s later, lost; asked by name: {whole.summary()}")
    show(f"row 13: after the last loss: {result.summary()}")
    assert result.longest_gap <= LOST_SECONDS, result.table()


def test_row_14_the_tunnels_are_cut(world: Running, show: Show) -> None:
    for asked in world.islands:
        result, _ = world.measure(asked, lambda: _now(world.lab.cuts.make(VPNS, a=ALL, b=ALL)), pass_seconds(8))
        world.lab.cuts.mend()
        local = [result.target(tenant_site) for tenant_site in at_home(world, asked)]
        show(f"row 14: tunnels cut, asked of {asked}: {result.summary()}")
        assert result.longest_gap <= VPN_SECONDS, result.table()
        assert sum(target.failures for target in local) == 0, result.table()


def at_home(fleet: Running, island: str) -> list[str]:
    """The sites whose home an island is."""
    return [site.name for tenant, site in fleet.declaration.sites if tenant.home == island and site.name in fleet.sites]


def test_row_16_the_aws_api_is_out_of_reach(world: Running, show: Show) -> None:
    result = measure(world, lambda: world.lab.cuts.make(AWS_API), pass_seconds(10))
    show(f"row 16: AWS API out of reach: {result.summary()}")
    assert result.failures == 0, result.table()
    refused = world.saguire("plan", ok=False)
    assert refused.returncode == 1
    assert "OutOfReach" in refused.stderr
    assert "Traceback" not in refused.stderr
    world.lab.cuts.mend()
    assert "as declared" in world.saguire("plan").stdout


@pytest.mark.exhaustive
@pytest.mark.timeout(1500)
def test_row_20_a_line_that_flaps_moves_users_once(world: Running, show: Show) -> None:
    island = world.islands[-1]
    seen: list[bool] = []
    over = Event()

    def watch() -> None:
        while not over.wait(0.5):
            seen.append(island in healthy(world))

    watcher = Thread(target=watch)
    watcher.start()
    try:
        began = monotonic()
        world.saguire("fault", "flap", island, "--times", "10", "--seconds", "120")
        calm = monotonic()
        back = until(
            f"{island} having users again", lambda: monotonic() - calm > 5 and island in healthy(world), 900, poll=2
        )
    finally:
        over.set()
        watcher.join()
    left = sum(before and not after for before, after in pairwise(seen))
    show(
        f"row 20: {island} flapped ten times in {calm - began:.0f} s: lost its users {left} time(s), "
        f"had them back {back:.0f} s later"
    )
    assert left <= 1


@pytest.mark.exhaustive
def test_an_island_cut_off_has_no_users_and_gets_them_back_once(world: Running, show: Show) -> None:
    island = world.islands[-1]
    result = measure(
        world,
        lambda: world.lab.cuts.make(OFF, a=island),
        lambda: until(f"{island} without users", lambda: island not in healthy(world), 30, poll=0.5),
    )
    show(f"row 15: {island} cut off, asked by name: {result.summary()}")
    assert result.longest_gap <= LOST_SECONDS, result.table()
    text = json.loads(world.saguire("fault", "list", "--json").stdout)
    assert [cut["kind"] for cut in text["cuts"]] == [OFF]
    world.saguire("fault", "mend")
    assert json.loads(world.saguire("fault", "list", "--json").stdout)["cuts"] == []


def _now(_: object) -> float:
    return monotonic()
