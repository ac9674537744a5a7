"""What masters and minions are told: pure functions from the fleet to the dictionaries that become their YAML files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from titanicarus.control import layout
from titanicarus.fleet.healing import look_at, units
from titanicarus.fleet.pillar import masters

if TYPE_CHECKING:
    from titanicarus.fleet import Fleet, Host

Config = dict[str, Any]

BEACON_SECONDS = 4
"""Between two looks at a host's units; two in a row make one of them stopped (docs/healing.md)."""
PARTS_SECONDS = 20
"""Between two looks at a host's other parts: what looks after those has minutes."""
EVENTS = {
    "units": ("stopped", "failing", "unknown", "well"),
    "hosts": ("lost", "back", "unknown"),
    "parts": ("ill", "well", "unknown"),
}
"""What each beacon says: the reactor has a file of its own for each, such as reactor/unit_stopped.sls."""


def minion_config(fleet: Fleet, host: Host) -> Config:
    """The content of /etc/salt/minion for one host."""
    return {
        "id": host.id,
        # The own island's masters, then one of each other island: docs/adr/0011-master-list.md.
        "master": masters(fleet, host.island),
        # All masters have one key (docs/adr/0012-one-master-key.md), given at birth and so never taken on trust. The
        # signing key vouches for it, so that it can be changed without a visit to every host.
        "verify_master_pubkey_sign": True,
        "always_verify_signature": True,
        "hash_type": "sha256",
        # A master that vanished without a word is noticed after 5 + 3 * 3 s instead of hours.
        "tcp_keepalive": True,
        "tcp_keepalive_idle": 5,
        "tcp_keepalive_cnt": 3,
        "tcp_keepalive_intvl": 3,
        "recon_default": 1000,
        "recon_max": 5000,
        "recon_randomize": True,
        "random_reauth_delay": 3,
        "acceptance_wait_time": 5,
        "acceptance_wait_time_max": 20,
        "auth_timeout": 30,
        # A master that was off when this host joined by a ticket knows an older key of it. A minion that is rejected by
        # one of its masters would otherwise end, and be lost to the others as well.
        "rejected_retry": True,
        # Beacons of a host whose first master is dead must not wait for it.
        "beacons_before_connect": True,
        "loop_interval": BEACON_SECONDS,
        "beacons": _beacons(fleet, host),
        # Asking for new modules before each run of states is 26 requests and half the cost of an apply that changes
        # nothing. The state library.current does so when a release has new ones.
        "autoload_dynamic_modules": False,
        "mine_enabled": False,
        # Grains that ask a name server or scan hardware cost seconds and tell nothing that is used.
        "enable_fqdns_grains": False,
        "enable_gpu_grains": False,
        # Standard error goes to the journal; a second log file would only fill disks.
        "log_file": "/dev/null",
        "log_level": "warning",
        "log_level_logfile": "warning",
    }


def _beacons(fleet: Fleet, host: Host) -> Config:
    found: Config = {
        "units": [{"units": units(fleet, host)}, {"interval": BEACON_SECONDS}],
        "parts": [{"interval": PARTS_SECONDS}],
    }
    if seen := look_at(fleet, host):
        found["hosts"] = [{"look_at": seen}, {"interval": BEACON_SECONDS}]
    return found


def master_config(fleet: Fleet, host: Host) -> Config:
    """The content of /etc/salt/master for one control host."""
    current = layout.Release(layout.Deploy(layout.DEPLOY).current)
    return {
        "id": f"{host.id}_master",
        "interface": str(host.lan),
        "master_sign_pubkey": True,
        "hash_type": "sha256",
        # Keys of minions are put in place by provisioning and by push, and by nothing else.
        "auto_accept": False,
        "open_mode": False,
        "worker_threads": 3,
        "file_roots": {"base": [str(current.states), str(current.extensions), str(current.library)]},
        "fileserver_backend": ["roots"],
        # The release check refuses links in the roots; this refuses to follow any that would slip through.
        "fileserver_followsymlinks": False,
        "pillar_roots": {"base": []},
        "ext_pillar": [{"titanicarus": {"folder": str(current.pillar)}}],
        "module_dirs": [str(current.master)],
        "pillar_safe_render_error": True,
        # The copy of every pillar that masters keep for targeting would be one more place with secrets.
        "minion_data_cache": False,
        "reactor": [
            {f"salt/beacon/*/{beacon}/{event}": [str(current.reactor / f"{beacon.removesuffix('s')}_{event}.sls")]}
            for beacon, events in EVENTS.items()
            for event in events
        ],
        "nodegroups": _nodegroups(fleet),
        "timeout": 5,
        "gather_job_timeout": 30,
        "keep_jobs_seconds": 86400,
        "tcp_keepalive": True,
        "tcp_keepalive_idle": 5,
        "tcp_keepalive_cnt": 3,
        "tcp_keepalive_intvl": 3,
        "state_output": "changes",
        "state_verbose": False,
        "log_file": "/dev/null",
        "log_level": "warning",
        "log_level_logfile": "warning",
    }


def _nodegroups(fleet: Fleet) -> Config:
    """`salt -N web` and `salt -N syd`: roles and islands as groups, derived, because no grain is to be trusted."""
    groups = {island: f"{island}-*" for island in fleet.islands}
    roles = sorted({role for host in fleet.hosts for role in host.roles})
    for role in roles:
        groups[str(role)] = "L@" + ",".join(host.id for host in fleet.hosts if role in host.roles)
    return groups
