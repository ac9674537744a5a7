"""Names and places of one lab. Everything that `down` has to find again is named after the lab, and only here."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from titanicarus.lab.errors import LabError

STATE_DIR = Path("/var/lib/titanicarus")
_RUN_DIR = Path("/run/titanicarus")
CLIENT = "client"
CLOUD = "cloud"
NOT_IN_FLEET = frozenset({CLIENT, CLOUD})
"""Hosts of the lab that are no hosts of the fleet."""
# A dot separates the lab's name from a node's in names of namespaces and containers, so that no
# lab's names begin with another lab's prefix. Names of labs have no dots.
_LAB_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


@dataclass(frozen=True)
class Layout:
    """Where one lab keeps what it has. Raises LabError for a name that cannot be a lab's."""

    lab: str
    state: Path = STATE_DIR

    def __post_init__(self) -> None:
        if not _LAB_NAME.fullmatch(self.lab):
            raise LabError(
                f'"{self.lab}" cannot be a lab\'s name: use up to 32 small letters, digits and dashes, a letter first'
            )

    @property
    def home(self) -> Path:
        """The lab's folder."""
        return self.state / "labs" / self.lab

    @property
    def secrets(self) -> Path:
        """What is made once for the lab and kept by `down`."""
        return self.home / "secrets"

    @property
    def hosts(self) -> Path:
        """The folder that has a folder for each host."""
        return self.home / "hosts"

    def host(self, host_id: str) -> HostLayout:
        """Where one host keeps its disk."""
        return HostLayout(self.hosts / host_id)

    @property
    def namespace_prefix(self) -> str:
        """How the names of the lab's network namespaces and containers begin."""
        return f"tita.{self.lab}."

    def namespace(self, node: str) -> str:
        """The network namespace of a host or of a part of the network."""
        return self.namespace_prefix + node

    def machine(self, host_id: str) -> str:
        """The name that systemd-nspawn knows the container by."""
        return self.namespace_prefix + host_id

    @property
    def group(self) -> str:
        """The lab's control group, relative to a hierarchy's root."""
        return f"titanicarus/{self.lab}"

    @property
    def run(self) -> Path:
        """The folder of the lab's lock files."""
        return _RUN_DIR / self.lab

    def machine_id(self, host_id: str) -> str:
        """The host's /etc/machine-id: 32 hexadecimal digits, the same whenever the lab is made again."""
        return hashlib.sha256(f"titanicarus/{self.lab}/{host_id}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class HostLayout:
    """One host's folder: the changes to the image (`upper`), the mounted disk (`root`), and its console's log."""

    home: Path

    @property
    def upper(self) -> Path:
        """What the host has changed."""
        return self.home / "upper"

    @property
    def work(self) -> Path:
        """Overlayfs works here."""
        return self.home / "work"

    @property
    def root(self) -> Path:
        """The host's disk while it is mounted."""
        return self.home / "root"

    @property
    def disk(self) -> Path:
        """The file system that a host which stores data has beside its root, as a sparse file."""
        return self.home / "disk.img"

    @property
    def files_disk(self) -> Path:
        """The one that a filer has for its bricks."""
        return self.home / "files.img"

    @property
    def console(self) -> Path:
        """What the host printed to its console, over all its boots."""
        return self.home / "console.log"

    @property
    def image(self) -> Path:
        """A file with the path of the image that the host was made from."""
        return self.home / "image"

    @property
    def provisioned(self) -> Path:
        """A file that is there when the first files of the host were all written."""
        return self.home / "provisioned"
