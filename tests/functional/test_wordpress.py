"""A WordPress site as the states would make it, with the nginx, PHP-FPM and mariadbd of the image, TLS included."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lab.wordpress_visitor import Event
from render.image_root import image_root, inside, prepare
from render.rendering import ROOT, component, lowstate_of, pillars

from titanicarus import pki
from titanicarus.mariadb.connection import Connection
from titanicarus.mariadb.tenants.model import Wish, wanted_from
from titanicarus.mariadb.tenants.run import full_run
from titanicarus.sites.disk import Places
from titanicarus.sites.model import sites_from
from titanicarus.volumes.facts import facts_from
from titanicarus.volumes.folders import make

FLEET, HOST, SITE, USER = "examples/small.saguirefile", "syd-a3", "blog.harbour.example", "www-blog-harbour-example"
PLACE = {"site": SITE, "address": "127.0.0.1", "port": 8080, "tls": False}
VISITOR = ROOT / "tests/lab/wordpress_visitor.py"
SOCKET = "run/titanicarus-mariadb-syd/mariadbd.sock"
SECONDS = 60
READER = 33  # www-data
START = """
mount -t proc proc /proc; ip link set lo up
php-fpm8.4 --nodaemonize --php-ini /etc/titanicarus/php/php.ini --fpm-config /etc/titanicarus/php/php-fpm.conf &
nginx -g 'daemon off;' -c /etc/titanicarus/nginx/nginx.conf &
mkdir -p /run/titanicarus-uploads
nginx -c /etc/titanicarus/nginx/uploads.conf &
wait
"""


class Web:
    """A web server and its database on one disk, in a network of their own."""

    def __init__(self, root: Path, pillar: dict[str, Any]) -> None:
        self.root = root
        self.pillar = pillar
        self.database = pillar["web"]["databases"][SITE]
        self._server: subprocess.Popen[bytes] | None = None
        log = (root / "var/log/all.log").open("wb")
        with log:
            self._main = subprocess.Popen([*inside(root), "/bin/sh", "-c", START], stdout=log, stderr=log)
        self._first = self._child()

    def _child(self) -> int:
        children = Path(f"/proc/{self._main.pid}/task/{self._main.pid}/children")
        return int(_until(lambda: children.read_text().split(), "the daemons' first process")[0])

    def command(self, *argv: str) -> list[str]:
        return ["nsenter", "-t", str(self._first), "-m", "-n", "-p", "chroot", str(self.root), *argv]

    def run(self, *argv: str, text: str = "") -> str:
        done = subprocess.run(
            self.command(*argv), input=text, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        return (done.stdout + done.stderr).strip()

    def start_database(self) -> None:
        data, tls = "/srv/mariadb/syd", "/etc/titanicarus/pki"
        argv = [f"--datadir={data}", f"--socket=/{SOCKET}", "--user=mysql", "--skip-name-resolve"]
        argv += ["--bind-address=127.0.0.1", f"--port={self.database['port']}"]
        argv += [f"--ssl-cert={tls}/host.crt", f"--ssl-key={tls}/database.key"]
        log = (self.root / "var/log/mariadbd.log").open("ab")
        with log:
            self._server = subprocess.Popen(self.command("mariadbd", "--no-defaults", *argv), stdout=log, stderr=log)
        _until(self._answers, "mariadbd", self.root / "var/log/mariadbd.log")

    def _answers(self) -> bool:
        try:
            with Connection("syd", self.root / SOCKET, 2):
                return True
        except Exception:  # noqa: BLE001 -- not yet
            return False

    def kill_database(self) -> None:
        self.run("pkill", "-KILL", "-x", "mariadbd")
        assert self._server is not None
        self._server.wait()

    def make_tenants(self) -> None:
        with Connection("syd", self.root / SOCKET, 30) as connection:
            connection.do("CREATE DATABASE IF NOT EXISTS titanicarus")
            connection.do(
                "CREATE TABLE IF NOT EXISTS titanicarus.epochs (epoch BIGINT PRIMARY KEY, owner VARCHAR(64) NOT NULL)"
            )
            wanted = wanted_from(self.pillar["db"]["tenants"], "syd")
            full_run(connection, wanted, Wish(wanted.digest, datetime.now(UTC)), lambda _: None)

    def install(self) -> str:
        site = json.loads((self.root / "etc/wordpress/titanicarus/sites.json").read_text())[0]
        answers = {"title": SITE, "user": site["admin"], "email": site["email"], "password": site["password"]}
        become = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "env", "-i"]
        script = ["/usr/bin/php8.4", "-d", "display_errors=stderr", "/etc/wordpress/titanicarus/install.php", USER]
        return self.run(*become, *script, text=json.dumps(answers))

    def visit(self, name: str, most: int) -> list[Event]:
        said = self._visitor(name=name, most=most, pause=0, pictures=True)
        return [Event(**json.loads(line)) for line in said.splitlines()]

    def lost(self, events: list[Event]) -> Any:
        return json.loads(self._visitor(events=[event.__dict__ for event in events]))

    def _visitor(self, **orders: Any) -> str:
        secrets = self.pillar["web"]["wordpress"][SITE]
        login = {"user": secrets["admin"], "password": secrets["password"]}
        text = json.dumps({"place": PLACE, "login": login, **orders})
        return self.run("python3", "-I", "-c", VISITOR.read_text(), text)

    def get(self, path: str, *options: str, host: str = SITE) -> tuple[int, str]:
        argv = ["curl", "-s", "-D", "-", "--max-time", "20", "-H", f"Host: {host}", "-H", "X-Forwarded-Proto: https"]
        said = self.run(*argv, *options, f"http://127.0.0.1:8080{path}")
        return int(said.split()[1]) if said.startswith("HTTP/") else 0, said

    def stop(self) -> None:
        os.kill(self._first, signal.SIGKILL)  # the first process of their namespace: all others go with it
        self._main.wait()


def _until(found: Any, what: str, log: Path | None = None) -> Any:
    deadline = time.monotonic() + SECONDS
    while not (value := found()):
        assert time.monotonic() < deadline, f"{what}: {log.read_text()[-2000:] if log else ''}"
        time.sleep(0.1)
    return value


def _configure(root: Path, pillar: dict[str, Any], folder: Path) -> None:
    """What the states would write: configuration, users, folders, certificates, names."""
    prepare(root)
    for state in lowstate_of(folder, HOST, pillar):
        if state["state"] == "config_set" and Path(str(state["name"])).name in {"nginx", "php", "wordpress"}:
            made = component(HOST, pillar, state)
            shutil.rmtree(root / made.state.lstrip("/"), ignore_errors=True)
            for path, data in made.files.items():
                target = root / made.state.lstrip("/") / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
                target.chmod(made.modes[path])
    for name in ("db.php", "db-error.php"):
        (root / "var/lib/wordpress/wp-content" / name).symlink_to(f"/etc/wordpress/titanicarus/{name}")
    pki = root / "etc/titanicarus/pki"
    pki.mkdir(parents=True, exist_ok=True)
    trust = pillar["trust"]
    texts = {"root.crt": trust["root"], "host.crt": trust["certificate"] + trust["chain"], "database.key": trust["key"]}
    for name, text in texts.items():
        (pki / name).write_text(text)
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost {pillar['web']['databases'][SITE]['host']}\n")
    for site in sites_from(pillar["web"]["sites"]):
        for place in (Places().sites / site.name, Places().scratch / site.user):
            (root / str(place).lstrip("/")).mkdir(parents=True, exist_ok=True)
            _inside(root, "chown", f"{site.user}:www-data", str(place))
    volume = root / "srv/files" / pillar["files"]["mounts"][0]["name"]
    volume.mkdir(parents=True)
    for told in facts_from(pillar["files"]).folders:
        make(volume, told, READER)
    _inside(root, "chgrp", USER, f"/etc/wordpress/config-{USER}.php")
    _inside(root, "mkdir", "-p", "/srv/mariadb/syd", f"/{Path(SOCKET).parent}", "/run/php")
    _inside(root, "mariadb-install-db", "--datadir=/srv/mariadb/syd", "--user=mysql", "--skip-test-db")
    _inside(root, "chown", "mysql:", f"/{Path(SOCKET).parent}")


def _inside(root: Path, *argv: str) -> None:
    subprocess.run(["chroot", str(root), *argv], check=True, capture_output=True, timeout=SECONDS)


@contextmanager
def web_server(folder: Path) -> Iterator[Web]:
    pillar = pillars(FLEET)[HOST]
    with image_root() as root:
        _configure(root, pillar, folder)
        web = Web(root, pillar)
        try:
            yield web
        finally:
            web.stop()


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with web_server(tmp_path_factory.mktemp("minion")) as web:
        yield web


def test_a_site_lives_through_its_database(web: Web) -> None:
    """One story, because each step needs the one before it."""
    _until(lambda: web.get("/")[0] == 503, "a page that says that there is no database", web.root / "var/log/all.log")
    assert "does not answer" in web.install()

    web.start_database()
    web.make_tenants()
    assert web.get("/wp-admin/install.php")[0] == 503
    assert web.install() == "installed now"
    assert web.install() == "installed before"

    status, page = web.get("/")
    assert (status, SITE in page) == (200, True), page
    events = web.visit("before", 11)
    assert [event.kind for event in events[:6]] == ["login", "post", "read", "comment", "picture", "look"]
    assert all(event.ok for event in events), events
    assert web.lost(events) == []

    web.kill_database()
    status, page = web.get("/")
    assert status == 503, page
    assert "Retry-After" in page
    assert web.get("/wp-admin/")[0] in (302, 503)
    web.start_database()
    assert web.get("/")[0] == 200  # the next request, and nobody restarted anything
    later = web.visit("after", 8)
    assert all(event.ok for event in later), later
    assert web.lost(events + later) == []


def test_a_database_that_cannot_prove_who_it_is_is_not_told_anything(web: Web) -> None:
    root = web.root / "etc/titanicarus/pki/root.crt"
    right = root.read_text()
    root.write_text(pki.make_root("another", datetime.now(UTC)).certificate_pem)
    try:
        assert web.get("/")[0] == 503
        assert "Cannot connect to MySQL using SSL" in (web.root / "var/log/nginx/error.log").read_text()
    finally:
        root.write_text(right)
    assert web.get("/")[0] == 200


def test_another_sites_php_cannot_read_the_configuration(web: Web) -> None:
    become = ["setpriv", "--reuid=www-quokka-example", "--regid=www-quokka-example", "--clear-groups"]
    for path in (f"/etc/wordpress/config-{USER}.php", "/etc/wordpress/titanicarus/sites.json"):
        assert "Permission denied" in web.run(*become, "cat", path)


@pytest.mark.parametrize("path", ["/wp-config.php", "/xmlrpc.php", "/wp-cron.php", "/wp-content/db.php", "/.htaccess"])
def test_what_nobody_should_ask_for_is_not_there(web: Web, path: str) -> None:
    assert web.get(path)[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/wp-includes/js/underscore.min.js",
        "/wp-admin/css/common.min.css",
        "/wp-content/themes/twentytwentyfive/style.css",
    ],
)
def test_what_pages_are_made_of_is_served(web: Web, path: str) -> None:
    assert web.get(path)[0] == 200


def test_a_script_among_what_was_uploaded_is_neither_run_nor_shown(web: Web) -> None:
    folder = web.root / "srv/files/syd/tenants/harbour/sites" / SITE / "files"
    (folder / "evil.php").write_text("<?php echo 'run';")
    (folder / "fine.txt").write_text("fine")
    assert web.get("/wp-content/uploads/fine.txt")[0] == 200
    for path in ("evil.php", "evil.php/x", ".hidden"):
        assert web.get(f"/wp-content/uploads/{path}")[0] == 404


def test_a_site_whose_files_are_uploaded_is_served_with_its_php(web: Web) -> None:
    name = "photos.harbour.example"
    folder = web.root / "srv/files/syd/tenants/harbour/sites" / name / "files"
    assert "no contents yet" in web.get("/", host=name)[1]
    (folder / "index.php").write_text("<?php file_put_contents(__DIR__ . '/made.txt', 'made'); echo $_SERVER['HTTPS'];")
    (folder / "index.html").unlink()
    status, page = web.get("/any/path?x=1", host=name)
    assert (status, page.splitlines()[-1]) == (200, "on")
    assert (folder / "made.txt").stat().st_uid == folder.stat().st_uid
    assert web.get("/made.txt", host=name)[0] == 200
    link = folder / "link.txt"
    link.symlink_to("made.txt")
    os.chown(link, folder.stat().st_uid, -1, follow_symlinks=False)
    assert not web.get("/link.txt", host=name)[1].endswith("made")
    (folder / "Old.PHP").write_text("<?php secret();")
    assert web.get("/Old.PHP", host=name)[0] == 404
