"""What does a push of one more site cost? `push.py [SITES]`: six control hosts as folders of this machine, no lab.

Seconds of processor time, which do not depend on what else the machine does as much as the clock does, against starting
Python and importing what a control host's part of a push imports.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from fixtures.control_plane import FolderTransport  # noqa: E402
from fixtures.many_sites import write_tenant  # noqa: E402
from lab.running import copy_checkout  # noqa: E402

from titanicarus.control import secrets  # noqa: E402
from titanicarus.control.masters import control_hosts  # noqa: E402
from titanicarus.control.provision import provision  # noqa: E402
from titanicarus.control.push import push  # noqa: E402
from titanicarus.fleet import load  # noqa: E402

TIMES = 3


def main() -> None:
    """Print the figures."""
    sites = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    before = spent(resource.RUSAGE_CHILDREN)
    run = [sys.executable, "-c", "import titanicarus.control.compile"]
    subprocess.run(run, check=True, env={"PYTHONPATH": str(ROOT / "src")})
    start = spent(resource.RUSAGE_CHILDREN) - before
    print(f"Python with what compile imports: {start:.2f} s")
    with tempfile.TemporaryDirectory() as scratch:
        checkout = copy_checkout(Path(scratch) / "checkout")
        transport = FolderTransport(Path(scratch) / "hosts")
        declaration = load(checkout)
        keys = secrets.birth(declaration.fleet, Path(scratch) / "state/secrets")
        hosts = control_hosts(declaration)
        for host in hosts:
            for unit in ("salt-minion.service", "salt-master.service"):
                path = transport.root(host) / "etc/systemd/system" / unit
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            provision(declaration, keys, host, transport.root(host))
        if sites:
            write_tenant(checkout / "pillar/tenants/crowd.yaml", sites)
        for number in range(TIMES + 1):
            here, there = spent(resource.RUSAGE_SELF), spent(resource.RUSAGE_CHILDREN)
            pushed = push(checkout, transport, keys, Path(scratch) / "state", declaration=load(checkout))
            here, there = spent(resource.RUSAGE_SELF) - here, spent(resource.RUSAGE_CHILDREN) - there
            each = there / len(hosts)
            what = "one more site" if number else "first push"
            print(
                f"{what}: {here:.2f} s here, {each:.2f} s on each host, {each / start:.2f} times the start", flush=True
            )
            print(f"  on the clock: {dict(pushed.seconds)}", flush=True)
            add_site(checkout, f"n{number}.harbour.example")
        shutil.rmtree(transport.folder)


def spent(who: int) -> float:
    """Processor seconds so far."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def add_site(checkout: Path, name: str) -> None:
    """Declare a site with a page."""
    content = checkout / "salt/content" / name
    content.mkdir()
    (content / "index.html").write_text(f"<!doctype html><title>New</title><p>This is {name}\n")
    file = checkout / "pillar/tenants/harbour.yaml"
    file.write_text(file.read_text().replace("\nsites:\n", f"\nsites:\n  {name}:\n    aliases: [www.{name}]\n"))


if __name__ == "__main__":
    main()
