"""Reading /proc/self/mountinfo."""

from __future__ import annotations

from pathlib import Path

from titanicarus.lab.cgroup import hierarchies_from
from titanicarus.lab.mounts import mounted_below, parse_mountinfo, who_keeps

HYBRID = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,errors=remount-ro
24 22 0:5 / /proc rw - proc proc rw
30 22 0:25 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
31 30 0:26 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
32 30 0:27 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer
33 30 0:28 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
34 30 0:29 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
35 30 0:30 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
40 22 0:40 / /labs/a/hosts/x/root rw - overlay titanicarus rw,lowerdir=/i,upperdir=/u,workdir=/w
41 40 0:41 / /labs/a/hosts/x/root/proc rw master:3 propagate_from:2 - proc proc rw
42 22 0:42 / /labs/a\040b rw - tmpfs tmpfs rw
""".strip()
PURE = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot"


def test_fields_are_read_whatever_optional_fields_there_are() -> None:
    overlay = next(mount for mount in parse_mountinfo(HYBRID) if mount.kind == "overlay")
    assert overlay.target == Path("/labs/a/hosts/x/root")
    assert "upperdir=/u" in overlay.super_options
    assert parse_mountinfo(HYBRID)[-2].kind == "proc"


def test_octal_escapes_are_undone() -> None:
    assert parse_mountinfo(HYBRID)[-1].target == Path("/labs/a b")


def test_below_gives_the_last_mounted_first_and_no_neighbour_with_the_same_beginning() -> None:
    below = mounted_below(Path("/labs/a"), parse_mountinfo(HYBRID))
    assert below == (Path("/labs/a/hosts/x/root/proc"), Path("/labs/a/hosts/x/root"))


def test_hybrid_control_groups() -> None:
    found = hierarchies_from(parse_mountinfo(HYBRID))
    root = Path("/sys/fs/cgroup")
    assert (found.unified, found.systemd) == (root / "unified", root / "systemd")
    assert found.holding == root / "freezer"
    assert len(found.all) == 4


def test_pure_v2_control_groups() -> None:
    found = hierarchies_from(parse_mountinfo(PURE))
    assert found.all == (Path("/sys/fs/cgroup"),)
    assert found.holding == Path("/sys/fs/cgroup")
    assert found.by_controller[""] == Path("/sys/fs/cgroup")


def process_in(proc: Path, pid: str, namespace: str, mounts: str) -> None:
    """What /proc shows of a process in a mount namespace."""
    (proc / pid / "ns").mkdir(parents=True)
    (proc / pid / "ns/mnt").symlink_to(namespace)
    (proc / pid / "mountinfo").write_text(mounts)
    (proc / pid / "comm").write_text(f"name-of-{pid}\n")


def test_who_keeps_a_copy_is_named_once_for_each_other_namespace(tmp_path: Path) -> None:
    for pid in ("self", "10"):
        process_in(tmp_path, pid, "mnt:[1]", HYBRID)
    for pid in ("20", "21"):
        process_in(tmp_path, pid, "mnt:[2]", HYBRID)
    process_in(tmp_path, "30", "mnt:[3]", PURE)
    said = who_keeps(Path("/labs/a"), tmp_path)
    assert "process 20 (name-of-20)" in said
    assert not any(f"process {other}" in said for other in ("10", "21", "30"))
    assert who_keeps(Path("/labs/other"), tmp_path) == ""
