"""Runs the daemons' own checks inside the lab's image: a copy of its root, with a network namespace of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from render.rendering import FLEETS, ROOT, Component, pillars

from titanicarus.lab import image
from titanicarus.sites.model import Site, sites_from
from titanicarus.sites.plan import sysusers

SECONDS = 300

# Inside: interfaces as a host has them, then each check; two at a time, because that many cores are the least there is.
RUNNER = """
import json, subprocess, sys
from concurrent.futures import ThreadPoolExecutor
def prepare(*argv):
    subprocess.run(argv, check=True, capture_output=True)
prepare("mount", "-t", "proc", "proc", "/proc")
for name in ("lan0", "wan0"):
    prepare("ip", "link", "add", name, "type", "veth", "peer", "name", "peer-" + name)
    prepare("ip", "link", "set", name, "up")
prepare("ip", "link", "set", "lo", "up")
def check(job):
    try:
        done = subprocess.run(job, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return [124, "no answer within 60 s"]
    return [done.returncode, (done.stdout + done.stderr).decode(errors="replace")]
with ThreadPoolExecutor(2) as pool:
    print(json.dumps(list(pool.map(check, json.load(sys.stdin)))))
"""


@contextmanager
def image_root() -> Iterator[Path]:
    """A writable copy (overlay) of the image."""
    lower = image.ensure(lambda _: None)
    # Not below /tmp: that may be an overlay itself, which cannot be an upper layer.
    scratch = Path(tempfile.mkdtemp(prefix="render-", dir=lower.parent.parent))
    upper, work, root = (scratch / name for name in ("upper", "work", "root"))
    for folder in (upper, work, root):
        folder.mkdir()
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    try:
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, str(root)], check=True)
        yield root
    finally:
        subprocess.run(["umount", str(root)], check=True)
        shutil.rmtree(scratch)


def divert_gsyncd(root: Path) -> None:
    """As salt/files does it: glusterd and each `gluster` command would begin by asking it many things."""
    for helper in root.glob("usr/lib/*/glusterfs/gsyncd"):
        helper.rename(helper.with_name("gsyncd.distrib"))


def prepare(root: Path) -> None:
    """What other states bring before the checks run: the library, flags, keepalived's script and its user."""
    divert_gsyncd(root)
    shutil.copytree(ROOT / "src/titanicarus", root / "opt/titanicarus/current/titanicarus")
    drained = root / "var/lib/titanicarus/drained"
    drained.mkdir(parents=True)
    keeper = root / "var/lib/titanicarus/keeper"
    keeper.mkdir()
    for flag in (drained / "haproxy.acl", drained / "island.acl", keeper / "held.acl", keeper / "writers.map"):
        flag.write_text("\n")
    (drained / "keepalived").write_text("0\n")
    folder = root / "usr/local/lib/titanicarus"
    folder.mkdir(parents=True)
    for script in ("keepalived/check-haproxy", "gateway/gateway", "conntrackd/check-conntrackd"):
        shutil.copy(ROOT / "salt" / script, folder)
        (folder / Path(script).name).chmod(0o755)
    subprocess.run(["chroot", str(root), "useradd", "--system", "keepalived_script"], check=True)
    sites = {site.name: site for fleet_file in FLEETS for site in _sites(fleet_file)}
    (root / "etc/sites.conf").write_text(sysusers(sites.values(), "/srv/www"))
    subprocess.run(["chroot", str(root), "systemd-sysusers", "/etc/sites.conf"], check=True)


def _sites(fleet_file: str) -> Iterator[Site]:
    for pillar in pillars(fleet_file).values():
        yield from sites_from(pillar.get("web", {}).get("sites", ()))


def place(root: Path, component: Component, name: str) -> list[str]:
    """Write the files below /candidates/<name> in the image root; returns the check's argv for that folder."""
    folder = root / "candidates" / name
    for path, data in component.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod(component.modes[path])
    return [part.replace("{dir}", f"/candidates/{name}") for part in component.check]


def inside(root: Path) -> list[str]:
    """The argv before a program that is to run in a root directory, in namespaces of its own and without a network.

    Its mounts follow this machine's: a copy that did not would keep the disks of labs in use.
    """
    apart = ["--mount", "--propagation", "slave", "--net", "--pid", "--fork", "--kill-child"]
    return ["unshare", *apart, "chroot", str(root)]


def run_checks(root: Path, checks: Sequence[Sequence[str]]) -> list[tuple[int, str]]:
    """Exit code and words of each check, in one go."""
    done = subprocess.run(
        [*inside(root), "/usr/bin/python3", "-c", RUNNER],
        input=json.dumps(list(checks)).encode(),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [(code, words) for code, words in json.loads(done.stdout)]
