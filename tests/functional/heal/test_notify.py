"""Telling by a real mail server with STARTTLS, and by a real https server."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Kept

from titanicarus import pki
from titanicarus.heal.notify import Channels, attempt, trial

WORDS = trial("sample", "syd-filer1", 1_000_000.0)


class Mailbox(Kept):
    """Keeps what comes. `answer` is what is said to a recipient."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Any] = []
        self.refused: set[str] = set()

    def handle_message(self, message: Any) -> None:
        self.mails.append(message)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address in self.refused:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's, for localhost, by an authority that this process trusts."""
    now = datetime.now(UTC)
    root = pki.make_root("sample", now)
    island = pki.make_island(root, "sample", "syd", now)
    leaf = pki.issue(island, pki.Request("host", "localhost", ("localhost",)), pki.window_at(now, 30))
    (tmp_path / "root.pem").write_text(root.certificate_pem)
    (tmp_path / "leaf.pem").write_text(leaf.bundle)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "leaf.pem")
    return context


@pytest.fixture
def mail(certificate: ssl.SSLContext) -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    server = Controller(box, hostname="localhost", port=_free(), tls_context=certificate, require_starttls=True)
    server.start()
    yield box, server.port
    server.stop()


@pytest.fixture
def hook(certificate: ssl.SSLContext) -> Iterator[tuple[list[Any], dict[str, Any], str]]:
    posted: list[Any] = []
    manner: dict[str, Any] = {"status": 200}

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if manner["status"] == 0:
                self.connection.close()
                return
            self.send_response(manner["status"])
            self.send_header("Location", "https://localhost/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("localhost", 0), Hook)
    server.socket = certificate.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield posted, manner, f"https://localhost:{server.server_port}/hooks/secret"
    server.shutdown()


def by_mail(port: int, *people: str) -> Channels:
    return Channels(people, ("localhost", port), "titanicarus@sample.example", "")


def test_mail_comes_by_tls(mail: tuple[Mailbox, int]) -> None:
    box, port = mail
    assert attempt(by_mail(port, "ops@sample.example", "boss@sample.example"), WORDS) == {"e-mail": ""}
    (came,) = box.mails
    assert came["Subject"] == "[sample] a trial"
    assert came["To"] == "ops@sample.example, boss@sample.example"
    assert came["Message-ID"] == "<trial-syd-filer1-1000000@sample.example>"
    assert "Nothing is wrong." in came.get_payload()


def test_a_server_without_a_certificate_that_counts_is_told_nothing(
    mail: tuple[Mailbox, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    box, port = mail
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
    assert "CERTIFICATE_VERIFY_FAILED" in attempt(by_mail(port, "ops@sample.example"), WORDS)["e-mail"]
    assert box.mails == []


def test_a_server_without_tls_is_told_nothing() -> None:
    box = Mailbox()
    server = Controller(box, hostname="localhost", port=_free())
    server.start()
    try:
        assert "SMTPNotSupportedError" in attempt(by_mail(server.port, "ops@sample.example"), WORDS)["e-mail"]
    finally:
        server.stop()
    assert box.mails == []


def test_whom_the_server_refuses_is_named_and_the_others_have_it(mail: tuple[Mailbox, int]) -> None:
    box, port = mail
    box.refused = {"gone@sample.example"}
    said = attempt(by_mail(port, "ops@sample.example", "gone@sample.example"), WORDS)["e-mail"]
    assert said == "refused for gone@sample.example, taken for the others"
    assert len(box.mails) == 1
    assert "SMTPRecipientsRefused" in attempt(by_mail(port, "gone@sample.example"), WORDS)["e-mail"]


def test_nobody_there() -> None:
    said = attempt(
        Channels(("ops@sample.example",), ("localhost", _free()), "", f"https://localhost:{_free()}/"), WORDS
    )
    assert "ConnectionRefusedError" in said["e-mail"]
    assert "Connection refused" in said["webhook"]


def test_a_webhook_gets_words_and_facts(hook: tuple[list[Any], dict[str, Any], str]) -> None:
    posted, _, url = hook
    assert attempt(Channels((), None, "", url), WORDS) == {"webhook": ""}
    (came,) = posted
    assert came["text"].startswith("[sample] a trial\n")
    assert (came["fleet"], came["result"], came["master"]) == ("sample", "trial", "syd-filer1")


@pytest.mark.parametrize(
    ("status", "said"),
    [(500, "HTTP Error 500"), (302, "HTTP Error 302"), (504, "had no answer"), (0, "there was no answer")],
)
def test_what_a_webhook_says_is_told_without_its_address(
    hook: tuple[list[Any], dict[str, Any], str], status: int, said: str
) -> None:
    posted, manner, url = hook
    manner["status"] = status
    told = attempt(Channels((), None, "", url), WORDS)["webhook"]
    assert said in told
    assert "secret" not in told
    assert len(posted) == 1


def _free() -> int:
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return int(found.getsockname()[1])
