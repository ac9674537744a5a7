"""A push reaches every control host or changes none: on folders that play hosts, with the real `deploy` on each."""

from __future__ import annotations

import json
import stat
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from fixtures.control_plane import ControlPlane

from titanicarus.control import masters
from titanicarus.control.deploy import KEEP, PROTOCOL, stage
from titanicarus.control.errors import ActivationFailed, NoMaster, Refused, Unjudged
from titanicarus.control.layout import Deploy
from titanicarus.control.snapshot import take
from titanicarus.fleet import InvalidInput
from titanicarus.transport import CommandFailed

ONE, OTHER = "mel-store1", "syd-store2"
TENANT = "pillar/tenants/harbour.yaml"


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> ControlPlane:
    """A fleet whose four control hosts serve the checkout."""
    plane = ControlPlane(tmp_path_factory.mktemp("plane"))
    for host in plane.controls:
        plane.provision(host)
    plane.push()
    return plane


@pytest.fixture
def plane(pushed: ControlPlane, tmp_path: Path) -> ControlPlane:
    return ControlPlane(tmp_path / "plane", like=pushed)


def add_site(plane: ControlPlane, name: str = "new.harbour.example") -> None:
    document = yaml.safe_load((plane.checkout / TENANT).read_text())
    document["sites"][name] = {}
    plane.write(TENANT, yaml.safe_dump(document))


def served(plane: ControlPlane) -> dict[str, str | None]:
    return {host: plane.current(host) for host in plane.controls}


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_control_host_serves_the_same_bytes(pushed: ControlPlane) -> None:
    assert len(set(served(pushed).values())) == 1
    one, other = (everything(pushed.release(host)) for host in (ONE, OTHER))
    assert one == other
    pillar = json.loads(one["pillar/syd-lb1.json"])
    assert set(pillar["lb"]["certificates"]) == {
        "default", "harbour.example", "laneway.example", "shop.harbour.example",
    }  # fmt: skip
    assert json.loads(one["release.json"])["hosts"]["syd-lb1"] == pillar["revision"]


def test_pillars_are_private_and_in_no_file_root(pushed: ControlPlane) -> None:
    release = pushed.release(ONE)
    for path in (release / "pillar").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((release / "pillar").stat().st_mode) == 0o700
    roots = {name for root in (release / "roots").iterdir() for name in everything(root.resolve())}
    assert "titanicarus.tar.gz" in roots and "top.sls" in roots and "_modules/platform.py" in roots
    assert not [name for name in roots if "pillar" in name or name == "Saguirefile"]


def test_no_host_gets_a_secret_of_a_role_that_it_does_not_have(pushed: ControlPlane) -> None:
    pillars = {path.stem: json.loads(path.read_bytes()) for path in (pushed.release(ONE) / "pillar").iterdir()}
    passwords = {
        host: {*pillar["web"]["session_secrets"].values(), pillar["web"]["session_admin"]}
        for host, pillar in pillars.items()
        if "web" in pillar
    }
    keys = {host: pillar["trust"]["key"] for host, pillar in pillars.items()}
    ssh_keys = {host: pillar["ssh"]["host_key"] for host, pillar in pillars.items()}
    shared = {host: pillar["sftp"]["host_key"] for host, pillar in pillars.items() if "sftp" in pillar}
    bundles = {host: set(pillar["lb"]["certificates"].values()) for host, pillar in pillars.items() if "lb" in pillar}
    assert passwords["syd-web1"].isdisjoint(passwords["mel-web1"])
    assert bundles["syd-lb1"].isdisjoint(bundles["mel-lb1"])
    for host, pillar in pillars.items():
        text = json.dumps(pillar)
        others = [key for found in (keys, ssh_keys) for name, key in found.items() if name != host]
        assert not [key for key in others if json.dumps(key)[1:-1] in text]
        assert ("lb" in pillar) == ("certificates" in text)
        if "web" not in pillar:
            assert not [word for words in passwords.values() for word in words if word in text]
        foreign = [key for name, key in shared.items() if host not in shared or key != shared[host]]
        assert not [key for key in foreign if json.dumps(key)[1:-1] in text]
        # For TLS and SSH; a load balancer shows its own certificate to other islands: a second copy of the first. Web
        # servers have their island's for SFTP.
        own = 3 if "lb" in pillar or host in shared else 2
        assert text.count("PRIVATE KEY") == 2 * (own + len(bundles.get(host, ())))
        assert '"seed"' not in text and pushed.secrets.sign.private[40:80] not in text


def test_a_push_of_the_same_tree_does_nothing_and_is_quick(plane: ControlPlane) -> None:
    before = {host: everything(plane.transport.root(host)) for host in plane.controls}
    started = time.monotonic()
    again = plane.push()
    seconds = time.monotonic() - started
    print(f"nothing to push: {seconds:.2f} s")
    assert again.activated == () and set(again.already) == set(plane.controls) and not again.changed
    assert before == {host: everything(plane.transport.root(host)) for host in plane.controls}
    assert seconds < 5


def test_what_hosts_applied_lately_is_remembered_newest_last(plane: ControlPlane) -> None:
    """The oldest are dropped from the front; a host whose last revision is unknown would run everything."""
    plane.transport.down = set(plane.controls) - {ONE}
    before = json.loads((plane.release(ONE) / "release.json").read_bytes())
    add_site(plane)
    plane.push()
    after = json.loads((plane.release(ONE) / "release.json").read_bytes())
    newest = set(after["hosts"].values())
    assert set(list(after["sections"])[-len(newest) :]) == newest
    assert newest | set(before["hosts"].values()) == after["sections"].keys()


def test_a_tree_that_is_pushed_again_knows_what_hosts_applied_meanwhile(plane: ControlPlane) -> None:
    """Who takes a change back waits for what it touched, not for every state of every host."""
    plane.transport.down = set(plane.controls) - {ONE}
    first = plane.push().release
    tenant = plane.checkout / TENANT
    before = tenant.read_bytes()
    add_site(plane)
    plane.push()
    meanwhile = json.loads((plane.release(ONE) / "release.json").read_bytes())["hosts"]
    tenant.write_bytes(before)
    assert plane.push().release == first
    path = plane.release(ONE) / "release.json"
    facts = json.loads(path.read_bytes())
    assert {*meanwhile.values(), *facts["hosts"].values()} <= set(facts["sections"])
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_uncommitted_edit_is_pushed_and_the_operators_git_stays_as_it_was(plane: ControlPlane) -> None:
    def git(*words: str) -> str:
        command = ["git", "-C", str(plane.checkout), "-c", "user.name=n", "-c", "user.email=e@localhost", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    git("init", "--quiet")
    plane.write(".gitignore", "*.secret\n")
    git("add", "-A")
    git("commit", "--quiet", "-m", "first")
    plane.write("salt/content/harbour.example/notes.secret", "not for the world")
    add_site(plane)
    before = (git("status", "--porcelain"), git("rev-parse", "HEAD"), everything(plane.checkout / ".git"))
    done = plane.push()
    after = (git("status", "--porcelain"), git("rev-parse", "HEAD"), everything(plane.checkout / ".git"))
    assert set(done.activated) == set(plane.controls)
    assert before == after
    release = plane.release(ONE)
    assert "new.harbour.example" in (release / "pillar/syd-web1.json").read_text()
    assert not (release / "roots/states/content/harbour.example/notes.secret").exists()


def test_only_hosts_with_something_to_do_get_a_new_revision(plane: ControlPlane) -> None:
    before = json.loads((plane.release(ONE) / "release.json").read_bytes())["hosts"]
    add_site(plane)
    plane.push()
    after = json.loads((plane.release(ONE) / "release.json").read_bytes())["hosts"]
    assert {host for host in before if before[host] != after[host]} == {
        f"{island}-{name}" for island in ("syd", "mel") for name in ("lb1", "lb2", "web1", "web2")
    }


def test_a_broken_tenant_is_refused_here_and_no_host_is_asked(plane: ControlPlane) -> None:
    plane.write(TENANT, "tenant: harbour\nhome: nowhere\n")
    before = served(plane)
    plane.transport.commands.clear()
    with pytest.raises(InvalidInput, match="nowhere"):
        plane.push()
    assert plane.transport.commands == [] and served(plane) == before


SPOILERS: dict[str, tuple[Callable[[ControlPlane], object], str]] = {
    "a state that is no YAML": (lambda plane: plane.write("salt/probe/init.sls", "a: [\n"), r"salt/probe/init\.sls:2"),
    "a template that does not parse": (
        lambda plane: plane.write("salt/probe/init.sls", "{% if pillar %}\na: {test.nop: []}\n"),
        r"salt/probe/init\.sls:",
    ),
    "a module that does not compile": (
        lambda plane: plane.write("_modules/broken.py", "def f(:\n"), r"_modules/broken\.py:1"
    ),
    "a core that does not compile": (
        lambda plane: plane.write("src/titanicarus/lab/broken.py", "def f(:\n"), r"titanicarus/lab/broken\.py:1"
    ),
    "a runner that does not compile": (
        lambda plane: plane.write("_runners/broken.py", "def f(:\n"), r"_runners/broken\.py:1"
    ),
    "a reaction that does not parse": (
        lambda plane: plane.write("reactor/broken.sls", "{% if tag %}\n"), r"reactor/broken\.sls:"
    ),
    "no top file": (lambda plane: (plane.checkout / "salt/top.sls").unlink(), r"salt/top\.sls: missing"),
    "a link out of the file root": (
        lambda plane: (plane.checkout / "salt/leak").symlink_to("../pillar"), "salt/leak: found a symbolic link"
    ),
    "a state that does not render": (
        lambda plane: plane.write("salt/probe/init.sls", "{{ pillar['absent'] }}: {test.nop: []}\n"), "absent"
    ),
    "a requisite that is not there": (
        lambda plane: plane.write("salt/probe/init.sls", "a:\n  test.nop:\n    - require: [{test: absent}]\n"),
        "Referenced state does not exist",
    ),
    "a state that is not there": (
        lambda plane: plane.write("salt/top.sls", "base:\n  '*': [nothing_there]\n"), "nothing_there"
    ),
}  # fmt: skip


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_a_bad_tree_is_refused_and_nothing_changes_anywhere(spoiler: str, plane: ControlPlane) -> None:
    spoil, reason = SPOILERS[spoiler]
    before = served(plane)
    spoil(plane)
    with pytest.raises(Refused, match=reason):
        plane.push()
    assert served(plane) == before
    states = {(plane.release(host) / "roots/states/top.sls").read_text() for host in plane.controls}
    assert states == {"base:\n  '*':\n    - probe\n"}


def test_when_one_host_cannot_stage_no_host_switches(plane: ControlPlane) -> None:
    before = served(plane)
    add_site(plane)
    plane.transport.broken[OTHER] = "stage"
    with pytest.raises(CommandFailed, match=OTHER):
        plane.push()
    assert served(plane) == before


def test_new_code_that_nobody_judged_is_served_by_nobody(plane: ControlPlane) -> None:
    before = served(plane)
    spoil, reason = SPOILERS["a core that does not compile"]
    spoil(plane)
    judge = min(plane.controls)
    plane.transport.lost[judge] = "stage"
    with pytest.raises(Unjudged, match=f"{judge} .* push again"):
        plane.push()
    assert served(plane) == before
    plane.transport.lost.clear()
    plane.transport.down = {judge}  # the others have the release already, and one of them is asked to judge it now
    with pytest.raises(Refused, match=reason):
        plane.push()
    plane.write("src/titanicarus/lab/broken.py", "def f():\n    return 1\n")
    assert set(plane.push().activated) == set(plane.controls) - {judge}


def test_new_data_needs_no_judge(plane: ControlPlane) -> None:
    add_site(plane)
    judge = min(plane.controls)
    plane.transport.lost[judge] = "stage"
    assert set(plane.push().activated) == set(plane.controls) - {judge}


def test_an_older_checkout_names_no_judge_and_finds_its_release_again(
    plane: ControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    root = plane.transport.root(ONE)
    deploy = Deploy(root / "srv/titanicarus")
    header = {"protocol": PROTOCOL, "release": plane.current(ONE), "render": True}
    assert stage(deploy, root, BytesIO(json.dumps(header).encode() + b"\n")) == 0
    assert json.loads(capsys.readouterr().out)["ready"] is True


def test_when_one_host_cannot_switch_the_others_switch_back(plane: ControlPlane) -> None:
    before = served(plane)
    add_site(plane)
    plane.transport.broken[OTHER] = "activate"
    with pytest.raises(ActivationFailed, match=OTHER):
        plane.push()
    assert served(plane) == before
    plane.transport.broken.clear()
    assert set(plane.push().activated) == set(plane.controls)


def test_a_host_that_was_down_is_named_and_brought_up_to_date_later(plane: ControlPlane) -> None:
    plane.transport.down = {ONE}
    add_site(plane)
    first = plane.push()
    assert set(first.unreachable) == {ONE} and set(first.activated) == set(plane.controls) - {ONE}
    plane.transport.down = set()
    assert len(set(served(plane).values())) == 2
    assert masters.pick_master(plane.transport, plane.declaration).host != ONE
    second = plane.push()
    assert second.activated == (ONE,) and len(set(served(plane).values())) == 1


def test_with_no_control_host_there_is_a_clear_error(plane: ControlPlane) -> None:
    plane.transport.down = set(plane.controls)
    with pytest.raises(NoMaster, match="syd-store1: it is down"):
        plane.push()


def test_a_host_that_lost_its_repository_gets_the_whole_revision(plane: ControlPlane) -> None:
    for path in (plane.transport.root(ONE) / "srv/titanicarus/repo.git/objects").rglob("*"):
        if path.is_file():
            path.unlink()
    add_site(plane)
    assert set(plane.push().activated) == set(plane.controls)
    assert len(set(served(plane).values())) == 1


def test_what_did_not_change_is_linked_and_what_changed_has_another_time(plane: ControlPlane) -> None:
    page, other = (Path("roots/states/content") / path for path in ("harbour.example/a.html", "harbour.example/b.html"))
    plane.write("salt/content/harbour.example/a.html", "one")
    plane.write("salt/content/harbour.example/b.html", "same")
    plane.push()
    before = ((plane.release(ONE) / page).stat(), (plane.release(ONE) / other).stat())
    plane.write("salt/content/harbour.example/a.html", "two")
    plane.push()
    after = ((plane.release(ONE) / page).stat(), (plane.release(ONE) / other).stat())
    assert after[0].st_size == before[0].st_size and after[0].st_mtime != before[0].st_mtime
    assert after[1].st_ino == before[1].st_ino


def test_old_releases_go_and_the_active_one_stays(plane: ControlPlane) -> None:
    for number in range(KEEP + 2):
        add_site(plane, f"site{number}.harbour.example")
        plane.push()
    deploy = plane.transport.root(ONE) / "srv/titanicarus"
    deadline = time.monotonic() + 30
    while len(kept := [path.name for path in (deploy / "releases").glob("[!.]*")]) > KEEP:
        assert time.monotonic() < deadline, kept
        time.sleep(0.05)
    assert plane.current(ONE) in kept


def test_masters_accept_new_hosts_and_forget_removed_ones(plane: ControlPlane) -> None:
    saguirefile = plane.checkout / "Saguirefile"
    document = yaml.safe_load(saguirefile.read_text())
    hosts = document["islands"]["syd"]["hosts"]
    hosts["web3"] = {"lan": "10.72.1.23", "roles": ["web"]}
    hosts["web2"]["roles"] = ["mail", "arbiter"]
    del document["islands"]["syd"]["hosts"]["fw1"]
    hosts["gate1"] = {"lan": "10.72.1.3", "wan": "198.19.1.3", "roles": ["firewall"]}
    saguirefile.write_text(yaml.safe_dump(document))
    hosts["web2"]["roles"] = ["web", "mail", "arbiter"]
    saguirefile.write_text(yaml.safe_dump(document))
    plane.push()
    accepted = {path.name for path in (plane.transport.root(ONE) / "etc/salt/pki/master/minions").iterdir()}
    assert {"syd-web3", "syd-gate1"} <= accepted and "syd-fw1" not in accepted


def test_certificates_are_renewed_by_a_push_of_the_same_tree_in_the_next_window(plane: ControlPlane) -> None:
    def certificate() -> str:
        pillar = json.loads((plane.release(ONE) / "pillar/syd-lb1.json").read_bytes())
        return str(pillar["lb"]["certificates"]["harbour.example"])

    before = certificate()
    done = plane.push(now=datetime.now(UTC) + timedelta(days=25))
    assert set(done.activated) == set(plane.controls) and certificate() != before


def test_the_same_files_are_the_same_revision_on_any_machine(plane: ControlPlane, tmp_path: Path) -> None:
    one = take(plane.checkout, tmp_path / "one.git")
    other = take(plane.checkout, tmp_path / "other.git")
    assert one.revision == other.revision
    plane.write("tests/unit/test_something.py", "not for masters")
    assert take(plane.checkout, tmp_path / "one.git").revision == one.revision
    (plane.checkout / TENANT).unlink()
    assert take(plane.checkout, tmp_path / "one.git").revision != one.revision


def test_another_saguirefile_takes_the_place_of_the_default_one(plane: ControlPlane, tmp_path: Path) -> None:
    chosen = tmp_path / "mine.yaml"
    chosen.write_text((plane.checkout / "Saguirefile").read_text().replace("sample.example", "mine.example"))
    snapshot = take(plane.checkout, tmp_path / "one.git", chosen)
    command = ["git", f"--git-dir={snapshot.repository}", "show", f"{snapshot.revision}:Saguirefile"]
    assert "mine.example" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
