"""Asks Salt itself whether a release renders: the last check of a push that changed states or modules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from titanicarus.control import layout

# Salt lives in the interpreter that runs this: /opt/salt on hosts.
SALT_CALL = Path(sys.executable).with_name("salt-call")
SECONDS = 120


def problems_of(release: layout.Release, hosts: Sequence[str], salt_call: Path = SALT_CALL) -> list[str]:
    """Render the highstate of each host with `salt-call --local` from the release's own roots and pillars.

    Requisites are looked at, too. Changes nothing on this host. Each reason begins with the host for which the tree
    does not render.
    """
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        found = list(pool.map(lambda host: _problems_for(release, host, salt_call), hosts))
    return [problem for problems in found for problem in problems]


def _problems_for(release: layout.Release, host: str, salt_call: Path) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="titanicarus-render-") as scratch:
        (Path(scratch) / "minion").write_text(yaml.safe_dump(_configuration(release, host, scratch)))
        command = [str(salt_call), "--local", "-c", scratch, "--out=json", "--retcode-passthrough"]
        command += ["--log-level=critical", "state.show_lowstate"]
        # Bytecode beside the modules would be served to minions as modules.
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL, env=environment
            )
        except subprocess.TimeoutExpired:
            return [f"{host}: its states did not render within {SECONDS} s"]
    return _judge(host, done)


def _configuration(release: layout.Release, host: str, scratch: str) -> dict[str, object]:
    return {
        "id": host,
        "root_dir": scratch,
        "file_client": "local",
        "file_roots": {"base": [str(release.states), str(release.extensions), str(release.library)]},
        "pillar_roots": {"base": []},
        "ext_pillar": [{"titanicarus": {"folder": str(release.pillar)}}],
        "module_dirs": [str(release.extensions), str(release.master)],
        "autoload_dynamic_modules": False,
        "enable_fqdns_grains": False,
        "enable_gpu_grains": False,
        "log_file": "/dev/null",
    }


def _judge(host: str, done: subprocess.CompletedProcess[bytes]) -> list[str]:
    """States come as dictionaries in the order in which they would run, or in their place errors as sentences."""
    try:
        rendered = json.loads(done.stdout)["local"]
    except (ValueError, KeyError, TypeError):
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["salt-call printed nothing"]
        return [f"{host}: {lines[-1]}"]
    if not isinstance(rendered, list) or not rendered:
        return [f"{host}: the tree gives this host no states at all: {rendered}"]
    return [f"{host}: {reason}" for reason in rendered if not isinstance(reason, dict)]
