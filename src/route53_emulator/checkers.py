"""The health checkers: from each of several addresses they really ask each endpoint, at the interval of its check.

Source: "How Amazon Route 53 determines whether a health check is healthy" in the Developer Guide: an HTTP endpoint must
take the connection within 4 s and answer with a status of 2xx or 3xx within 2 s more; a TCP one has 10 s to connect.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from route53_emulator.health import (
    BODY_SECONDS,
    CONNECT_SECONDS,
    HTTP_ANSWER_SECONDS,
    HTTP_CONNECT_SECONDS,
    SEARCHED_BYTES,
    HealthCheck,
    Opinion,
    heard,
)
from route53_emulator.registry import Registry

log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.2


class Checkers:
    """Run in a thread of their own. `vantage` are this machine's addresses that they ask from."""

    def __init__(self, registry: Registry, vantage: Sequence[str]) -> None:
        self._registry = registry
        self._vantage = vantage
        self._opinions: dict[str, dict[str, Opinion]] = {}
        self._tasks: dict[tuple[str, int, str], asyncio.Task[None]] = {}
        self._stop = threading.Event()
        self.on = threading.Event()
        self.on.set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="checkers", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def opinions(self, check_id: str) -> list[Opinion]:
        """What each checker thinks; a checker that has not looked yet thinks well of the endpoint."""
        return list(self.observed(check_id).values())

    def observed(self, check_id: str) -> Mapping[str, Opinion]:
        """The same, by the checker's address."""
        said = self._opinions.get(check_id, {})
        return {address: said.get(address, Opinion()) for address in self._vantage}

    async def _run(self) -> None:
        """Keep one task for each check, version and checker."""
        while not self._stop.is_set():
            checks = {check.id: check for check in self._registry.checks()}
            wanted = {
                (check.id, check.version, address): check
                for check in checks.values()
                if check.type != "CALCULATED" and not check.get("Disabled", False)
                for address in self._vantage
            }
            for key in set(self._tasks) - set(wanted):
                self._tasks.pop(key).cancel()
            for key in set(wanted) - set(self._tasks):
                self._tasks[key] = asyncio.create_task(self._watch(wanted[key], key[2]))
            for check_id in set(self._opinions) - set(checks):
                del self._opinions[check_id]
            await asyncio.sleep(_LOOK_SECONDS)

    async def _watch(self, check: HealthCheck, address: str) -> None:
        """Ask for ever, each checker at a moment of its own within the interval."""
        loop = asyncio.get_running_loop()
        interval = float(check.config["RequestInterval"])
        phase = int.from_bytes(hashlib.sha256(f"{check.id}/{address}".encode()).digest()[:4], "big") / 2**32
        due = loop.time() + phase * interval
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            due += interval
            if not self.on.is_set():
                continue
            success, said = await look(check, address)
            opinions = self._opinions.setdefault(check.id, {})
            before = opinions.get(address, Opinion())
            threshold = int(check.config["FailureThreshold"])
            after = heard(before, success=success, threshold=threshold, said=said, at=datetime.now(UTC))
            opinions[address] = after
            if after.healthy != before.healthy:
                log.info("%s from %s: %s", check.id, address, said)


async def look(check: HealthCheck, address: str) -> tuple[bool, str]:
    """One check from one address: whether it went well, and the status text of the API."""
    http = check.type != "TCP"
    try:
        async with asyncio.timeout(HTTP_CONNECT_SECONDS if http else CONNECT_SECONDS["TCP"]):
            reader, writer = await asyncio.open_connection(
                check.get("IPAddress") or check.get("FullyQualifiedDomainName"),
                check.config["Port"],
                local_addr=(address, 0),
                ssl=_tls(check),
                server_hostname=_server_name(check),
            )
    except TimeoutError:
        return False, "Failure: The health checker could not establish a connection within the timeout limit."
    except OSError as error:
        return False, f"Failure: {error.strerror or error}"
    try:
        return await _ask(check, reader, writer) if http else (True, "Success: TCP connection established")
    except TimeoutError:
        return False, "Failure: The endpoint did not respond to the health check request within the timeout limit."
    except (OSError, ValueError, EOFError) as error:
        return False, f"Failure: {error}"
    finally:
        writer.transport.abort()


async def _ask(check: HealthCheck, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[bool, str]:
    host = check.get("FullyQualifiedDomainName") or check.get("IPAddress")
    path = check.get("ResourcePath", "/")
    agent = "Amazon-Route53-Health-Check-Service (emulated)"
    lines = [f"GET {path if path.startswith('/') else '/' + path} HTTP/1.1", f"Host: {host}", f"User-Agent: {agent}"]
    async with asyncio.timeout(HTTP_ANSWER_SECONDS):
        writer.write("\r\n".join([*lines, "Accept: */*", "Connection: close", "", ""]).encode())
        head = (await reader.readuntil(b"\r\n")).split(b" ", 2)
        status = int(head[1]) if len(head) > 1 and head[1].isdigit() else 0
    said = f"HTTP Status Code {status}"
    if not 200 <= status < 400:
        return False, f"Failure: {said}"
    wanted = check.get("SearchString")
    if wanted is None:
        return True, f"Success: {said}"
    async with asyncio.timeout(BODY_SECONDS):
        await reader.readuntil(b"\r\n\r\n")
        body = b""
        while len(body) < SEARCHED_BYTES and (part := await reader.read(SEARCHED_BYTES - len(body))):
            body += part
    found = wanted.encode() in body
    return found, f"{'Success' if found else 'Failure'}: {said}, the search string was {'' if found else 'not '}found"


def _tls(check: HealthCheck) -> ssl.SSLContext | None:
    if not check.type.startswith("HTTPS"):
        return None
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # Route53 does not look at certificates either
    return context


def _server_name(check: HealthCheck) -> str | None:
    if not check.type.startswith("HTTPS"):
        return None
    return check.get("FullyQualifiedDomainName", "") if check.get("EnableSNI") else ""
