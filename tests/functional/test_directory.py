"""`directory.managed` through Salt's loaders, on real OpenLDAP servers that replicate, are killed and come back."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from functional.directories import PYTHON, SUFFIX, Authority, DirectoryHost, OnLoopback, until
from render.image_root import image_root

ALICE_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIEGt1CLwPdFG0xqLvuoOhqduhHBzUI5nXAUDXxpWbd2 alice@laptop"
UID = 1_000_500
Pair = tuple[DirectoryHost, DirectoryHost]


def hashed(password: str) -> str:
    done = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=password.encode(), capture_output=True, check=True
    )
    return done.stdout.decode().strip()


FIRST, SECOND = hashed("first-password"), hashed("second-password")


def person(name: str = "alice", uid: int = UID, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "tenant": "harbour",
        "uid": uid,
        "full_name": "Alice Ångström",
        "email": f"{name}@harbour.example",
        "home": f"/home/syd/{name}",
        "ssh_keys": [ALICE_KEY],
        "password_hash": FIRST,
    } | more


@pytest.fixture(scope="module")
def disks() -> Iterator[Pair]:
    with ExitStack() as stack:
        authority = Authority()
        first, second = (
            DirectoryHost(name, OnLoopback(stack.enter_context(image_root())), authority)
            for name in ("syd-db1", "syd-db2")
        )
        yield first, second
        first.kill()
        second.kill()


@pytest.fixture
def pair(disks: Pair) -> Iterator[Pair]:
    """Both run, the first one writes, and alice is in."""
    first, second = disks
    first.keeper(open=True)
    second.keeper(owner="syd-db1")
    for host in disks:
        host.kill()
        host.configure()
        host.start()
    ret = first.apply(person(), groups={"sailors": ["alice"]})
    assert ret["result"] is True, ret
    first.set_password("alice", "first-password")  # whatever a test before has done to it
    assert first.apply(person(), groups={"sailors": ["alice"]})["result"] is True
    assert same(first, second)  # it is not over before the others have it
    yield first, second


def same(first: DirectoryHost, second: DirectoryHost) -> bool:
    return bool(first.entry("alice")) and first.entry("alice") == second.entry("alice")


def test_people_and_groups_are_on_both_servers(pair: Pair) -> None:
    for host in pair:
        alice = host.entry("alice")
        assert alice["sshPublicKey"] == [ALICE_KEY]
        assert alice["cn"] == ["Alice Ångström"]
        assert alice["homeDirectory"] == ["/home/syd/alice"]
        assert host.entry("sailors", "groups")["memberUid"] == ["alice"]
        assert host.signs_in("alice", "first-password")
        assert not host.signs_in("alice", "second-password")


def test_a_second_run_changes_nothing(pair: Pair) -> None:
    ret = pair[0].apply(person(), groups={"sailors": ["alice"]})
    assert (ret["result"], ret["changes"], ret["comment"]) == (True, {}, "1 people as wanted")


def test_a_dry_run_says_what_would_be_done_and_no_hash(pair: Pair) -> None:
    ret = pair[0].apply(person(email="a@harbour.example", password_hash=SECOND), test=True)
    assert ret["result"] is None
    assert ret["changes"] == {"alice": "e-mail, password", "group sailors": "removed"}
    assert pair[0].signs_in("alice", "first-password")


def test_nobody_gets_in_without_a_certificate_and_no_host_sees_a_hash(pair: Pair) -> None:
    first, _ = pair
    search = ("ldapsearch", "-x", "-LLL", "-H", first.url, "-b", SUFFIX)
    assert first.from_host(*search, identity=None).returncode != 0
    outsider = Authority().identity("syd-db2", "127.0.7.2")
    for file, text in outsider.items():
        first.disk.write(f"tmp/outsider/{file}", text)
    assert first.from_host(*search, identity=first.folder("/tmp/outsider")).returncode != 0
    seen = first.from_host(*search)
    assert seen.returncode == 0
    assert "sshPublicKey" in seen.stdout
    assert "userPassword" not in seen.stdout
    assert "titanicarusGiven" not in seen.stdout
    plain = first.from_host("ldapsearch", "-x", "-H", first.url.replace("ldaps", "ldap"), "-b", SUFFIX)
    assert plain.returncode != 0


def test_a_host_sees_no_hash_and_changes_nothing_even_with_a_certificate_of_the_fleet(pair: Pair) -> None:
    first, _ = pair
    for file, text in first.authority.identity("syd-web1", "127.0.7.9").items():
        first.disk.write(f"tmp/web/{file}", text)
    seen = first.from_host(
        "ldapsearch", "-Q", "-Y", "EXTERNAL", "-H", first.url, "-b", SUFFIX, identity=first.folder("/tmp/web")
    )
    assert "uid: alice" in seen.stdout
    assert "userPassword" not in seen.stdout
    change = first.disk.write(
        "tmp/change.ldif", f"dn: uid=alice,ou=people,{SUFFIX}\nchangetype: modify\nreplace: mail\nmail: x@y.example\n"
    )
    assert change.exists()
    refused = first.from_host(
        "ldapmodify", "-Q", "-Y", "EXTERNAL", "-H", first.url, "-f", "/tmp/change.ldif",
        identity=first.folder("/tmp/web"),
    )  # fmt: skip
    assert "Insufficient access" in refused.stderr


def own_password(host: DirectoryHost, url: str, old: str, new: str) -> str:
    """Change alice's as she would; gives what is said against it."""
    for file, secret in (("old", old), ("new", new)):
        host.disk.write(f"tmp/{file}", secret).chmod(0o600)
    argv = ["ldappasswd", "-x", "-H", url, "-D", f"uid=alice,ou=people,{SUFFIX}", "-y", "/tmp/old"]
    done = host.from_host(*argv, "-t", "/tmp/old", "-T", "/tmp/new")
    return "" if done.returncode == 0 else f"{done.stdout}{done.stderr}"


def test_people_change_their_own_password_at_the_port_for_that_alone(pair: Pair) -> None:
    first, second = pair
    assert "unwilling" in own_password(first, first.url, "first-password", "another")
    assert first.signs_in("alice", "first-password")
    assert "Invalid credentials" in own_password(first, first.password_url, "wrong", "another")
    assert own_password(first, first.password_url, "first-password", "my-own") == ""
    assert first.signs_in("alice", "my-own")
    until("the other server knowing it", lambda: second.signs_in("alice", "my-own"))
    (kept,) = first.entry("alice")["userPassword"]
    assert kept.startswith("{CRYPT}$y$j9T$")
    assert first.apply(person(), groups={"sailors": ["alice"]})["changes"] == {}
    assert first.signs_in("alice", "my-own")


def test_a_password_that_was_changed_stays_until_the_file_has_a_new_one(pair: Pair) -> None:
    first, second = pair
    first.set_password("alice", "my-own-password")
    assert first.apply(person())["changes"] == {"group sailors": "removed"}
    assert first.signs_in("alice", "my-own-password")
    until("the other server knowing it", lambda: second.signs_in("alice", "my-own-password"))
    assert first.apply(person(password_hash=SECOND))["changes"] == {"alice": "password"}
    assert first.signs_in("alice", "second-password")
    assert not first.signs_in("alice", "my-own-password")
    assert first.apply(person(password_hash=None))["changes"] == {"alice": "password taken away"}
    assert not first.signs_in("alice", "second-password")


def test_who_leaves_the_file_is_locked_everywhere_and_kept(pair: Pair) -> None:
    first, second = pair
    ret = first.apply()
    assert ret["changes"] == {"alice": "locked", "group sailors": "removed"}
    until("the other server knowing it", lambda: same(first, second))
    for host in pair:
        alice = host.entry("alice")
        assert alice["shadowExpire"] == ["1"]
        assert alice["loginShell"] == ["/usr/sbin/nologin"]
        assert alice["uidNumber"] == [str(UID)]
        assert not {"sshPublicKey", "userPassword"} & set(alice)
        assert not host.signs_in("alice", "first-password")
    assert first.apply()["changes"] == {}
    ret = first.apply(person(tenant="quokka"))
    assert (ret["result"], ret["changes"]) == (False, {})
    assert "the user alice is kept for tenant harbour" in ret["comment"]
    ret = first.apply(person("bruno"))
    assert "the uid 1000500 of the user bruno is kept for alice" in ret["comment"]
    assert first.apply(person())["changes"] == {"alice": "unlocked"}
    assert first.signs_in("alice", "first-password")


def test_a_uid_never_changes(pair: Pair) -> None:
    ret = pair[0].apply(person(uid=UID + 1))
    assert ret["result"] is False
    assert "the user alice has the uid 1000500, and the file of harbour says 1000501" in ret["comment"]
    assert pair[0].entry("alice")["uidNumber"] == [str(UID)]


def test_what_somebody_else_made_is_left_alone(pair: Pair) -> None:
    first, _ = pair
    first.disk.write("tmp/foreign.ldif", f"dn: ou=printers,{SUFFIX}\nobjectClass: organizationalUnit\nou: printers\n")
    first.local("-f", "/tmp/foreign.ldif", program="ldapadd")
    ret = first.apply(person())
    assert ret["warnings"][-1] == f"left alone, for Titanicarus did not make it: ou=printers,{SUFFIX}"
    assert first.local(f"ou=printers,{SUFFIX}", program="ldapdelete").returncode == 0


def test_only_who_has_the_lease_writes_and_the_next_one_carries_a_wish_out(pair: Pair) -> None:
    first, second = pair
    ret = second.apply(person(), person("bruno", UID + 7))
    assert (ret["result"], ret["changes"]) == (True, {})
    assert ret["comment"] == "not here: syd-db1 has the lease on syd, not syd-db2"
    second.keeper()
    ret = second.apply(person(), person("bruno", UID + 7))
    assert ret["result"] is False
    assert "no host is open for writes to syd" in ret["comment"]
    assert second.entry("bruno") == {}
    second.keeper(open=True)
    first.keeper(owner="syd-db2")
    checked = second.run(PYTHON, "-m", "titanicarus.directory.check")
    assert checked.returncode == 0, checked.stderr
    assert "bruno: added" in checked.stdout
    until("the first server knowing it", lambda: first.entry("bruno") == second.entry("bruno") != {})
    assert second.run(PYTHON, "-m", "titanicarus.directory.check").stdout == ""
    assert second.apply(person())["changes"] == {"bruno": "locked"}


def test_a_server_that_was_away_knows_everything_before_it_answers(pair: Pair) -> None:
    first, second = pair
    second.kill()
    ret = first.apply()
    assert ret["result"] is True
    assert "syd-db2" in ret["warnings"][0]
    assert "not there yet" in ret["warnings"][0]
    said = second.start()
    assert "syd-db1 has all that is here, and more: its copy is taken" in said
    assert second.entry("alice")["shadowExpire"] == ["1"]
    assert first.apply(person())["result"] is True
    until("it following again", lambda: same(first, second))


def test_a_server_that_is_alone_goes_on(pair: Pair) -> None:
    first, second = pair
    first.kill()
    second.kill()
    assert "no other server answers: this copy is used as it is" in second.start()
    assert second.signs_in("alice", "first-password")


def test_changes_that_the_others_lack_are_not_thrown_away(pair: Pair) -> None:
    first, second = pair
    second.kill()
    first.set_password("alice", "set-while-b-was-away")
    first.kill()
    second.start()
    second.keeper(open=True)
    assert second.apply(person(), person("bruno", UID + 7))["result"] is True
    assert "this copy has changes that others lack" in first.start()
    until("both having both", lambda: first.entry("bruno") == second.entry("bruno") != {} and same(first, second))
    assert second.signs_in("alice", "set-while-b-was-away")
    assert second.apply(person())["result"] is True


def test_a_start_that_was_cut_off_between_two_copies_goes_on(pair: Pair) -> None:
    first, second = pair
    second.kill()
    first.kill()
    folder = second.root / "var/lib/titanicarus/directory"
    if (folder / "old").exists():
        shutil.rmtree(folder / "old")
    (folder / "data").rename(folder / "old")
    second.start()
    assert second.signs_in("alice", "first-password")


def test_a_copy_that_differs_is_found_and_replaced(pair: Pair) -> None:
    first, second = pair
    second.kill()
    second.disk.write(
        "tmp/spoil.ldif",
        f"dn: uid=alice,ou=people,{SUFFIX}\nchangetype: modify\nreplace: loginShell\nloginShell: /bin/false\n",
    )
    conf = "/etc/titanicarus/directory/slapd.conf"
    spoilt = second.run("slapmodify", "-f", conf, "-b", SUFFIX, "-l", "/tmp/spoil.ldif")
    assert spoilt.returncode == 0, spoilt.stderr
    assert second.run("chown", "-R", "openldap:", "/var/lib/titanicarus/directory").returncode == 0
    assert "this copy has all that the others have" in second.start()
    assert second.entry("alice")["loginShell"] == ["/bin/false"]
    checked = second.run(PYTHON, "-m", "titanicarus.directory.check")
    assert "this copy differs from that of syd-db1 with the same changes: uid=alice" in checked.stdout
    second.kill()
    assert "that of syd-db1 is taken" in second.start()
    assert same(first, second)
    assert not (second.root / "var/lib/titanicarus/directory/doubt").exists()


def test_a_new_certificate_counts_without_a_restart(pair: Pair) -> None:
    first, _ = pair
    before = first.certificate_shown()
    first.certify(days=60)
    reloaded = first.run(PYTHON, "-m", "titanicarus.directory.reload")
    assert reloaded.returncode == 0, reloaded.stderr
    shown = first.certificate_shown()
    assert shown == (first.root / "etc/titanicarus/pki/host.crt").read_text().split("-----END")[0].split()[-1]
    assert shown != before


def test_another_server_counts_without_a_restart(pair: Pair) -> None:
    first, second = pair
    other = {"id": "mel-db1", "island": "mel", "name": "127.0.7.3", "number": 13}
    first.configure(servers=[*first.pillar()["directory"]["servers"], other])
    reloaded = first.run(PYTHON, "-m", "titanicarus.directory.reload")
    assert reloaded.returncode == 0, reloaded.stderr
    said = first.local("-b", "cn=config", "(olcSyncrepl=*)", "olcSyncrepl", "olcAccess", "-o", "ldif_wrap=no").stdout
    assert "ldaps://127.0.7.3:16636" in said
    assert 'dn.base="cn=mel-db1" read' in said
    assert first.apply(person(email="b@harbour.example"))["result"] is True
    until("the other server still following", lambda: same(first, second))


def test_what_needs_a_restart_is_said(pair: Pair) -> None:
    first, _ = pair
    schema = first.root / "etc/titanicarus/directory/titanicarus.schema"
    schema.write_text(schema.read_text().replace("a public SSH key, a line of a .pub file", "a public SSH key"))
    reloaded = first.run(PYTHON, "-m", "titanicarus.directory.reload")
    assert reloaded.returncode == 1
    assert "olcAttributeTypes: counts from the next start on" in reloaded.stderr
