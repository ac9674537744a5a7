"""What an image is named after."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from titanicarus.lab import image
from titanicarus.lab.image import Recipe, parse_packages

BASE = Recipe(("systemd", "nginx"), b"salt==1", b"{}", (("etc/a", b"1"),))


def test_package_lists_have_comments_and_blank_lines() -> None:
    assert parse_packages("# all\n\nsystemd\nnginx  # pages\n") == ("systemd", "nginx")


def test_a_package_changes_the_image_but_not_the_salt_environment() -> None:
    more = replace(BASE, packages=(*BASE.packages, "haproxy"))
    assert more.digest != BASE.digest
    assert more.packages_digest != BASE.packages_digest
    assert more.salt_digest == BASE.salt_digest


def test_requirements_change_the_image_but_not_the_packages() -> None:
    other = replace(BASE, requirements=b"salt==2")
    assert other.digest != BASE.digest
    assert other.packages_digest == BASE.packages_digest


def test_files_change_only_the_whole() -> None:
    other = replace(BASE, files=(("etc/a", b"2"),))
    assert (other.packages_digest, other.salt_digest) == (BASE.packages_digest, BASE.salt_digest)
    assert other.digest != BASE.digest


def test_moving_bytes_between_parts_is_a_change() -> None:
    assert replace(BASE, packages=("systemdn", "ginx")).digest != BASE.digest


def test_the_shipped_recipe_names_every_package_once() -> None:
    packages = image.recipe().packages
    assert len(set(packages)) == len(packages)
    assert {"systemd", "haproxy", "keepalived", "nginx", "php8.4-fpm", "valkey-server", "nftables"} <= set(packages)


def test_a_half_built_image_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "images" / f"building-{image.recipe().digest}").mkdir(parents=True)
    assert image.current(tmp_path) is None


def test_a_build_that_fails_leaves_no_image(tmp_path: Path) -> None:
    target = tmp_path / "part"
    with pytest.raises(RuntimeError), image._half_built(tmp_path, target) as half:
        assert half.is_dir()
        raise RuntimeError
    assert not target.exists()
