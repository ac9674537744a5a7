"""The first files of a host: what is there, who may read it, and that doing it again changes nothing."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml
from fixtures.repository import Repository

from titanicarus.control import library, salt_config, secrets
from titanicarus.control.errors import ControlError
from titanicarus.control.provision import provision
from titanicarus.fleet import Declaration

SOURCE = Path(library.__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def declaration(tmp_path_factory: pytest.TempPathFactory) -> Declaration:
    return Repository(tmp_path_factory.mktemp("repository")).load()


@pytest.fixture(scope="module")
def born(declaration: Declaration, tmp_path_factory: pytest.TempPathFactory) -> secrets.Secrets:
    return secrets.birth(declaration.fleet, tmp_path_factory.mktemp("born") / "secrets")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    for unit in ("salt-minion.service", "salt-master.service"):
        (units / unit).touch()
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def tree(root: Path) -> dict[str, tuple[int, int]]:
    found = {str(path): path.lstat() for path in root.rglob("*")}
    return {name: (about.st_mtime_ns, about.st_mode) for name, about in found.items()}


def test_a_minion_knows_itself_and_its_masters(declaration: Declaration, born: secrets.Secrets, root: Path) -> None:
    provision(declaration, born, "syd-web1", root)
    assert (root / "etc/hostname").read_text() == "syd-web1\n"
    assert "10.72.2.31 store1.mel.sample.example mel-store1\n" in (root / "etc/hosts").read_text()
    config = yaml.safe_load((root / "etc/salt/minion").read_text())
    assert config["id"] == "syd-web1"
    assert config["master"] == ["10.72.1.31", "10.72.1.32", "10.72.2.31"]
    assert config["always_verify_signature"] is True
    keys = root / "etc/salt/pki/minion"
    assert (keys / "minion.pem").read_text() == born.minions["syd-web1"].private
    assert (mode(keys), mode(keys / "minion.pem")) == (0o700, 0o400)
    assert (root / "etc/systemd/system/multi-user.target.wants/salt-minion.service").is_symlink()


def test_only_control_hosts_get_anything_of_a_master(
    declaration: Declaration, born: secrets.Secrets, root: Path
) -> None:
    provision(declaration, born, "syd-web1", root)
    assert not (root / "etc/salt/master").exists()
    assert not (root / "etc/salt/pki/master").exists()
    assert not (root / "srv").exists()
    everything = b"".join(path.read_bytes() for path in (root / "etc").rglob("*") if path.is_file())
    assert born.sign.private.encode() not in everything
    assert everything.count(b"PRIVATE KEY") == 2


def test_a_master_accepts_exactly_the_fleet(declaration: Declaration, born: secrets.Secrets, root: Path) -> None:
    stray = root / "etc/salt/pki/master/minions/syd-old"
    stray.parent.mkdir(parents=True)
    stray.touch()
    provision(declaration, born, "syd-store1", root)
    accepted = root / "etc/salt/pki/master/minions"
    assert {path.name: path.read_text() for path in accepted.iterdir()} == {
        host: pair.public for host, pair in born.minions.items()
    }
    assert mode(root / "etc/salt/pki/master/master_sign.pem") == 0o400
    assert mode(root / "srv/titanicarus") == 0o700


def test_the_roots_private_key_never_gets_to_a_host(
    declaration: Declaration, born: secrets.Secrets, root: Path
) -> None:
    provision(declaration, born, "syd-store1", root)
    key = born.root.key_pem.encode()
    assert not [path for path in root.rglob("*") if path.is_file() and key in path.read_bytes()]


def test_provisioning_again_touches_nothing(declaration: Declaration, born: secrets.Secrets, root: Path) -> None:
    provision(declaration, born, "syd-store1", root)
    before = tree(root)
    provision(declaration, born, "syd-store1", root)
    assert tree(root) == before


def test_an_image_without_salt_is_a_clear_error(
    declaration: Declaration, born: secrets.Secrets, tmp_path: Path
) -> None:
    with pytest.raises(ControlError, match=r"no salt-minion\.service"):
        provision(declaration, born, "syd-web1", tmp_path)


def test_masters_serve_three_roots_and_never_the_tree(declaration: Declaration) -> None:
    config = salt_config.master_config(declaration.fleet, declaration.fleet.host("syd-store1"))
    roots = config["file_roots"]["base"]
    assert [Path(root).name for root in roots] == ["states", "extensions", "library"]
    assert config["auto_accept"] is False and config["open_mode"] is False
    assert config["pillar_roots"] == {"base": []}
    assert config["nodegroups"]["web"] == "L@mel-web1,mel-web2,syd-web1,syd-web2"


def test_the_library_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    one, other = library.pack(SOURCE), library.pack(SOURCE)
    assert one == other
    target = library.install(one, tmp_path)
    assert library.install(one, tmp_path) == target
    assert (tmp_path / "opt/titanicarus/current/titanicarus/control/library.py").is_file()
    assert not list(target.rglob("__pycache__"))
    assert library.pack(target / "titanicarus") == one


def test_a_library_under_another_name_is_not_installed(tmp_path: Path) -> None:
    packed = library.pack(SOURCE)
    with pytest.raises(ControlError, match="not the one"):
        library.install(library.Library("0" * 16, packed.archive), tmp_path)
    assert not (tmp_path / "opt/titanicarus/current").exists()


def test_old_libraries_go(tmp_path: Path) -> None:
    for number in range(6):
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        (source / "__init__.py").write_text(f"NUMBER = {number}\n")
        library.install(library.pack(source), tmp_path)
    releases = tmp_path / "opt/titanicarus/releases"
    assert len(list(releases.iterdir())) == library.KEEP
    assert "NUMBER = 5" in (tmp_path / "opt/titanicarus/current/titanicarus/__init__.py").read_text()
