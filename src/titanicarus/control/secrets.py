"""The fleet's birth secrets: made once, kept by the operator, never in git.

    root-ca/{ca.key,ca.crt}            the root of every certificate; stays with the operator
    islands/<island>/{ca.key,ca.crt,seed}
    salt/sign/master_sign.{pem,pub}    signs the public key of every master
    salt/master/master.{pem,pub}         the one key of every master: docs/adr/0012-one-master-key.md
    salt/minions/<host>/minion.{pem,pub}
    salt/joined.json                   public keys of hosts that joined by a ticket (titanicarus.control.joined)
    passwords/key                      reads the encrypted passwords in tenants' files (titanicarus.pki.sealed)
    operators/key                      signs operators' SSH certificates; stays with the operators
    renewals.json                      keys that were revoked or made anew, if any (titanicarus.control.renewals)

Each of these folders appears whole (made beside, then renamed), so a crash leaves nothing half-written, and what is
found incomplete was damaged by something else: that is an error and never repaired by inventing a new key.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from titanicarus import pki
from titanicarus.control import files, renewals
from titanicarus.control.errors import BrokenSecrets, ControlError
from titanicarus.control.joined import Joined, merged
from titanicarus.control.joined import read as read_joined
from titanicarus.control.joined import write as write_joined
from titanicarus.control.renewals import Renewals

if TYPE_CHECKING:
    from titanicarus.fleet import Fleet

# Salt reads its private key anew for each connection, with all checks: 45 ms of processor time for 2048 bits, 141 ms
# for 3072, 292 ms for 4096. Twenty-seven minions with four masters feel that; 2048 is what NIST accepts until 2030.
RSA_BITS = 2048
JOINED = Path("salt/joined.json")

Content = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An RSA pair as PEM texts in the forms that Salt reads."""

    private: str = field(repr=False)
    public: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """Everything secret that a fleet is born with, checked and in memory."""

    root: pki.Authority
    islands: Mapping[str, pki.Island]
    sign: KeyPair
    master: KeyPair
    minions: Mapping[str, KeyPair]
    passwords: pki.SealingKey = field(repr=False)
    operators: Ed25519PrivateKey = field(repr=False)
    renewals: Renewals
    joined: Mapping[str, Joined] = field(default_factory=dict)

    @property
    def accepted(self) -> dict[str, str]:
        """The public key (PEM) that masters accept of each host."""
        return {
            host: self.joined[host].public if host in self.joined else pair.public
            for host, pair in self.minions.items()
        }


def birth(fleet: Fleet, folder: Path, progress: Callable[[str], None] = lambda _: None) -> Secrets:
    """Make what the fleet's secrets lack and return all of them. Idempotent; two at once wait for each other.

    A new island or host in the Saguirefile gets its keys here; what exists is never changed. Secrets of hosts that
    the Saguirefile no longer names stay on disk and are left out of the result.
    Raises BrokenSecrets when the folder is incomplete, inconsistent, or open to other users.
    """
    with _locked(folder):
        if not folder.exists() or not any(folder.iterdir()):
            progress("making the fleet's root certificate and signing key")
            _make_root(fleet, folder)
        _check_private(folder)
        _sweep(folder)
        root = _open_root(folder)
        now = datetime.now(UTC)
        for island in sorted(fleet.islands):
            if not (folder / "islands" / island).exists():
                made = pki.make_island(root, fleet.name, island, now)
                _appear(folder / "islands" / island, _island_content(made))
        _make_salt_pairs(fleet, folder, progress)
        if not (folder / "passwords").exists():
            _appear(folder / "passwords", {"key": pki.SealingKey.make().private})
        if not (folder / "operators").exists():
            _appear(folder / "operators", {"key": Ed25519PrivateKey.generate().private_bytes_raw()})
    return load(fleet, folder)


def load(fleet: Fleet, folder: Path) -> Secrets:
    """Read and check all secrets of the fleet without making any. Raises BrokenSecrets."""
    if not folder.is_dir():
        raise BrokenSecrets(folder, "there is no such folder; `saguire up` makes it")
    _check_private(folder)
    root = _open_root(folder)
    return Secrets(
        root=root,
        islands={name: _open_island(folder, name, root) for name in sorted(fleet.islands)},
        sign=open_pair(folder / "salt" / "sign", "master_sign"),
        master=open_pair(folder / "salt" / "master", "master"),
        minions={host.id: open_pair(folder / "salt" / "minions" / host.id, "minion") for host in fleet.hosts},
        passwords=open_sealing_key(folder),
        operators=_open_operators_key(folder),
        renewals=renewals.read(folder),
        joined=_open_joined(folder),
    )


def renew(folder: Path, change: Callable[[Renewals], Renewals]) -> None:
    """Change what is revoked and what was made anew; two at once wait for each other. Raises BrokenSecrets."""
    with _locked(folder):
        _check_private(folder)
        renewals.write(folder, change(renewals.read(folder)))


def renew_operators_key(folder: Path) -> None:
    """A new key in place of the one that signs operators' certificates. Raises BrokenSecrets."""
    with _locked(folder):
        _check_private(folder)
        _open_operators_key(folder)
        files.write(folder / "operators" / "key", Ed25519PrivateKey.generate().private_bytes_raw(), 0o600)


def remember_joined(folder: Path, heard: Mapping[str, Mapping[str, Joined]]) -> None:
    """Keep what control hosts (by id) say of hosts that joined by tickets. Raises UsedTwice and BrokenSecrets."""
    if not any(heard.values()):
        return
    with _locked(folder):
        before = _open_joined(folder)
        after = merged(before, heard)
        if after != before:
            write_joined(folder / JOINED, after)


def reborn(folder: Path, hosts: Iterable[str], now: datetime) -> None:
    """Hosts that are about to be provisioned anew have their keys of birth again, also if they joined once."""
    with _locked(folder):
        joined = _open_joined(folder)
        if again := {
            host: Joined(open_pair(folder / "salt" / "minions" / host, "minion").public, int(now.timestamp()))
            for host in hosts
            if host in joined
        }:
            write_joined(folder / JOINED, joined | again)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _make_root(fleet: Fleet, folder: Path) -> None:
    """The folder itself appears with root and signing key in it, so their absence later means damage."""
    root = pki.make_root(fleet.name, datetime.now(UTC))
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.new-") as scratch:
        new = Path(scratch) / "secrets"
        _appear(new / "root-ca", {"ca.key": root.key_pem.encode(), "ca.crt": root.certificate_pem.encode()})
        _appear(new / "salt" / "sign", _pair_content("master_sign", new_pair()))
        _appear(new / "salt" / "master", _pair_content("master", new_pair()))
        new.chmod(0o700)
        if folder.exists():
            folder.rmdir()
        new.rename(folder)


def _make_salt_pairs(fleet: Fleet, folder: Path, progress: Callable[[str], None]) -> None:
    wanted = [(folder / "salt" / "minions" / host.id, "minion") for host in fleet.hosts]
    missing = [(path, stem) for path, stem in wanted if not path.exists()]
    if not missing:
        return
    progress(f"making {len(missing)} Salt key pairs")

    def make(job: tuple[Path, str]) -> None:
        path, stem = job
        _appear(path, _pair_content(stem, new_pair()))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for _ in pool.map(make, missing):
            pass


def new_pair() -> KeyPair:
    """A fresh key pair for Salt."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return KeyPair(private.decode(), _public_pem(key))


def _public_pem(key: rsa.RSAPrivateKey) -> str:
    # Salt compares public keys as texts and strips the last newline of its own copies.
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return public.decode()


def _pair_content(stem: str, pair: KeyPair) -> Content:
    return {f"{stem}.pem": pair.private.encode(), f"{stem}.pub": pair.public.encode()}


def _island_content(island: pki.Island) -> Content:
    return {
        "ca.key": island.authority.key_pem.encode(),
        "ca.crt": island.authority.certificate_pem.encode(),
        "seed": island.seed,
    }


def _appear(folder: Path, content: Content) -> None:
    """Make the folder with these files; it exists with all of them or not at all."""
    for parent in (folder.parent.parent, folder.parent):
        if not parent.exists():
            files.folder(parent, 0o700)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".new-{folder.name}-"))
    for name, data in content.items():
        files.write(scratch / name, data, 0o600)
    scratch.rename(folder)


def _sweep(folder: Path) -> None:
    """Remove what a crash left of `_appear`. Only called under the lock."""
    for scratch in folder.glob("**/.new-*"):
        shutil.rmtree(scratch)


def _check_private(folder: Path) -> None:
    """Nobody but the owner may read, and the owner is who runs this."""
    for path in (folder, *folder.glob("**/*")):
        about = path.lstat()
        if path.is_symlink():
            raise BrokenSecrets(path, "found a symbolic link where a real file belongs")
        if about.st_mode & 0o077:
            raise BrokenSecrets(
                path, f"it is open to other users (mode {about.st_mode & 0o7777:04o}): make it private with chmod go= "
            )
        if about.st_uid != os.geteuid():
            raise BrokenSecrets(path, f"it belongs to user {about.st_uid}, not to the one who runs this")


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise BrokenSecrets(path, "it is missing") from error
    if not data:
        raise BrokenSecrets(path, "it is empty")
    return data


def _text(path: Path) -> str:
    try:
        return _read(path).decode("ascii")
    except UnicodeDecodeError as error:
        raise BrokenSecrets(path, "it is not a PEM text") from error


def _open_root(folder: Path) -> pki.Authority:
    path = folder / "root-ca"
    try:
        return pki.open_root(_text(path / "ca.crt"), _text(path / "ca.key"))
    except pki.BrokenAuthority as error:
        raise BrokenSecrets(path, str(error)) from error


def _open_island(folder: Path, name: str, root: pki.Authority) -> pki.Island:
    path = folder / "islands" / name
    try:
        return pki.open_island(
            name, _text(path / "ca.crt"), _text(path / "ca.key"), _read(path / "seed"), root.certificate_pem
        )
    except pki.BrokenAuthority as error:
        raise BrokenSecrets(path, str(error)) from error


def open_sealing_key(folder: Path) -> pki.SealingKey:
    """The key to passwords in tenants' files. Raises BrokenSecrets."""
    path = folder / "passwords" / "key"
    private = _read(path)
    if len(private) != pki.KEY_BYTES:
        raise BrokenSecrets(path, f"it has {len(private)} bytes, and a key has {pki.KEY_BYTES}")
    return pki.SealingKey(private)


def _open_operators_key(folder: Path) -> Ed25519PrivateKey:
    path = folder / "operators" / "key"
    private = _read(path)
    if len(private) != pki.KEY_BYTES:
        raise BrokenSecrets(path, f"it has {len(private)} bytes, and a key has {pki.KEY_BYTES}")
    return Ed25519PrivateKey.from_private_bytes(private)


def _open_joined(folder: Path) -> dict[str, Joined]:
    try:
        return read_joined(folder / JOINED)
    except ControlError as error:
        raise BrokenSecrets(folder / JOINED, str(error)) from error


def open_pair(folder: Path, stem: str) -> KeyPair:
    """The pair `stem`.pem and .pub in a folder. Raises BrokenSecrets."""
    pair = KeyPair(_text(folder / f"{stem}.pem"), _text(folder / f"{stem}.pub"))
    try:
        key = serialization.load_pem_private_key(
            pair.private.encode(), password=None, unsafe_skip_rsa_key_validation=True
        )
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BrokenSecrets(folder / f"{stem}.pem", f"it is no readable private key: {error}") from error
    if not isinstance(key, rsa.RSAPrivateKey) or _public_pem(key) != pair.public:
        raise BrokenSecrets(folder, f"{stem}.pem and {stem}.pub do not belong together")
    return pair
