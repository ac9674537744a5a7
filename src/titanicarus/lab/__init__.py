"""The lab: a whole fleet on one Linux machine, every host a booted Debian container with a network of its own."""

from titanicarus.lab import image
from titanicarus.lab.disks import DEFAULT_MIB as DEFAULT_DISK_MIB
from titanicarus.lab.errors import BootFailed, HostFailed, LabBusy, LabError, ProgramFailed, UnknownHost
from titanicarus.lab.lab import Lab
from titanicarus.lab.layout import CLIENT, CLOUD, NOT_IN_FLEET, STATE_DIR
from titanicarus.lab.machine import ensure_packages
from titanicarus.lab.preflight import preflight
from titanicarus.lab.probe import Probe, ProbeResult, Target
from titanicarus.lab.status import HostStatus, LabStatus, Power

__all__ = [
    "CLIENT",
    "CLOUD",
    "DEFAULT_DISK_MIB",
    "NOT_IN_FLEET",
    "STATE_DIR",
    "BootFailed",
    "HostFailed",
    "HostStatus",
    "Lab",
    "LabBusy",
    "LabError",
    "LabStatus",
    "Power",
    "Probe",
    "ProbeResult",
    "ProgramFailed",
    "Target",
    "UnknownHost",
    "ensure_packages",
    "image",
    "preflight",
]
