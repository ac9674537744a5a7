"""A person who writes a WordPress blog: signs in, publishes posts, comments on them, reads them back, adds pictures.

A program for the client of the lab (standard library only) and a module for tests. It speaks JSON lines: one for each
thing that it did. Afterwards `check` looks for each post, comment and picture that was acknowledged.
"""

from __future__ import annotations

import http.client
import json
import re
import select
import socket
import ssl
import struct
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

ATTEMPT_SECONDS = 15.0
HOPS = 5


@dataclass(frozen=True)
class Place:
    """Where the blog is: its name, and the address and port that play the world's way to it."""

    site: str
    address: str
    port: int = 443
    tls: bool = True


@dataclass(frozen=True)
class Login:
    """Who signs in."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """Status 0: there was none, and `body` says why. `checksum` is of the body as it came."""

    status: int
    body: str
    location: str = ""
    checksum: int = 0


@dataclass(frozen=True)
class Event:
    """What the person did: `kind` is login, post, read, comment, picture or look. `at` is wall time, `seconds` how long
    it took.

    `words` of a picture is its path, of what failed what was answered.
    """

    kind: str
    ok: bool
    status: int
    at: float
    seconds: float
    key: str = ""
    number: int = 0
    words: str = ""


class Visitor:
    """One person with one browser: it keeps its cookies, and asks again for itself when something went wrong."""

    def __init__(self, place: Place, login: Login) -> None:
        self.place = place
        self.login_as = login
        self.cookies: dict[str, str] = {}
        self.nonce = ""

    # What a browser does

    def ask(
        self,
        path: str,
        form: dict[str, str] | None = None,
        document: Any = None,
        picture: tuple[str, bytes] | None = None,
    ) -> Answer:
        """One request, redirects not followed. A document is sent as JSON with the nonce of the session, and so is a
        picture (its name, and what is in it) as it is."""
        headers = {"Host": self.place.site, "User-Agent": "titanicarus-visitor", "Connection": "close"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body: str | bytes | None = None
        if form is not None:
            body, headers["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        if document is not None:
            body, headers["Content-Type"] = json.dumps(document), "application/json"
        if picture is not None:
            name, body = picture
            headers["Content-Type"], headers["Content-Disposition"] = "image/png", f'attachment; filename="{name}"'
        if self.nonce and path.startswith("/wp-json/"):
            headers["X-WP-Nonce"] = self.nonce
        connection = self._connection()
        try:
            if not self.place.tls:
                headers["X-Forwarded-Proto"] = "https"
            connection.request("GET" if body is None else "POST", path, body, headers)
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie") or ():
                self._keep(line)
            location = response.headers.get("Location", "")
            found = response.read()
            return Answer(response.status, found.decode(errors="replace"), location, zlib.crc32(found))
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    def page(self, path: str) -> Answer:
        """A page, redirects followed."""
        answer = self.ask(path)
        for _ in range(HOPS):
            if answer.status not in (301, 302):
                break
            where = urlsplit(answer.location)
            answer = self.ask(where.path + (f"?{where.query}" if where.query else ""))
        return answer

    def _connection(self) -> http.client.HTTPConnection:
        plain = socket.create_connection((self.place.address, self.place.port), timeout=ATTEMPT_SECONDS)
        connection = http.client.HTTPConnection(self.place.site, timeout=ATTEMPT_SECONDS)
        if self.place.tls:
            connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.place.site)
        else:
            connection.sock = plain
        return connection

    def _keep(self, line: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            if morsel.value in ("", " ") or morsel["expires"].startswith("Thu, 01-Jan-1970"):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.coded_value

    # What the person does

    def sign_in(self) -> Answer:
        """By the form of wp-login.php; 302 to the dashboard when it went well. Also fetches the nonce for REST."""
        self.cookies.clear()
        self.nonce = ""
        form = self.ask("/wp-login.php")
        if form.status != 200:
            return form
        fields = {
            "log": self.login_as.user,
            "pwd": self.login_as.password,
            "wp-submit": "Log In",
            "redirect_to": "/wp-admin/",
            "testcookie": "1",
        }
        answer = self.ask("/wp-login.php", form=fields)
        if answer.status != 302 or not any(name.startswith("wordpress_logged_in") for name in self.cookies):
            return Answer(answer.status if answer.status != 302 else 0, "not signed in: " + _words(answer.body))
        nonce = self.ask("/wp-admin/admin-ajax.php?action=rest-nonce")
        if nonce.status != 200 or not re.fullmatch(r"[0-9a-f]{10}", nonce.body.strip()):
            return Answer(nonce.status if nonce.status != 200 else 0, "no nonce: " + _words(nonce.body))
        self.nonce = nonce.body.strip()
        return answer

    def publish(self, key: str) -> tuple[Answer, int]:
        """A post whose title is `key`. The second value is its number when it was acknowledged, else 0."""
        post = {"title": key, "content": f"The text of {key}.", "status": "publish", "comment_status": "open"}
        answer = self.ask("/wp-json/wp/v2/posts", document=post)
        return answer, int(json.loads(answer.body)["id"]) if answer.status == 201 else 0

    def read(self, key: str, number: int) -> Answer:
        """The post's own page, as anybody sees it. Status 0 when it is another text."""
        answer = self.page(f"/?p={number}")
        if answer.status == 200 and f"The text of {key}." not in answer.body:
            return Answer(0, f"the page of post {number} does not say {key}")
        return answer

    def comment(self, key: str, number: int) -> tuple[Answer, int]:
        """By the form below the post. The second value is the comment's number when it was acknowledged, else 0."""
        form = {"comment": f"About {key}", "comment_post_ID": str(number), "comment_parent": "0", "submit": "Post"}
        answer = self.ask("/wp-comments-post.php", form=form)
        match = re.search(r"#comment-(\d+)$", answer.location)
        return answer, int(match[1]) if answer.status == 302 and match else 0

    def add_picture(self, key: str) -> tuple[Answer, int]:
        """To the library of media. The second value is its number when it was acknowledged, else 0; the answer's body
        is its path then."""
        answer = self.ask("/wp-json/wp/v2/media", picture=(f"{key}.png", picture_of(key)))
        if answer.status != 201:
            return answer, 0
        told = json.loads(answer.body)
        return Answer(answer.status, urlsplit(told["source_url"]).path), int(told["id"])


def picture_of(key: str) -> bytes:
    """A PNG of one pixel that has the key in it."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"tEXt", b"Title\0" + key.encode()),
        (b"IDAT", zlib.compress(b"\0\0")),
        (b"IEND", b""),
    ]
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def visits(visitor: Visitor, name: str, *, pictures: bool) -> Iterator[Event]:
    """What a person does again and again: one post, read back, a comment on it, and with `pictures` one of these, seen
    at once. Signs in when that is needed."""
    number = 0
    signed_in = False
    while True:
        if not signed_in:
            event, _ = _timed("login", lambda: (visitor.sign_in(), 0), lambda answer, _: answer.status == 302)
            yield event
            signed_in = event.ok
            if not signed_in:
                continue
        number += 1
        key = f"{name}-{number}"
        event, post = _timed("post", lambda: visitor.publish(key), lambda _, found: found > 0, key)  # noqa: B023
        yield event
        if event.status in (401, 403):
            signed_in = False
        if not post:
            continue
        yield _timed("read", lambda: (visitor.read(key, post), 0), lambda answer, _: answer.status == 200, key)[0]  # noqa: B023
        yield _timed("comment", lambda: visitor.comment(key, post), lambda _, found: found > 0, key)[0]  # noqa: B023
        if pictures:
            event, _ = _timed("picture", lambda: visitor.add_picture(key), lambda _, found: found > 0, key)  # noqa: B023
            yield event
            if event.ok:
                seen = visitor.ask(event.words)
                right = seen.checksum == zlib.crc32(picture_of(key))
                yield replace(
                    event, kind="look", ok=right, status=seen.status, words="" if right else _words(seen.body)
                )


def check(visitor: Visitor, events: list[Event]) -> list[str]:
    """A sentence for each post, comment or picture that was acknowledged and is not there."""
    lost = []
    for event in events:
        if event.ok and event.kind == "picture":
            answer = visitor.ask(event.words)
            if answer.checksum != zlib.crc32(picture_of(event.key)):
                lost.append(f"picture {event.number} ({event.words}): {answer.status}")
        if not event.ok or event.kind not in ("post", "comment"):
            continue
        kind, wanted = (("posts", event.key), ("comments", f"About {event.key}"))[event.kind == "comment"]
        answer = visitor.ask(f"/wp-json/wp/v2/{kind}/{event.number}")
        found = _rendered(answer, "title" if kind == "posts" else "content")
        if found != wanted:
            lost.append(f"{event.kind} {event.number} ({event.key}): {answer.status} {found or _words(answer.body)}")
    return lost


def _rendered(answer: Answer, part: str) -> str:
    try:
        text = json.loads(answer.body)[part]["rendered"]
    except (ValueError, KeyError, TypeError):
        return ""
    return re.sub(r"<[^>]*>", "", str(text)).strip()


def _timed(kind: str, act: Any, judge: Any, key: str = "") -> tuple[Event, int]:
    at, began = time.time(), time.monotonic()
    try:
        answer, found = act()
    except OSError as error:  # connecting failed
        answer, found = Answer(0, f"{type(error).__name__}: {error}"), 0
    ok = bool(judge(answer, found))
    seconds = round(time.monotonic() - began, 3)
    words = answer.body if ok and kind == "picture" else "" if ok else _words(answer.body)
    return Event(kind, ok, answer.status, at, seconds, key, found, words), found


def _words(body: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())[:160]


def main(orders: dict[str, Any]) -> None:
    """`orders`: place, login, name, pause (seconds between things), pictures, most (how many things; 0: until the input
    ends).

    With `events` it checks those instead, and prints the list of what is lost.
    """
    visitor = Visitor(Place(**orders["place"]), Login(**orders["login"]))
    if "events" in orders:
        print(json.dumps(check(visitor, [Event(**event) for event in orders["events"]])))
        return
    for count, event in enumerate(visits(visitor, orders["name"], pictures=orders["pictures"]), 1):
        print(json.dumps(asdict(event)), flush=True)
        pause = orders["pause"] if event.ok else max(orders["pause"], 0.2)
        if orders["most"]:
            time.sleep(pause)
        if count == orders["most"] or (not orders["most"] and select.select([sys.stdin], [], [], pause)[0]):
            return


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
