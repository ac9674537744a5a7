"""Puts the parts together: one account, served and checked until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from route53_emulator.access import Access
from route53_emulator.admin import AdminServer
from route53_emulator.api_server import Api, ApiServer
from route53_emulator.checkers import Checkers
from route53_emulator.disk import Disk
from route53_emulator.dns_server import NameServer, Regions, TcpServer, UdpServer
from route53_emulator.operations import Operations
from route53_emulator.registry import Registry

Address = tuple[str, int]


@dataclass(frozen=True)
class Settings:
    """Ports of 0 are chosen by the kernel. `insync` in seconds, `rate` in requests a second."""

    state: Path
    api: Address
    dns: Address
    credentials: Mapping[str, str]
    vantage: Sequence[str] = ("127.0.0.1",)
    certificate: Path | None = None
    key: Path | None = None
    admin: Path | None = None
    insync: float = 1.0
    rate: float = 5.0
    policy: Mapping[str, frozenset[str]] = field(default_factory=dict)
    regions: Regions = field(default_factory=dict)
    seed: int | None = None


class Service:
    """The running emulator: a context manager. `api` and `dns` are the addresses that it serves at."""

    def __init__(self, settings: Settings) -> None:
        self._disk = Disk(settings.state)
        self.registry = Registry(self._disk, insync=settings.insync)
        self.checkers = Checkers(self.registry, settings.vantage)
        self.registry.opinions = self.checkers.opinions
        operations = Operations(self.registry, self.checkers.observed, settings.vantage)
        self._api = Api(operations, Access(settings.credentials, settings.policy, settings.rate))
        self._names = NameServer(self.registry, settings.regions, settings.seed)
        api = ApiServer(settings.api, self._api, settings.certificate, settings.key)
        udp, tcp = _on_one_port(settings.dns, self._names)
        self.api: Address = (settings.api[0], api.server_address[1])
        self.dns: Address = (settings.dns[0], udp.server_address[1])
        self._servers: list[Any] = [api, udp, tcp]
        if settings.admin:
            self._servers.append(AdminServer(settings.admin, self.switches, self._status))

    @property
    def switches(self) -> dict[str, threading.Event]:
        """What can be turned off."""
        return {"api": self._api.on, "dns": self._names.on, "checkers": self.checkers.on}

    def __enter__(self) -> Service:
        self.checkers.start()
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._api.on.set()
        stops: list[Callable[[], None]] = [server.shutdown for server in self._servers]
        for stop in [*stops, *(server.server_close for server in self._servers), self.checkers.stop, self._disk.close]:
            stop()

    def _status(self) -> dict[str, Any]:
        checks = {check.caller_reference: self.registry.verdict(check.id) for check in self.registry.checks()}
        return {"zones": len(self.registry.zones()), "health_checks": checks}


def _on_one_port(address: Address, names: NameServer) -> tuple[UdpServer, TcpServer]:
    """DNS by UDP and TCP. Raises OSError when the port is taken; one that the kernel chose (0) for UDP may be taken for
    TCP, and is chosen anew."""
    while True:
        udp = UdpServer(address, names)
        try:
            return udp, TcpServer((address[0], udp.server_address[1]), names)
        except OSError:
            udp.server_close()
            if address[1]:
                raise
