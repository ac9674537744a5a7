"""Birth secrets: made once, grown with the fleet, and never papered over when something is wrong with them."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fixtures.repository import Repository

from titanicarus.control import secrets
from titanicarus.control.errors import BrokenSecrets
from titanicarus.fleet import Fleet


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    return Repository(tmp_path_factory.mktemp("repository")).load().fleet


@pytest.fixture(scope="module")
def born(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("born") / "secrets"
    secrets.birth(fleet, folder)
    return folder


@pytest.fixture
def folder(born: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    import shutil

    return Path(shutil.copytree(born, tmp_path / "secrets"))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_host_and_island_has_its_own(born: Path, fleet: Fleet) -> None:
    found = secrets.load(fleet, born)
    assert set(found.minions) == {host.id for host in fleet.hosts}
    assert set(found.islands) == {"mel", "syd"}
    publics = [pair.public for pair in (*found.minions.values(), found.master, found.sign)]
    assert len(set(publics)) == len(publics)
    assert found.islands["syd"].seed != found.islands["mel"].seed


def test_nothing_is_readable_by_others(born: Path) -> None:
    assert [path for path in (born, *born.rglob("*")) if path.stat().st_mode & 0o077] == []


def test_a_second_birth_changes_nothing(folder: Path, fleet: Fleet) -> None:
    before = contents(folder)
    secrets.birth(fleet, folder)
    assert contents(folder) == before


def test_a_new_host_gets_keys_and_nobody_else_new_ones(folder: Path, fleet: Fleet) -> None:
    before = contents(folder)
    newcomer = SimpleNamespace(id="syd-web9", roles=("web",))
    grown: Any = SimpleNamespace(name=fleet.name, islands=fleet.islands, hosts=(*fleet.hosts, newcomer))
    assert "syd-web9" in secrets.birth(grown, folder).minions
    after = contents(folder)
    assert set(after) - set(before) == {"salt/minions/syd-web9/minion.pem", "salt/minions/syd-web9/minion.pub"}
    assert {name: after[name] for name in before} == before


def test_what_a_crash_left_is_swept_away(folder: Path, fleet: Fleet) -> None:
    left = folder / "salt/minions/.new-syd-web1-abc"
    left.mkdir(mode=0o700)
    (left / "minion.pem").touch(0o600)
    secrets.birth(fleet, folder)
    assert not left.exists()


def test_private_keys_do_not_show_in_error_messages(born: Path, fleet: Fleet) -> None:
    assert "PRIVATE" not in repr(secrets.load(fleet, born))


@pytest.mark.parametrize(
    "missing",
    [
        "root-ca/ca.key",
        "root-ca/ca.crt",
        "islands/syd/seed",
        "islands/syd/ca.crt",
        "salt/sign/master_sign.pem",
        "salt/master/master.pub",
        "salt/minions/syd-web1/minion.pem",
        "passwords/key",
        "operators/key",
    ],
)
@pytest.mark.parametrize("how", ["gone", "empty", "garbage"])
def test_damage_is_named_and_nothing_is_made_up(missing: str, how: str, folder: Path, fleet: Fleet) -> None:
    path = folder / missing
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(b"" if how == "empty" else b"\xffgarbage")
    before = contents(folder)
    with pytest.raises(BrokenSecrets, match=missing.partition("/")[0]) as caught:
        secrets.birth(fleet, folder)
    assert str(folder) in str(caught.value)
    assert contents(folder) == before


def test_a_lost_root_is_an_error_and_not_a_new_root(folder: Path, fleet: Fleet) -> None:
    for path in (folder / "root-ca").iterdir():
        path.unlink()
    (folder / "root-ca").rmdir()
    with pytest.raises(BrokenSecrets, match="root-ca"):
        secrets.birth(fleet, folder)
    assert not (folder / "root-ca").exists()


def test_another_hosts_public_key_is_noticed(folder: Path, fleet: Fleet) -> None:
    minions = folder / "salt/minions"
    (minions / "syd-web1/minion.pub").write_bytes((minions / "syd-web2/minion.pub").read_bytes())
    with pytest.raises(BrokenSecrets, match="do not belong together"):
        secrets.load(fleet, folder)


@pytest.mark.parametrize("place", [".", "root-ca/ca.key", "islands/syd"])
def test_secrets_open_to_others_are_refused(place: str, folder: Path, fleet: Fleet) -> None:
    (folder / place).chmod(0o755)
    with pytest.raises(BrokenSecrets, match="open to other users"):
        secrets.birth(fleet, folder)


def test_a_folder_that_does_not_exist_is_not_made_by_load(tmp_path: Path, fleet: Fleet) -> None:
    with pytest.raises(BrokenSecrets, match="no such folder"):
        secrets.load(fleet, tmp_path / "secrets")
    assert not (tmp_path / "secrets").exists()


@pytest.mark.parametrize("kind", ["passwords", "operators"])
def test_a_fleet_of_an_older_version_gets_the_key_that_it_lacks(kind: str, folder: Path, fleet: Fleet) -> None:
    before = contents(folder)
    (folder / kind / "key").unlink()
    (folder / kind).rmdir()
    secrets.birth(fleet, folder)
    after = contents(folder)
    assert {name for name in after if after[name] != before[name]} == {f"{kind}/key"}
    assert len(after[f"{kind}/key"]) == 32


def test_two_births_at_once_agree(tmp_path: Path, fleet: Fleet) -> None:
    small: Any = SimpleNamespace(name="s", islands={"syd": 1}, hosts=fleet.hosts[:1])
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        found = pool.starmap(_root_of_birth, [(small, tmp_path / "secrets")] * 2)
    assert found[0] == found[1]


def _root_of_birth(fleet: Any, folder: Path) -> str:
    return secrets.birth(fleet, folder).root.certificate_pem
