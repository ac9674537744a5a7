"""What an operator does to a whole fleet, one file each: bring it up, push, apply, drain, look at it.

These put the rooms lab and control together; the command line parses for them and prints what they give back.
"""

from titanicarus.operations.dns import apply_names, keep_names, plan_names
from titanicarus.operations.drain import drain_host, drain_island, restore_host, restore_island
from titanicarus.operations.errors import OperationFailed
from titanicarus.operations.flap import flap_island
from titanicarus.operations.overview import Overview, look
from titanicarus.operations.probing import probe_targets
from titanicarus.operations.release import apply_states, push_release
from titanicarus.operations.sites import SiteLogin, site_login
from titanicarus.operations.up import BroughtUp, bring_up, take_down

__all__ = [
    "BroughtUp",
    "OperationFailed",
    "Overview",
    "SiteLogin",
    "apply_names",
    "apply_states",
    "bring_up",
    "drain_host",
    "drain_island",
    "flap_island",
    "keep_names",
    "look",
    "plan_names",
    "probe_targets",
    "push_release",
    "restore_host",
    "restore_island",
    "site_login",
    "take_down",
]
