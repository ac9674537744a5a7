"""The platform's databases beside a three-node Galera cluster behind HAProxy, on the same hosts of a running lab.

`galera.py LAB [--times N] [--seconds N] [--alone] [--hosts] [--no-binary-log] [--suspect SECONDS] [--json]`

In each round, one after the other, for both: commits per second with 1 and 8 clients, then SIGKILL of the writer's
mariadbd under the checker's clients: how long no write was acknowledged, and whether an acknowledged one was lost.
`--hosts`: power cuts of the writer's host as well. `--alone`: commits per second also while the database hosts of all
other islands stand still, so that the platform's commits have no copies elsewhere to feed, as Galera's have none.
What is compared, and how it differs: docs/adr/0060-galera-compared.md. Nothing of the cluster stays.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from galera_cluster.cluster import Cluster, Trouble  # noqa: E402
from galera_cluster.commits import speed  # noqa: E402
from galera_cluster.figures import Figures  # noqa: E402
from galera_cluster.settings import Choices  # noqa: E402
from galera_cluster.sides import Galera, Measured, Platform  # noqa: E402
from lab.databases import Felt  # noqa: E402
from lab.running import Running  # noqa: E402

from titanicarus.checker.plan import now  # noqa: E402
from titanicarus.control import secrets  # noqa: E402
from titanicarus.control.passwords import passwords_of  # noqa: E402
from titanicarus.fleet import Role  # noqa: E402
from titanicarus.operations.workload import Place, Workload, place_of  # noqa: E402

CLIENTS = (1, 8)
FELT_SECONDS = 15.0
"""How long a fault is watched: the killed mariadbd is back before the end of it, on both sides."""
SETTLE_SECONDS = 90.0


def main() -> None:
    """Print the figures."""
    options = _options()
    # Whoever ends this gets everything put back, as with Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    fleet = Running(options.lab, ROOT)
    island = options.island or next(iter(fleet.lab.fleet.islands))
    place = place_of_island(fleet, island)
    choices = Choices(binary_log=options.binary_log, suspect=options.suspect)
    cluster = Cluster(fleet.lab, island, place.hosts[0], choices)
    tell(f"load {os.getloadavg()[0]:.1f}; clients on {place.hosts[0]}; Galera on {[one.host for one in cluster.nodes]}")
    figures = Figures()
    with cluster.standing():
        versions = cluster.versions()
        tell(f"the cluster stands: {versions}")
        sides: list[Measured] = [Platform(fleet, place), Galera(fleet, place, cluster)]
        for number in range(options.times):
            # Whoever comes second is not always the same.
            one_round(fleet, cluster, sides if number % 2 == 0 else sides[::-1], options, figures)
    if options.json:
        told = {"island": island, "versions": versions, "options": vars(options), "figures": figures.to_json()}
        print(json.dumps(told, indent=2))
    else:
        print(figures.table())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("lab")
    parser.add_argument("--island", help="default: the first one")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement of commits")
    parser.add_argument("--alone", action="store_true", help="commits also with the other islands' databases held")
    parser.add_argument("--hosts", action="store_true", help="kill hosts as well")
    parser.add_argument("--no-binary-log", dest="binary_log", action="store_false", help="Galera without binary logs")
    parser.add_argument("--suspect", type=float, help="Galera's evs.suspect_timeout in seconds (its default: 5)")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def tell(words: str) -> None:
    """What goes on, apart from the figures."""
    print(words, file=sys.stderr, flush=True)


def place_of_island(fleet: Running, island: str) -> Place:
    """A web server of the island, and the database of a tenant that is at home there."""
    keys = secrets.load(fleet.lab.fleet, fleet.lab.secrets)
    declaration = fleet.declaration
    return place_of(fleet.lab, declaration, passwords_of(declaration, keys.passwords, keys.islands), island)


def one_round(
    fleet: Running, cluster: Cluster, sides: Sequence[Measured], options: argparse.Namespace, figures: Figures
) -> None:
    """Everything once, for both."""
    for clients in CLIENTS:
        for side in sides:
            commits(side, clients, options.seconds, figures)
    if options.alone:
        with others_held(fleet, cluster.island):
            for clients in CLIENTS:
                for side in sides:
                    commits(side, clients, options.seconds, figures, alone=True)
    for side in sides:
        process_killed(side, figures)
    if options.hosts:
        for side in sides:
            host_killed(fleet, cluster, side, figures)


def commits(side: Measured, clients: int, seconds: float, figures: Figures, *, alone: bool = False) -> None:
    """Commits per second, once."""
    side.await_calm(alone=alone)
    before = side.writer()
    found = speed(side.fleet.lab, side.place.hosts[0], side.place.access, clients, seconds)
    where = ", other islands' databases held" if alone else ""
    what = f"commits/s, {clients} client{'s' if clients > 1 else ''}{where}"
    moved = "" if side.writer() == before else f"; the writer was {before} and is {side.writer()}"
    tell(f"{side.side}: {what}: {found.rate:.0f}, slowest {found.slowest:.3f} s, {found.lost} lost{moved}")
    figures.add(what, side.side, found.rate, most=True, places=0)
    figures.add("of all these commits lost", side.side, found.lost, places=0)


def process_killed(side: Measured, figures: Figures) -> None:
    """SIGKILL of the writer's mariadbd. systemd starts it again, as it does on both sides."""
    side.await_calm()
    host = side.fleet.lab.host(side.writer())
    felt(side, "mariadbd", host.id, lambda: host.kill_unit(side.unit), figures)


def felt(side: Measured, what: str, where: str, breaking: Callable[[], object], figures: Figures) -> None:
    """A fault under the checker's clients: `what` is killed at `where` by `breaking`."""
    found = Felt(Workload(side.fleet.lab, side.place))
    workload = found.workload
    workload.start()
    try:
        workload.wait_until_good(30)
        side.await_tables()
        found.moment = now()
        breaking()
        time.sleep(FELT_SECONDS)  # the length of what is looked at
        workload.wait_until_good(SETTLE_SECONDS)
        workload.stop()
        side.await_readable()
        found.report = workload.judged()
    finally:
        workload.kill()
    verdict, seen = found.done.verdict, found.done.figures
    tell(
        f"{side.side}: {what} killed, {where}: gap {found.gap():.2f} s, {seen.failures} of {seen.requests} failed;"
        f" {verdict.summary()}; ruler late {seen.latest:.2f} s"
    )
    for sentence in verdict.sentences():
        tell(f"    {sentence}")
    figures.add(f"{what} killed: gap, s", side.side, found.gap())
    figures.add(f"{what} killed: writes not acknowledged in time", side.side, seen.failures, places=0)
    figures.add(f"{what} killed: acknowledged and lost", side.side, verdict.lost, places=0)
    figures.add(f"{what} killed: other violations", side.side, len(verdict.violations) - verdict.lost, places=0)


def host_killed(fleet: Running, cluster: Cluster, side: Measured, figures: Figures) -> None:
    """A power cut of the writer's host, and its return, which is not measured."""
    side.await_calm()
    victim = side.writer()
    try:
        felt(side, "host", victim, lambda: fleet.lab.kill(victim), figures)
    finally:
        fleet.lab.start(victim)
    if victim in {node.host for node in cluster.nodes}:
        cluster.restore(victim)
    Platform(fleet, place_of_island(fleet, cluster.island)).await_calm()
    cluster.await_whole()


@contextmanager
def others_held(fleet: Running, island: str) -> Iterator[None]:
    """Hold the database hosts of all other islands. Their shards have no writer meanwhile."""
    held = [host.id for host in fleet.lab.fleet.with_role(Role.DB) if host.island != island]
    frozen = []
    try:
        for host in held:
            fleet.lab.freeze(host)
            frozen.append(host)
        yield
    finally:
        for host in frozen:
            fleet.lab.thaw(host)


if __name__ == "__main__":
    try:
        main()
    except Trouble as trouble:
        sys.exit(str(trouble))
