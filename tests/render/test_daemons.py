"""What do the daemons themselves say to the files that every host would get?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from render.image_root import image_root, place, prepare, run_checks
from render.rendering import Component

DAEMONS = {
    "backup",
    "directory",
    "files",
    "glusterd",
    "haproxy",
    "gate",
    "keepalived",
    "keeper",
    "mariadb",
    "nginx",
    "people",
    "php",
    "sftp",
    "ssh",
    "tenant_databases",
    "valkey",
    "wordpress",
    "nftables",
    "gateway",
    "conntrackd",
}
# One small mistake for each daemon. Each must be found, or the checks check nothing.
MISTAKES = {
    "haproxy": ("haproxy.cfg", b"    balance roundrobin\n", b"    balance by-chance\n"),
    "keepalived": ("keepalived.conf", b"advert_int 0.2", b"advert_int often"),
    "keeper": ("keeper.json", b"isolation", b"isolated"),
    "nginx": ("sites.conf", b"server {", b"server_ {"),
    "php": ("php-fpm.conf", b"pm = ondemand", b"pm = sometimes"),
    "wordpress": ("titanicarus/settings.php", b"define('WP_HOME'", b"define('WP_HOME"),
    "tenant_databases": ("shards.json", b"]", b""),
    "valkey": ("users.acl", b"user default off", b"user default maybe"),
    "mariadb": ("mariadbd.cnf", b"gtid_strict_mode = ON", b"gtid_strict_node = ON"),
    "nftables": ("titanicarus.nft", b"policy drop", b"policy perhaps"),
    "gate": ("gate.nft", b"policy accept", b"policy perhaps"),
    "gateway": ("master.conf", b"[Peer]", b"[Pear]"),
    "directory": ("slapd.conf", b"TLSVerifyClient demand", b"TLSVerifyClient perhaps"),
    "people": ("sssd.conf", b"ldap_tls_reqcert", b"ldap_tls_recert"),
    "ssh": ("sshd_config", b"UsePAM yes", b"UsePAM perhaps"),
    "sftp": ("sshd_config", b"PermitTTY no", b"PermitTTI no"),
    "files": ("files.json", b'"mounts"', b'"mountains"'),
    "glusterd": ("glusterd.vol", b"type mgmt/glusterd", b"type mgmt/gusterd"),
    "backup": ("backup.json", b'"days"', b'"dais"'),
    "conntrackd": ("conntrackd.conf", b"Mode NOTRACK", b"Mode NOTHING"),
}


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with image_root() as copy:
        prepare(copy)
        yield copy


def test_every_configuration_is_accepted_by_its_daemon(components: list[Component], root: Path) -> None:
    checks, labels = [], []
    for number, component in enumerate(components):
        assert component.check, f"{component.host}: {component.state} is put in place without a check"
        checks.append(place(root, component, f"good-{number}"))
        labels.append(f"{component.host} {component.state}")
    assert {Path(component.state).name for component in components} == DAEMONS
    answers = run_checks(root, checks)
    refused = [f"{label}: {words}" for label, (code, words) in zip(labels, answers, strict=True) if code != 0]
    assert not refused, "\n".join(refused)


def test_every_daemon_refuses_a_mistake(components: list[Component], root: Path) -> None:
    checks = []
    for daemon, (path, right, wrong) in MISTAKES.items():
        component = next(one for one in components if one.state.endswith(f"/{daemon}") and right in one.files[path])
        broken = replace(component, files={**component.files, path: component.files[path].replace(right, wrong, 1)})
        checks.append(place(root, broken, f"bad-{daemon}"))
    answers = dict(zip(MISTAKES, run_checks(root, checks), strict=True))
    assert {daemon: code != 0 for daemon, (code, _) in answers.items()} == dict.fromkeys(MISTAKES, True), answers
    assert all(words.strip() for _, words in answers.values()), "a refusal without a word helps nobody"
