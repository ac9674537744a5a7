"""The name servers: UDP and TCP, EDNS, truncation. What they answer is decided in `answers`."""

from __future__ import annotations

import logging
import random
import socketserver
import struct
import threading
from ipaddress import ip_address, ip_network
from typing import Any

import dnslib

from route53_emulator.answers import REFUSED, Entry, Resolver
from route53_emulator.names import from_wire, wire_labels
from route53_emulator.rdata import rdata
from route53_emulator.registry import Registry

log = logging.getLogger(__name__)
_PLAIN_UDP, _LARGEST_UDP = 512, 1232
_TCP_SECONDS = 10.0
_FORMAT_ERROR, _SERVER_FAILURE, _NOT_IMPLEMENTED = 1, 2, 4
Regions = dict[str, tuple[str, ...]]


class NameServer:
    """Questions to answers. `regions` has AWS regions, nearest first, by the network (CIDR) of the asking resolver."""

    def __init__(self, registry: Registry, regions: Regions | None = None, seed: int | None = None) -> None:
        self._registry = registry
        self._regions = [(ip_network(network), near) for network, near in (regions or {}).items()]
        self._dice = random.Random(seed)  # noqa: S311 - a spread, no secret
        self.on = threading.Event()
        self.on.set()

    def answer(self, message: bytes, client: str, *, udp: bool) -> bytes | None:
        """The answer to a message; None for one that is no question or when the service is switched off."""
        if not self.on.is_set():
            return None
        try:
            query = dnslib.DNSRecord.parse(message)
        except (dnslib.DNSError, struct.error, ValueError, IndexError):
            return _short_error(message)
        if query.header.qr:
            return None
        try:
            reply = self._reply(query, client)
        except Exception:
            log.exception("question %s", query.q)
            reply = query.reply(ra=0, aa=0)
            reply.header.rcode = _SERVER_FAILURE
        return _packed(query, reply, udp=udp)

    def _reply(self, query: dnslib.DNSRecord, client: str) -> dnslib.DNSRecord:
        reply = query.reply(ra=0, aa=1)
        if query.header.opcode != 0 or len(query.questions) != 1:
            reply.header.rcode = _NOT_IMPLEMENTED
            return reply
        name = from_wire(query.q.qname.label)
        zone = self._registry.zone_for(name)
        if zone is None:
            reply.header.rcode, reply.header.aa = REFUSED, 0
            return reply
        resolver = Resolver(zone, self._registry.verdict, self._dice, self._near(client))
        answer = resolver.answer(name, str(dnslib.QTYPE[query.q.qtype]))
        reply.header.rcode, reply.header.aa = answer.code, int(answer.authoritative)
        for entry in answer.entries:
            reply.add_answer(_record(entry))
        for entry in answer.authority:
            reply.add_auth(_record(entry))
        return reply

    def _near(self, client: str) -> tuple[str, ...]:
        address = ip_address(client)
        return next((near for network, near in self._regions if address in network), ())


def _record(entry: Entry) -> dnslib.RR:
    kind = getattr(dnslib.QTYPE, entry.type)
    return dnslib.RR(
        dnslib.DNSLabel(wire_labels(entry.name)), kind, ttl=entry.ttl, rdata=rdata(entry.type, entry.value)
    )


def _packed(query: dnslib.DNSRecord, reply: dnslib.DNSRecord, *, udp: bool) -> bytes:
    edns = next((one for one in query.ar if one.rtype == dnslib.QTYPE.OPT), None)
    size = min(max(int(edns.rclass), _PLAIN_UDP), _LARGEST_UDP) if edns else _PLAIN_UDP
    if edns:
        reply.add_ar(dnslib.EDNS0(udp_len=_LARGEST_UDP))
    packed = bytes(reply.pack())
    if udp and len(packed) > size:
        packed = bytes(reply.truncate().pack())
    return packed


def _short_error(message: bytes) -> bytes | None:
    """A message that cannot be read gets its own id back and FORMERR; one without a whole header gets nothing."""
    if len(message) < 12 or message[2] & 0x80:
        return None
    return message[:2] + struct.pack("!BBHHHH", 0x80, _FORMAT_ERROR, 0, 0, 0, 0)


class UdpServer(socketserver.UDPServer):
    """One thread: an answer takes a fraction of a millisecond."""

    allow_reuse_address = True
    max_packet_size = 4096

    def __init__(self, address: tuple[str, int], names: NameServer) -> None:
        super().__init__(address, _UdpHandler)
        self.names = names


class TcpServer(socketserver.ThreadingTCPServer):
    """A thread for each connection, which may ask several questions."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], names: NameServer) -> None:
        super().__init__(address, _TcpHandler)
        self.names = names

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - not ours to name
        log.debug("connection of %s ended", client_address, exc_info=True)


class _UdpHandler(socketserver.BaseRequestHandler):
    server: UdpServer

    def handle(self) -> None:
        message, socket = self.request
        answer = self.server.names.answer(message, self.client_address[0], udp=True)
        if answer:
            socket.sendto(answer, self.client_address)


class _TcpHandler(socketserver.StreamRequestHandler):
    server: TcpServer
    timeout = _TCP_SECONDS

    def handle(self) -> None:
        while len(size := self.rfile.read(2)) == 2:
            message = self.rfile.read(struct.unpack("!H", size)[0])
            answer = self.server.names.answer(message, self.client_address[0], udp=False)
            if answer is None:
                return
            self.wfile.write(struct.pack("!H", len(answer)) + answer)
