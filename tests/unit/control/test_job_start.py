"""Jobs that find ready what Salt would find out anew for each: the same answers, and fresh ones after a change."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import salt.crypt
import salt.loader.lazy
import salt.utils.entrypoints
import salt.utils.optsdict
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from titanicarus.control import job_start

LONG_AGO = time.time() - 3600


@pytest.fixture
def remembering(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Installed, and taken back; what was really listed, in order."""
    plain = salt.loader.lazy.LazyLoader._refresh_file_mapping
    listed: list[str] = []

    def counted(loader: salt.loader.lazy.LazyLoader) -> None:
        listed.append(loader.module_dirs[0])
        plain(loader)

    monkeypatch.setattr(salt.loader.lazy.LazyLoader, "_refresh_file_mapping", counted)
    monkeypatch.setattr(salt.utils.entrypoints, "iter_entry_points", salt.utils.entrypoints.iter_entry_points)
    monkeypatch.setattr(salt.crypt.PrivateKey, "from_str", salt.crypt.PrivateKey.from_str)
    proxy = salt.utils.optsdict.DictProxy
    monkeypatch.setattr(proxy, "__getitem__", proxy.__getitem__)
    job_start.install()
    yield listed


def modules_in(folder: Path, *names: str) -> Path:
    """A folder of modules, of which nobody knows when they came."""
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / f"{name}.py").write_text(f"def answer():\n    return {name!r}\n")
    os.utime(folder, (LONG_AGO, LONG_AGO))
    return folder


def loader(folder: Path, **opts: object) -> salt.loader.lazy.LazyLoader:
    return salt.loader.lazy.LazyLoader([str(folder)], {"optimization_order": [0, 1, 2], **opts}, tag="module")


def test_loaders_of_the_same_folders_list_them_once(remembering: list[str], tmp_path: Path) -> None:
    folder = modules_in(tmp_path / "modules", "one", "two")
    first, second = loader(folder), loader(folder)
    assert remembering == [str(folder)]
    assert second["two.answer"]() == "two"
    assert second.file_mapping == first.file_mapping
    assert second.file_mapping is not first.file_mapping
    assert second.suffix_map == first.suffix_map


def test_a_module_that_comes_is_seen(remembering: list[str], tmp_path: Path) -> None:
    folder = modules_in(tmp_path / "modules", "one")
    assert "two.answer" not in loader(folder)
    (folder / "two.py").write_text("def answer():\n    return 2\n")
    assert loader(folder)["two.answer"]() == 2


def test_a_folder_that_has_just_changed_is_listed_each_time(remembering: list[str], tmp_path: Path) -> None:
    folder = modules_in(tmp_path / "modules", "one")
    (folder / "two.py").touch()
    loader(folder)
    told = len(remembering)
    loader(folder)
    assert len(remembering) > told


def test_a_loader_that_may_not_have_a_module_does_not_get_it(remembering: list[str], tmp_path: Path) -> None:
    folder = modules_in(tmp_path / "modules", "one", "two")
    assert "two.answer" in loader(folder)
    assert "two.answer" not in loader(folder, disable_modules=["two"])


def test_packages_are_asked_once(remembering: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    first = salt.utils.entrypoints.iter_entry_points("salt.loader")
    monkeypatch.setattr(time, "monotonic", lambda: 1e9)
    assert salt.utils.entrypoints.iter_entry_points("salt.loader") is first


def test_a_key_is_read_once_and_a_new_one_anew(remembering: list[str]) -> None:
    texts = [
        rsa.generate_private_key(65537, 2048)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        .decode()
        for _ in range(2)
    ]
    mine, again, other = (salt.crypt.PrivateKey.from_str(text, None) for text in (texts[0], texts[0], texts[1]))
    assert mine is again
    assert other is not mine
    assert mine.sign(b"token") == again.sign(b"token") != other.sign(b"token")


@pytest.mark.usefixtures("remembering")
def test_loaders_read_one_pillar_and_what_they_write_stays_their_own() -> None:
    opts = salt.utils.optsdict.OptsDict.from_dict({"pillar": {"web": {"sites": [1]}}, "grains": {"os": {"name": "x"}}})
    one, other = (salt.utils.optsdict.OptsDict.from_parent(opts) for _ in range(2))
    assert one["pillar"]["web"] is other["pillar"]["web"]
    one["pillar"]["new"] = 1
    assert "new" not in other["pillar"] and "new" not in opts["pillar"]
    assert one["pillar"]["web"]["sites"] == [1]
    assert one["grains"]["os"] is not other["grains"]["os"], "everything else Salt copies as before"
