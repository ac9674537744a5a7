"""What does a fleet at rest cost, and which of its services? Against a piece of Python in the same run."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

from titanicarus.cli.session import resume  # noqa: E402
from titanicarus.lab.cgroup import hierarchies_from  # noqa: E402
from titanicarus.lab.mounts import read_mounts  # noqa: E402

SECONDS, SHOWN = 30, 12
STEPS = 5_000_000


def main() -> None:
    """Print the figures, in percent of one processor."""
    lab = resume(sys.argv[1] if len(sys.argv) > 1 else None).lab
    tree = hierarchies_from(read_mounts()).unified
    assert tree is not None, "this machine has no cgroup v2 tree, which says what each service used"
    before, began = used(tree, lab.name), time.monotonic()
    time.sleep(SECONDS)
    after, passed = used(tree, lab.name), time.monotonic() - began
    percent = {name: 100 * (seconds - before[name]) / passed for name, seconds in after.items()}
    print(f"{sum(percent.values()):6.1f} % all services of {len(lab.fleet.hosts)} hosts")
    for name in sorted(percent, key=lambda name: -percent[name])[:SHOWN]:
        print(f"{percent[name]:6.1f} % {name}")
    loop = loop_seconds()
    print(f"as much in each second as {sum(percent.values()) / 100 / loop:.2f} loops of Python, of {loop:.2f} s each")


def used(tree: Path, lab: str) -> Counter[str]:
    """Seconds of processor time by service, of all hosts together."""
    found: Counter[str] = Counter()
    for stat in tree.glob(f"**/{lab}/*/payload/system.slice/*/cpu.stat"):
        found[stat.parent.name] += int(stat.read_text().split()[1]) / 1e6
    return found


def loop_seconds() -> float:
    """How fast this machine is now, with the fleet beside."""
    began, total = time.process_time(), 0
    for number in range(STEPS):
        total += number * number
    return time.process_time() - began


if __name__ == "__main__":
    main()
