"""The disk image that every host of the lab boots from: Debian 13 with all services installed and switched off.

An image is a folder named after a digest of everything that goes into it, so it is built once and never changed.
It is put together from two parts with caches of their own: the Debian packages, and the Salt environment (built
in a root with a compiler that is thrown away). A part that is being built has a name that nothing ever reads.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from titanicarus.lab import container, machine
from titanicarus.lab.errors import LabError, ProgramFailed
from titanicarus.lab.layout import STATE_DIR
from titanicarus.lab.mounts import unmount_below

SALT_VENV = Path("opt/salt")
# Raise a part's number when the code that makes it changes in a way that the part's inputs do not show.
_RECIPES = {"packages": "1", "salt": "1", "dynalite": "1", "image": "3"}

_HERE = Path(__file__).parent
_PACKAGES = _HERE / "packages.txt"
_FILES = _HERE / "image_root"
_REQUIREMENTS = _HERE.parents[2] / "requirements/host.txt"
_DYNALITE = _HERE.parents[2] / "requirements/dynalite"
DYNALITE = Path("opt/dynalite")
_BUILDER_PACKAGES = ("ca-certificates", "gcc", "libc6-dev", "python3-dev", "python3-venv")
_SALT_COMMANDS = ("salt", "salt-call", "salt-key", "salt-master", "salt-minion", "salt-run")
# Where the provisioning puts this project's own library on a host.
_LIBRARY = "/opt/titanicarus/current"

# Units that a container of the lab has no use for: they cost memory and time at boot, or fail there.
_MASKED = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "console-getty.service",
    "container-getty@.service",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty.target",
    "logrotate.timer",
    "man-db.timer",
    "modprobe@.service",
    "phpsessionclean.timer",
    "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path",
    "systemd-firstboot.service",
    "systemd-homed.service",
    "systemd-logind.service",
    "systemd-networkd.service",
    "systemd-pcrphase.service",
    "systemd-resolved.service",
    "systemd-timesyncd.service",
    "systemd-udevd.service",
    "systemd-update-utmp.service",
)
_UNUSED_PATHS = ("/usr/share/man/*", "/usr/share/info/*", "/usr/share/doc/*", "/usr/share/locale/*")

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what is in an image."""

    packages: tuple[str, ...]
    requirements: bytes
    dynalite: bytes
    files: tuple[tuple[str, bytes], ...]

    @property
    def packages_digest(self) -> str:
        """Names the part that is made of Debian packages."""
        return _digest("packages", _RECIPES["packages"], machine.SUITE, *self.packages, *_MASKED, *_UNUSED_PATHS)

    @property
    def salt_digest(self) -> str:
        """Names the part that is the Salt environment."""
        return _digest("salt", _RECIPES["salt"], machine.SUITE, *_BUILDER_PACKAGES, self.requirements, _LIBRARY)

    @property
    def dynalite_digest(self) -> str:
        """Names the part that is the emulated DynamoDB."""
        return _digest("dynalite", _RECIPES["dynalite"], machine.SUITE, self.dynalite)

    @property
    def digest(self) -> str:
        """Names the whole image."""
        files = [part for name, content in self.files for part in (name, content)]
        return _digest(
            "image",
            _RECIPES["image"],
            self.packages_digest,
            self.salt_digest,
            self.dynalite_digest,
            *files,
            *_SALT_COMMANDS,
        )


def parse_packages(text: str) -> tuple[str, ...]:
    """Package names from a list with one name a line; `#` starts a comment."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line)


def recipe() -> Recipe:
    """The recipe as this checkout of the project has it. Raises LabError when the locked requirements are missing."""
    if not _REQUIREMENTS.is_file():
        raise LabError(f"{_REQUIREMENTS} is missing: it locks what is installed on every host")
    files = sorted(path for path in _FILES.rglob("*") if path.is_file())
    return Recipe(
        parse_packages(_PACKAGES.read_text()),
        _REQUIREMENTS.read_bytes(),
        (_DYNALITE / "package-lock.json").read_bytes(),
        tuple((str(path.relative_to(_FILES)), path.read_bytes()) for path in files),
    )


def current(state: Path = STATE_DIR) -> Path | None:
    """The finished image of this checkout, or None when it has not been built."""
    root = state / "images" / recipe().digest
    return root if root.is_dir() else None


def ensure(progress: Progress, state: Path = STATE_DIR) -> Path:
    """The image's root directory, built first if need be. Never change anything in it: all hosts share it.

    Needs root. Raises ProgramFailed with the log to read when a step of the build fails. Two builds at once
    wait for each other.
    """
    wanted = recipe()
    images = state / "images"
    target = images / wanted.digest
    if target.is_dir():
        return target
    images.mkdir(parents=True, exist_ok=True)
    with _build_lock(images, progress):
        if target.is_dir():
            return target
        _clear_leftovers(images)
        started = time.monotonic()
        makers = (_ensure_packages_part, _ensure_salt_part, _ensure_dynalite_part)
        with ThreadPoolExecutor(2) as pool:
            making = [pool.submit(make, images, wanted, progress) for make in makers]
            parts = [part.result() for part in making]
        progress("image: putting the parts together")
        with _half_built(images, target) as root:
            _assemble(root, parts)
        progress(f"image: ready after {time.monotonic() - started:.0f} s: {target}")
    return target


@contextmanager
def _build_lock(images: Path, progress: Progress) -> Iterator[None]:
    with (images / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("image: another saguire is building it; waiting for that")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _clear_leftovers(images: Path) -> None:
    for half in images.glob("building-*"):
        unmount_below(half)
        shutil.rmtree(half)


@contextmanager
def _half_built(images: Path, target: Path) -> Iterator[Path]:
    """A folder to build in, that gets its real name only when everything in the block went well."""
    half = images / f"building-{target.name}"
    half.mkdir()
    yield half
    os.sync()
    half.rename(target)


def _ensure_packages_part(images: Path, wanted: Recipe, progress: Progress) -> Path:
    target = images / f"packages-{wanted.packages_digest}"
    if target.is_dir():
        return target
    started = time.monotonic()
    progress(f"image: installing {len(wanted.packages)} Debian packages and what they need (about a minute)")
    with _half_built(images, target) as root:
        _debian(root, wanted.packages, images / f"{target.name}.log")
        for unit in _MASKED:
            mask = root / "etc/systemd/system" / unit
            if not mask.exists():
                mask.symlink_to("/dev/null")
    progress(f"image: Debian packages took {time.monotonic() - started:.0f} s")
    return target


def _debian(root: Path, packages: Sequence[str], log: Path) -> None:
    """Unpack a Debian root from the machine's own mirror."""
    options = [f"--aptopt={line}" for line in machine.apt_options()]
    options += [f"--dpkgopt=path-exclude={pattern}" for pattern in _UNUSED_PATHS]
    argv = ["mmdebstrap", "--variant=minbase", "--format=directory", f"--include={','.join(packages)}", *options]
    _logged("installing Debian packages", [*argv, machine.SUITE, str(root), *machine.machine_sources()], log)


def _ensure_salt_part(images: Path, wanted: Recipe, progress: Progress) -> Path:
    target = images / f"salt-{wanted.salt_digest}"
    if target.is_dir():
        return target
    started = time.monotonic()
    progress("image: building the Salt environment (about two minutes)")
    builder = images / f"building-root-{wanted.salt_digest}"
    log = images / f"{target.name}.log"
    with _half_built(images, target) as part:
        builder.mkdir()
        _debian(builder, _BUILDER_PACKAGES, log)
        _install_salt(builder, wanted.requirements, log)
        venv = part / SALT_VENV
        venv.parent.mkdir(parents=True)
        (builder / SALT_VENV).rename(venv)
        shutil.rmtree(builder)
    progress(f"image: the Salt environment took {time.monotonic() - started:.0f} s")
    return target


def _install_salt(builder: Path, requirements: bytes, log: Path) -> None:
    (builder / "requirements.txt").write_bytes(requirements)
    venv = f"/{SALT_VENV}"
    settings = machine.machine_pip_settings()

    def inside(step: str, *argv: str) -> None:
        with log.open("ab") as output:
            code = container.run_in_root(builder, argv, output, environment=settings.environment, show=settings.paths)
        _judge(step, argv, code, log)

    inside("making the Salt environment", "python3", "-m", "venv", venv)
    locked = ["--require-hashes", "--no-compile", "-r", "/requirements.txt"]
    inside("installing Salt", f"{venv}/bin/python", "-m", "pip", "install", "--no-cache-dir", *locked)
    # pip itself is of no use on a host; compiled once here, all hosts share the result in the page cache.
    inside("removing pip", f"{venv}/bin/python", "-m", "pip", "uninstall", "-y", "pip")
    inside("compiling Salt", f"{venv}/bin/python", "-m", "compileall", "-q", "-j", "2", venv)
    (site,) = (builder / SALT_VENV).glob("lib/python3*/site-packages")
    (site / "titanicarus.pth").write_text(_LIBRARY + "\n")


def _ensure_dynalite_part(images: Path, wanted: Recipe, progress: Progress) -> Path:
    target = images / f"dynalite-{wanted.dynalite_digest}"
    if target.is_dir():
        return target
    progress("image: installing the emulated DynamoDB (about a minute)")
    builder = images / f"building-root-{wanted.dynalite_digest}"
    log = images / f"{target.name}.log"
    settings = machine.machine_npm_settings()
    with _half_built(images, target) as part:
        builder.mkdir()
        _debian(builder, ("ca-certificates", "npm"), log)
        folder = builder / DYNALITE
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_DYNALITE / name, folder)
        argv = ["npm", "ci", "--prefix", f"/{DYNALITE}", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"]
        with log.open("ab") as output:
            code = container.run_in_root(builder, argv, output, environment=settings.environment, show=settings.paths)
        _judge("installing the emulated DynamoDB", argv, code, log)
        (part / DYNALITE).parent.mkdir(parents=True)
        folder.rename(part / DYNALITE)
        shutil.rmtree(builder)
    return target


def _assemble(root: Path, parts: Sequence[Path]) -> None:
    """Make the image from its parts by hard links: quick, and it takes no room on the disk."""
    for part in parts:
        _quiet("putting the image together", ["cp", "-a", "--link", "--", f"{part}/.", str(root)])
    for source in sorted(path for path in _FILES.rglob("*") if path.is_file()):
        target = root / source.relative_to(_FILES)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)  # it may be a hard link to a part
        shutil.copyfile(source, target)
        target.chmod(0o644)
    for command in _SALT_COMMANDS:
        (root / "usr/local/bin" / command).symlink_to(f"/{SALT_VENV}/bin/{command}")
    (root / "opt/titanicarus").mkdir(parents=True)
    for key in (root / "etc/ssh").glob("ssh_host_*"):  # made when sshd was installed: every host would have the same
        key.unlink()
    for name in ("etc/hostname", "etc/resolv.conf", "etc/machine-id"):
        (root / name).unlink(missing_ok=True)
    _quiet("switching all services off", ["chroot", str(root), "/usr/bin/systemctl", "preset-all"])
    _quiet("making the journal's catalogue", ["chroot", str(root), "/usr/bin/journalctl", "--update-catalog"])
    _mark_up_to_date(root)


def _mark_up_to_date(root: Path) -> None:
    """Tell systemd that /etc and /var fit /usr, or each host would rebuild caches at first boot (systemd.unit(5))."""
    changed = (root / "usr").stat().st_mtime_ns
    for name in ("etc/.updated", "var/.updated"):
        stamp = root / name
        stamp.write_text(f"TIMESTAMP_NSEC={changed}\n")
        os.utime(stamp, ns=(changed, changed))


def _logged(step: str, argv: Sequence[str], log: Path) -> None:
    with log.open("ab") as output:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
    _judge(step, argv, done.returncode, log)


def _judge(step: str, argv: Sequence[str], returncode: int, log: Path) -> None:
    if returncode != 0:
        raise ProgramFailed(step, argv, returncode, log.read_text(errors="replace")[-4000:], log)


def _quiet(step: str, argv: Sequence[str]) -> None:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ProgramFailed(step, argv, done.returncode, done.stderr)


def _digest(*parts: str | bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()[:16]
