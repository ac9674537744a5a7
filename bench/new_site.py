"""How long until one more site is served by every island of a running lab? `new_site.py LAB [--sites N] [--times N]`.

Edits a copy of the checkout, pushes, applies, and asks each island's public address for the site's page all the while.
Beside the seconds it prints the seconds of processor time that the whole machine spent, which does not depend on what
else runs there as much as the clock does. Everything is put back as this checkout has it. Names are left out: Route53
takes five requests a second, so a thousand zones would be made in ten minutes and read in three.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
EVERY_HOST = "*"
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from fixtures.many_sites import write_tenant  # noqa: E402
from lab.running import Running, copy_checkout  # noqa: E402
from lab.served import watching  # noqa: E402

from titanicarus.fleet import Role  # noqa: E402


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("lab")
    parser.add_argument("--sites", type=int, default=0, help="sites of another tenant that are there before")
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        fleet = Running(options.lab, copy_checkout(Path(scratch) / "checkout"))
        try:
            prepare(fleet, options.sites)
            apply_nothing(fleet)
            for number in range(options.times):
                print(add_one(fleet, f"n{number}-{int(time.time())}.harbour.example"), flush=True)
        finally:
            put_back(Running(options.lab, ROOT))


def prepare(fleet: Running, sites: int) -> None:
    """The fleet as declared, with the crowd."""
    if sites:
        write_tenant(fleet.tenants / "crowd.yaml", sites)
    with spent() as figures:
        fleet.saguire("push")
        fleet.saguire("apply", EVERY_HOST)
    print(f"there before: {sites} sites more, pushed and applied in {figures()}", flush=True)


def apply_nothing(fleet: Running) -> None:
    """Every state of a web host, when there is nothing to change."""
    host = fleet.lab.fleet.with_role(Role.WEB)[0].id
    for _ in range(2):
        with spent() as figures:
            said = fleet.saguire("apply", host, "--full").stdout
        print(f"apply {host} --full: {said.strip().splitlines()[0]}: {figures()}", flush=True)


def put_back(fleet: Running) -> None:
    """As this checkout has it."""
    fleet.saguire("push")
    done = fleet.saguire("apply", EVERY_HOST, ok=False)
    if done.returncode:
        print(f"putting back: {done.stdout}{done.stderr}")


def add_one(fleet: Running, name: str) -> str:
    """Declare a site, and see it served."""
    content = fleet.checkout / "salt/content" / name
    content.mkdir()
    (content / "index.html").write_text(f"<!doctype html><title>New</title><p>This is {name}\n")
    file = fleet.tenants / "harbour.yaml"
    file.write_text(file.read_text().replace("\nsites:\n", f"\nsites:\n  {name}:\n    aliases: [www.{name}]\n"))
    with spent() as whole:
        began = time.monotonic()
        with spent() as push:
            fleet.saguire("push")
        # Looking costs this machine something too, and until now there was nothing to see.
        with watching(fleet, name, f"This is {name}") as islands, fleet.start("apply", EVERY_HOST) as applying:
            served = {island: time.monotonic() - began for island in islands}
            seen = max(served.values(), default=float("nan"))
            until_seen = whole()
            said, _ = applying.communicate()
        each = ", ".join(f"{island} {seconds:.1f}" for island, seconds in sorted(served.items()))
        if applying.returncode:
            each += f"; apply ended with {applying.returncode}: {said}"
        return f"served after {seen:.1f} s ({each}); push {push()}; to the last island {until_seen}; all {whole()}"


class Figures:
    """Seconds on the clock and of the processors, so far or, once it is closed, in all."""

    def __init__(self) -> None:
        self._began, self._ended = _now(), None

    def close(self) -> None:
        self._ended = _now()

    def __call__(self) -> str:
        clock, cpu = (after - before for before, after in zip(self._began, self._ended or _now(), strict=True))
        return f"{clock:.1f} s (CPU {cpu:.1f} s)"


def _now() -> tuple[float, float]:
    user, nice, system, _idle, _wait, irq, softirq, *_ = Path("/proc/stat").read_text().split(maxsplit=9)[1:9]
    return time.monotonic(), sum(map(int, (user, nice, system, irq, softirq))) / 100


@contextmanager
def spent() -> Iterator[Figures]:
    """What the block took."""
    figures = Figures()
    yield figures
    figures.close()


if __name__ == "__main__":
    main()
