"""Containers: how systemd-nspawn boots a host, how its own PID 1 (its leader) is found, and how to get inside.

No systemd is needed on the machine, and one that runs there is left alone: the lab makes its control groups itself
and registers with nobody.
"""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from titanicarus.lab.cgroup import Group, hierarchies, is_zombie
from titanicarus.lab.mounts import unmount_below

# Enters the control groups whose cgroup.procs files come before "--" (0 is the writer itself), and becomes the rest. A
# shell, because this is the last thing between the lab and each program, sixty times for an apply: Python starts in six
# times the time.
_LAUNCH = """
while [ "$1" != -- ]; do printf 0 >"$1" || exit 125; shift; done; shift
renice -n 0 -p $$ >/dev/null || exit 125
exec env -i -- "$@"
"""
PATH_INSIDE = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Devices that services of later capabilities need, shown to a host when the machine has them.
_DEVICES = (Path("/dev/fuse"), Path("/dev/net/tun"))
_CAPABILITIES = ("CAP_NET_ADMIN", "CAP_SYS_ADMIN", "CAP_NET_RAW", "CAP_SYS_NICE")
TOP_GROUP = "titanicarus"
_NSPAWN_RUN = Path("/run/systemd/nspawn")
# Hosts set their own network settings in /proc/sys/net; nspawn's own lock on a disk is not needed beside the lab's.
_NSPAWN = {"SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network", "SYSTEMD_NSPAWN_LOCK": "0"}


def launch(
    argv: Sequence[str], *, join: Iterable[Path] = (), environment: Mapping[str, str] | None = None
) -> list[str]:
    """The argv that enters control groups (their `cgroup.procs` files) and becomes `argv`, with that environment.

    At niceness 0, whoever starts it: what a host gives way to is said by its services, and not by a background job of
    the operator's from which it was switched on.
    """
    named = [f"{name}={value}" for name, value in (environment or {}).items()]
    return ["/bin/sh", "-c", _LAUNCH, "launch", *map(str, join), "--", *named, *argv]


def run_in_root(
    root: Path,
    argv: Sequence[str],
    output: IO[bytes],
    *,
    environment: Mapping[str, str] | None = None,
    show: Iterable[Path] = (),
) -> int:
    """Run a program in a Debian root with the machine's network and name resolution; gives back its exit code.

    `output` takes what it prints, `environment` is added to a bare one, and `show` are paths of this machine to be
    seen at the same place inside.
    """
    group = Group(hierarchies(), TOP_GROUP).child(f"root-{os.getpid()}")
    group.create()
    words = ["systemd-nspawn", "--quiet", f"--directory={root}", "--register=no", "--keep-unit", "--as-pid2"]
    words += ["--console=pipe", "--resolv-conf=replace-host", "--timezone=off", "--bind-ro=/etc/hosts"]
    words += [f"--bind-ro={path}" for path in show]
    words += [f"--setenv={name}={value}" for name, value in (environment or {}).items()]
    command = launch([*words, "--", *argv], join=group.join_files(), environment={"PATH": PATH_INSIDE, **_NSPAWN})
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False).returncode
    finally:
        group.kill()
        group.remove()
        forget_machine(root.name)


def boot_command(root: Path, name: str, hostname: str, namespace: Path, group: Group) -> list[str]:
    """The argv that boots the disk at `root` as a host of its own, in a network namespace and a control group.

    It runs as long as the host does. `name` is what nspawn calls the container.
    """
    words = [
        "systemd-nspawn",
        "--quiet",
        f"--directory={root}",
        "--boot",
        f"--machine={name}",
        f"--hostname={hostname}",
    ]
    words += ["--register=no", "--keep-unit", "--settings=no", "--link-journal=no", "--console=pipe"]
    words += [f"--network-namespace-path={namespace}", "--resolv-conf=off", "--timezone=off"]
    words += [f"--capability={','.join(_CAPABILITIES)}"]
    words += [f"--bind={device}" for device in _DEVICES if device.exists()]
    return launch(words, join=group.join_files(), environment={"PATH": PATH_INSIDE, **_NSPAWN})


def enter_command(leader: int, argv: Sequence[str], *, terminal: str = "dumb") -> list[str]:
    """The argv that runs `argv` inside the host whose PID 1 is `leader`, as root, in all its namespaces.

    The command joins the control groups of the host's PID 1, so it is frozen and killed with the host, and it dies
    when the process that was started here dies. Its environment is bare. `terminal` is its TERM.
    """
    environment = {"PATH": PATH_INSIDE, "HOME": "/root", "LANG": "C.UTF-8", "TERM": terminal}
    enter = ["nsenter", f"--target={leader}", "--all", "--", "setpriv", "--pdeathsig=KILL", "--", *argv]
    return launch(enter, join=_groups_of(leader), environment=environment)


def find_leader(group: Group) -> int | None:
    """The process id (as seen here) of the PID 1 of the host in this group; None when the host does not run."""
    depth = len(_ids_in_namespaces("self"))
    for pid in group.processes():
        ids = _ids_in_namespaces(pid)
        # Number 1, one namespace deeper than this process. Services with PID namespaces of their own are deeper.
        if len(ids) == depth + 1 and ids[-1] == 1 and not is_zombie(pid):
            return pid
    return None


def started_at(pid: int) -> float:
    """When a process began, in seconds of CLOCK_BOOTTIME. Raises OSError when it is gone."""
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])  # starttime, see proc(5)
    return ticks / os.sysconf("SC_CLK_TCK")


def forget_machine(name: str) -> None:
    """Remove what nspawn leaves in /run when it is killed."""
    for folder in _NSPAWN_RUN.glob(f"*/{glob.escape(name)}"):
        unmount_below(folder)
        shutil.rmtree(folder)


def machines_in_run(prefix: str) -> tuple[str, ...]:
    """Names of containers, beginning with `prefix`, of which nspawn keeps something in /run; sorted."""
    return tuple(sorted({folder.name for folder in _NSPAWN_RUN.glob(f"*/{glob.escape(prefix)}*")}))


def _ids_in_namespaces(pid: int | str) -> tuple[int, ...]:
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return tuple(int(number) for number in line.split()[1:])
    return ()


def _groups_of(pid: int) -> tuple[Path, ...]:
    """The `cgroup.procs` files of the groups that a process is in, in the hierarchies that the lab uses."""
    where = hierarchies()
    found = []
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        names = controllers.split(",")
        for controller, hierarchy in where.by_controller.items():
            if hierarchy and controller in names:
                found.append(hierarchy / path.lstrip("/") / "cgroup.procs")
    return tuple(found)
