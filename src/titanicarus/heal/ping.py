"""Who answers on the network: ICMP echo, without waiting for it. Needs root, as minions have it.

What one look asks, the next one reads: a beacon must not keep its minion waiting for a host that is dead. An answer
says that a machine and its network are there, and nothing of its services: those it tells of itself.
"""

from __future__ import annotations

import errno
import secrets
import socket
import struct
import time
from collections.abc import Mapping, Sequence

Addresses = Mapping[str, Sequence[str]]
"""IPv4 addresses by name; a name answers when one of its addresses does."""

LOOK_SECONDS = 2.0
_POLL_SECONDS = 0.02
_REQUEST, _ANSWER = 8, 0
_SOL_RAW, _ICMP_FILTER = 255, 1
"""Of <linux/icmp.h>, which Python's socket module does not have."""
_NO_WAY = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EINVAL})
"""Nobody can be there, which is as good as no answer."""
_MARK = 8
_LONGEST = 2048


class Pings:
    """Rounds of echo requests. Raises OSError when this process may not send any."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self._socket.setblocking(False)
        # The kernel drops all but answers: whatever else comes in between two looks must not crowd them out.
        self._socket.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", ~(1 << _ANSWER) & 0xFFFFFFFF))
        # Answers to other processes of this host arrive here as well.
        self._mark = secrets.token_bytes(_MARK)
        self._round = 0
        self._names: dict[str, str] = {}
        self._answered: set[str] = set()

    def ask(self, addresses: Addresses) -> None:
        """Begin a round: answers to the one before do not count any more. Raises OSError when nobody can be asked."""
        self._round += 1
        self._answered = set()
        self._names = {address: name for name, many in addresses.items() for address in many}
        packet = _packet(self._round & 0xFFFF, self._mark + struct.pack("!I", self._round & 0xFFFFFFFF))
        for address in self._names:
            try:
                self._socket.sendto(packet, (address, 0))
            except OSError as error:
                if error.errno not in _NO_WAY:  # it is this host that cannot ask
                    raise

    def answered(self) -> set[str]:
        """The names that have answered this round by now."""
        wanted = self._mark + struct.pack("!I", self._round & 0xFFFFFFFF)
        while True:
            try:
                data, (address, _) = self._socket.recvfrom(_LONGEST)
            except BlockingIOError:
                return self._answered
            body = data[(data[0] & 15) * 4 :]
            if body[:1] == bytes([_ANSWER]) and body[8:] == wanted and address in self._names:
                self._answered.add(self._names[address])

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


def look(addresses: Addresses, about: str) -> set[str]:
    """Who answers within LOOK_SECONDS; at once when `about` does. Raises OSError."""
    pings = Pings()
    try:
        until = time.monotonic() + LOOK_SECONDS
        pings.ask(addresses)
        while about not in (answered := pings.answered()) and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
        return answered
    finally:
        pings.close()


def _packet(number: int, payload: bytes) -> bytes:
    """An echo request (RFC 792). The mark in the payload tells whose it is, so the identifier is nothing."""
    head = struct.pack("!BBHHH", _REQUEST, 0, 0, 0, number)
    return struct.pack("!BBHHH", _REQUEST, 0, _checksum(head + payload), 0, number) + payload


def _checksum(data: bytes) -> int:
    """Of RFC 1071; `data` has an even length."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
