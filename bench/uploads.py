"""What mirrored files cost: small files a second, and pages of sites, against the disk of the same web server.

`uploads.py [LAB] [--times N]`

On one web server of a running lab. Small files: 4 KiB, each written and closed before the next. Pages: a page of HTML,
and a PHP program that includes twenty files and appends to one, from the folder of a site with `uploads: true`, and
from one on the host's own disk that the same daemons serve at the same time. Everything is taken away afterwards.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

from titanicarus.cli.session import resume  # noqa: E402
from titanicarus.fleet import Role  # noqa: E402
from titanicarus.fleet.uploads import uploads  # noqa: E402

WRITE = """
import json, os, sys, time
def rate(folder, count):
    os.makedirs(folder, exist_ok=True)
    data, began = os.urandom(4096), time.monotonic()
    for number in range(count):
        with open(f"{folder}/{number}", "wb") as file:
            file.write(data)
    taken = time.monotonic() - began
    for number in range(count):
        os.unlink(f"{folder}/{number}")
    os.rmdir(folder)
    return count / taken
count, *folders = sys.argv[1:]
print(json.dumps([rate(folder, int(count)) for folder in folders]))
"""
ASK = """
import json, socket, sys, time
def ask(name, path):
    with socket.create_connection((sys.argv[1], 8080), timeout=10) as stream:
        stream.sendall(f"GET {path} HTTP/1.1\\r\\nHost: {name}\\r\\nConnection: close\\r\\n\\r\\n".encode())
        answer = b"".join(iter(lambda: stream.recv(65536), b""))
    assert b" 200 " in answer[:40], answer[:300]
def milliseconds(name, path, count):
    ask(name, path)
    began = time.monotonic()
    for _ in range(count):
        ask(name, path)
    return 1000 * (time.monotonic() - began) / count
count, *targets = sys.argv[2:]
print(json.dumps([milliseconds(*target.split(" "), int(count)) for target in targets]))
"""
PARTS = 20
PROGRAM = """<?php
$parts = 0;
for ($number = 0; $number < 20; $number++) { $parts += include __DIR__ . "/bench-$number.php"; }
file_put_contents(__DIR__ . '/bench-log.txt', "seen\\n", FILE_APPEND | LOCK_EX);
echo "$parts parts";
"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("lab", nargs="?")
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    session = resume(options.lab)
    lab, declaration = session.lab, session.declaration
    tenant, uploaded = next(pair for pair in declaration.sites if pair[1].uploads and pair[1].php)
    pushed = next(site for _, site in declaration.sites if site.php and not site.uploads and not site.app)
    host = declaration.fleet.with_role(Role.WEB, tenant.home)[0]
    asks = declaration.fleet.with_role(Role.LB, tenant.home)[0]
    told = uploads(declaration, tenant, uploaded, tenant.home)
    assert told is not None
    top = Path(f"/srv/www/{pushed.name}") / pushed.root
    places = {"mirrored": (uploaded, Path(told["folder"]) / uploaded.root), "own disk": (pushed, top)}

    def inside(at: str, *argv: str, text: str = "") -> str:
        done = subprocess.run(lab.command(at, list(argv)), input=text, capture_output=True, text=True, check=True)
        return done.stdout

    for site, folder in places.values():
        for number in range(PARTS):
            inside(host.id, "tee", f"{folder}/bench-{number}.php", text="<?php return 1;")
        inside(host.id, "tee", f"{folder}/bench.php", text=PROGRAM)
        inside(host.id, "tee", f"{folder}/bench.html", text="<p>words</p>\n" * 300)
        inside(host.id, "sh", "-c", f"touch {folder}/bench-log.txt; chown {site.unix_user}:www-data {folder}/bench*")
    try:
        rows: dict[str, list[float]] = {}
        for _ in range(options.times):
            folders = [f"{folder}/bench-files" for _, folder in places.values()]
            first, second = json.loads(inside(host.id, "python3", "-c", WRITE, "500", *folders))
            rows.setdefault("small files/s", []).append(first / second)
            show("small files", first, second, "files/s")
            for page in ("bench.html", "bench.php"):
                targets = [f"{site.name} /{page}" for site, _ in places.values()]
                first, second = json.loads(inside(asks.id, "python3", "-c", ASK, str(host.lan), "200", *targets))
                rows.setdefault(page, []).append(first / second)
                show(page, first, second, "ms")
    finally:
        for _, folder in places.values():
            inside(host.id, "sh", "-c", f"rm -rf {folder}/bench*")
    for name, ratios in rows.items():
        print(f"{name}: mirrored / own disk {statistics.median(ratios):.2f}")


def show(name: str, mirrored: float, own: float, unit: str) -> None:
    print(f"{name}: mirrored {mirrored:.1f} {unit}, own disk {own:.1f} {unit}")


if __name__ == "__main__":
    main()
