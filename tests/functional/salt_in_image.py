"""A host's own Salt, from the lab's image, on a disk that may be changed: nothing of this machine is touched."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from render.image_root import image_root, inside

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120


class Host:
    """`root` is its disk. States and pillar are written into it, and `salt-call --local` runs on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._conf = {
            "id": "test-host",
            "file_client": "local",
            "file_roots": {"base": ["/srv/test/states", "/srv/test/extensions"]},
            "pillar_roots": {"base": ["/srv/test/pillar"]},
            # Files change faster here than the second that the file server's list is good for.
            "fileserver_list_cache_time": 0,
            "enable_fqdns_grains": False,
            "enable_gpu_grains": False,
            "log_level": "error",
        }
        self.write("srv/test/conf/minion", json.dumps(self._conf))
        self.write("srv/test/pillar/top.sls", "base:\n  '*': [host]\n")
        self.pillar({})
        shutil.copytree(ROOT / "src/titanicarus", root / "opt/titanicarus/current/titanicarus")
        for name in ("_modules", "_states"):
            shutil.copytree(ROOT / name, root / "srv/test/extensions" / name)
        self.call("saltutil.sync_all")

    def write(self, path: str, content: str | bytes) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return place

    def pillar(self, data: Mapping[str, Any]) -> None:
        self.write("srv/test/pillar/host.sls", "#!json\n" + json.dumps(data))

    def state(self, function: str, test: bool = False, **arguments: Any) -> dict[str, Any]:
        """Run one state; gives what it returns."""
        listed = [{key: value} for key, value in arguments.items()]
        self.write("srv/test/states/under_test.sls", "#!json\n" + json.dumps({"under_test": {function: listed}}))
        (ret,) = self.call("state.sls", "under_test", f"test={test}").values()
        assert isinstance(ret, dict), ret
        return ret

    def call(self, *words: str) -> Any:
        """`salt-call` on this host; gives what the function returns. Raises AssertionError with its words."""
        done = self.run("/opt/salt/bin/salt-call", "--local", "-c", "/srv/test/conf", "--out=json", *words)
        try:
            return json.loads(done.stdout)["local"]
        except (ValueError, KeyError):
            raise AssertionError(done.stdout.decode() + done.stderr.decode()) from None

    def run(self, *argv: str) -> subprocess.CompletedProcess[bytes]:
        """A program on this disk, in namespaces of its own, without a network."""
        shell = 'mount -t proc proc /proc; ip link set lo up; exec "$@"'
        return subprocess.run(
            [*inside(self.root), "/bin/sh", "-c", shell, "sh", *argv],
            capture_output=True,
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )


@contextmanager
def fresh_host() -> Iterator[Host]:
    with image_root() as root:
        yield Host(root)
