"""`python -m titanicarus.lease.simulation --schedules N`: named and random schedules, until the first violation."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from titanicarus.lease.simulation.faults import Outcome, random_schedule
from titanicarus.lease.simulation.judge import Violation
from titanicarus.lease.simulation.scenarios import SCENARIOS, run

CHUNK = 250


def _seeds(first: int) -> list[Outcome]:
    outcomes = []
    for seed in range(first, first + CHUNK):
        try:
            outcomes.append(random_schedule(seed))
        except Violation as violation:
            raise RuntimeError(f"random schedule {seed}: {violation}") from violation
    return outcomes


def run_random(schedules: int, jobs: int | None = None, first: int = 0) -> list[Outcome]:
    """At least so many random schedules, on all processors or `jobs`. RuntimeError names the seed of a violation."""
    with ProcessPoolExecutor(jobs) as pool:
        chunks = pool.map(_seeds, range(first, first + schedules, CHUNK))
        return [outcome for chunk in chunks for outcome in chunk]


def run_named(seeds: int, jobs: int | None = None) -> int:
    """Each named scenario with so many seeds. The number of runs; raises Violation."""
    with ProcessPoolExecutor(jobs) as pool:
        for name, scenario in SCENARIOS.items():
            list(pool.map(partial(run, scenario), range(seeds), chunksize=CHUNK // 10))
            print(f"{name}: {seeds} seeds, no violation", flush=True)
    return seeds * len(SCENARIOS)


def main() -> int:
    parser = argparse.ArgumentParser(prog="titanicarus.lease.simulation")
    parser.add_argument("--schedules", type=int, default=100_000, help="random schedules")
    parser.add_argument("--seeds", type=int, default=100, help="runs of each named scenario")
    parser.add_argument("--jobs", type=int, default=None)
    options = parser.parse_args()
    started = time.monotonic()
    named = run_named(options.seeds, options.jobs)
    outcomes = run_random(options.schedules, options.jobs)
    worst = max(outcome.until_writer for outcome in outcomes)
    print(
        f"{named} runs of {len(SCENARIOS)} named scenarios and {len(outcomes)} random schedules: no violation; "
        f"{sum(outcome.acknowledged for outcome in outcomes)} commits acknowledged and kept, given up by the data-loss "
        f"rule in {sum(outcome.reported > 0 for outcome in outcomes)} schedules, tails forgotten in "
        f"{sum(outcome.forgotten > 0 for outcome in outcomes)}; a writer at most {worst:.1f} s after "
        f"the last fault; {time.monotonic() - started:.0f} s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
