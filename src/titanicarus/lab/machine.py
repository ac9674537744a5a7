"""What the lab needs of the machine it runs on: programs, and the way the machine reaches package archives.

No mirror and no index is named here: the lab uses what the machine itself is set up to use.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from titanicarus.lab.errors import LabError, ProgramFailed

SUITE = "trixie"

# program -> Debian package that brings it
NEEDED_PROGRAMS: Mapping[str, str] = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "nsenter": "util-linux",
    "nft": "nftables",
    "mount": "mount",
    "mkfs.ext4": "e2fsprogs",
    "git": "git",
    "openssl": "openssl",
    "ssh": "openssh-client",
}
_CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
NEEDED_FILES: Mapping[Path, str] = {_CA_BUNDLE: "ca-certificates", _DEBIAN_KEYRING: "debian-archive-keyring"}

# Environment by which programs are told of a proxy or of certificates.
_CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
_APT_SETTINGS = ("Acquire::http::Proxy", "Acquire::https::Proxy", "Acquire::https::CaInfo")


def missing_packages(programs: Callable[[str], str | None] = shutil.which) -> tuple[str, ...]:
    """Debian packages that the lab needs and the machine lacks, sorted."""
    lacking = {package for program, package in NEEDED_PROGRAMS.items() if programs(program) is None}
    lacking |= {package for path, package in NEEDED_FILES.items() if not path.exists()}
    return tuple(sorted(lacking))


def ensure_packages(progress: Callable[[str], None]) -> tuple[str, ...]:
    """Install what the machine lacks with apt; gives back what was installed. Raises ProgramFailed or LabError."""
    lacking = missing_packages()
    if not lacking:
        return ()
    if shutil.which("apt-get") is None:
        raise LabError(f"this machine lacks {', '.join(lacking)} and has no apt-get: use Debian 12 or 13")
    progress(f"this machine: installing {', '.join(lacking)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", *lacking]
    first = subprocess.run(install, capture_output=True, text=True, check=False, env=environment)
    if first.returncode != 0:
        # A fresh machine has no package lists yet, or old ones.
        update = ["apt-get", "update", "-o", "DPkg::Lock::Timeout=300"]
        subprocess.run(update, capture_output=True, text=True, check=False, env=environment)
        again = subprocess.run(install, capture_output=True, text=True, check=False, env=environment)
        if again.returncode != 0:
            raise ProgramFailed(f"installing {', '.join(lacking)}", install, again.returncode, again.stderr)
    still = missing_packages()
    if still:
        raise LabError(f"apt-get installed {', '.join(lacking)}, yet {', '.join(still)} is still missing")
    return lacking


def package_sources(index_targets: str) -> tuple[str, ...]:
    """Source lines for Debian 13 on the mirrors that this machine uses for its own Debian.

    `index_targets` has one line `URI LABEL` for each archive the machine knows. The tuple is empty when none of
    them is Debian's: mmdebstrap then takes its default.
    """
    found: dict[str, str] = {}
    for line in index_targets.splitlines():
        uri, _, label = line.strip().partition(" ")
        found.setdefault(label, uri)
    main, security = found.get("Debian"), found.get("Debian-Security")
    if main is None:
        return ()
    lines = [f"deb {main} {SUITE} main", f"deb {main} {SUITE}-updates main"]
    if security:
        lines.append(f"deb {security} {SUITE}-security main")
    return tuple(lines)


def machine_sources() -> tuple[str, ...]:
    """`package_sources` of this machine."""
    argv = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(LABEL)", "Created-By: Packages"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return package_sources(done.stdout) if done.returncode == 0 else ()


def apt_options() -> tuple[str, ...]:
    """The machine's proxy and certificate settings for apt, as lines of an apt configuration."""
    lines = []
    for setting in _APT_SETTINGS:
        done = subprocess.run(["apt-config", "dump", setting], capture_output=True, text=True, check=False)
        lines += [line for line in done.stdout.splitlines() if line.startswith(f"{setting} ") and '""' not in line]
    return tuple(lines)


@dataclass(frozen=True)
class PipSettings:
    """How pip is to reach its index inside an image root: variables to set, and paths of this machine to show there."""

    environment: Mapping[str, str]
    paths: tuple[Path, ...]


def pip_settings(
    environ: Mapping[str, str], configurations: Sequence[str], exists: Callable[[Path], bool]
) -> PipSettings:
    """Carry the machine's pip settings over. `configurations` are texts of pip.conf files, the least important first.

    Settings that name a file or folder which this machine does not have are left out, the others are listed in
    `paths`. Constraints are left out too: what is installed is locked by hashes already.
    """
    chosen: dict[str, str] = {}
    for text in configurations:
        chosen.update(_settings_of(text))
    wanted = (*_CERTIFICATE_VARIABLES, *_PROXY_VARIABLES, *(name.upper() for name in _PROXY_VARIABLES))
    chosen.update({name: value for name, value in environ.items() if name.startswith("PIP_") or name in wanted})
    chosen.pop("PIP_CONSTRAINT", None)
    if exists(_CA_BUNDLE):
        # pip brings certificates of its own; a machine behind an inspecting proxy needs its own ones used.
        chosen.setdefault("PIP_CERT", str(_CA_BUNDLE))
        chosen.setdefault("SSL_CERT_FILE", str(_CA_BUNDLE))
    environment: dict[str, str] = {}
    paths: set[Path] = set()
    for name, value in chosen.items():
        kept = [word for word in value.split() if _local_path(word) is None or exists(_local_path(word) or Path())]
        paths.update(_to_show(name, path) for path in map(_local_path, kept) if path is not None)
        if kept:
            environment[name] = " ".join(kept)
    return PipSettings(environment, tuple(sorted(paths)))


def machine_pip_settings() -> PipSettings:
    """`pip_settings` of this machine: its environment and the files that pip reads here."""
    home = Path(os.environ.get("HOME", "/root"))
    system = [Path(folder) / "pip/pip.conf" for folder in os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")]
    files = [
        *system,
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        Path(os.environ.get("XDG_CONFIG_HOME", home / ".config")) / "pip/pip.conf",
        Path(sys.prefix) / "pip.conf",
    ]
    if "PIP_CONFIG_FILE" in os.environ:
        files.append(Path(os.environ["PIP_CONFIG_FILE"]))
    return pip_settings(os.environ, [path.read_text() for path in files if path.is_file()], Path.exists)


def machine_npm_settings() -> PipSettings:
    """The same for npm: proxy, certificates and registry of this machine, from its environment and npmrc files."""
    prefixes = ("npm_config_", "NPM_CONFIG_")
    names = (*_PROXY_VARIABLES, *(name.upper() for name in _PROXY_VARIABLES), "NODE_EXTRA_CA_CERTS")
    environment = {name: value for name, value in os.environ.items() if name in names or name.startswith(prefixes)}
    for path in (Path("/etc/npmrc"), Path(os.environ.get("HOME", "/root")) / ".npmrc"):
        for line in path.read_text().splitlines() if path.is_file() else ():
            key, found, value = line.partition("=")
            if found and key.strip() == "registry":
                environment.setdefault("npm_config_registry", value.strip())
    if _CA_BUNDLE.exists():
        environment.setdefault("NODE_EXTRA_CA_CERTS", str(_CA_BUNDLE))
    paths = {path for path in map(_local_path, environment.values()) if path is not None and path.exists()}
    return PipSettings(environment, tuple(sorted(paths)))


def _settings_of(text: str) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    return {
        "PIP_" + re.sub(r"[^A-Z0-9]", "_", option.upper()): " ".join(value.split())
        for section in ("global", "install")
        if parser.has_section(section)
        for option, value in parser.items(section)
    }


def _to_show(name: str, path: Path) -> Path:
    # The pages of a package index link to files beside it (PEP 503 leaves the place open; `../files` is usual).
    beside = name.endswith("INDEX_URL") and len(path.parts) > 2
    return path.parent if beside else path


def _local_path(word: str) -> Path | None:
    if word.startswith("file://"):
        return Path(word.removeprefix("file://"))
    return Path(word) if word.startswith("/") else None
