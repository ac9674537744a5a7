"""Whether the other end of a TCP connection still answers, as the kernel knows it: sock_diag(7), TCP_INFO.

A replica whose host has lost its power stays in the primary's list until the kernel gives its connection up, a quarter
of an hour later. But a replica hears from its source each second (MASTER_HEARTBEAT_PERIOD), so its kernel acknowledges
something each second.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h, linux/tcp.h; native byte order but for ports and addresses.
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_ONE, _DUMP = 0x01, 0x01 | 0x300  # NLM_F_REQUEST, NLM_F_DUMP
_DONE, _ERROR = 3, 2
_ESTABLISHED = 1
_INET_DIAG_INFO = 2
_LAST_ACK_RECV = 56  # offset of tcpi_last_ack_recv, milliseconds
_MESSAGE = struct.Struct("=IHHII")
_HEAD = struct.Struct("=BBBB")
_ATTRIBUTE = struct.Struct("=HH")
_SOCKET_ID = struct.Struct(">HH16s16s")
_ID_SIZE = 48  # struct inet_diag_sockid: also an interface and a cookie
_DIAG_SIZE = 72  # struct inet_diag_msg
_SECONDS = 1.0

Address = IPv4Address | IPv6Address
End = tuple[Address, int]


class Connections:
    """The connections to local ports. Not for several threads at once.

    To find a connection the kernel goes through all that the machine has, in milliseconds. One that was found before
    is asked for by its number, in microseconds.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, End], bytes] = {}

    def silent_for(self, port: int, ends: Iterable[End]) -> dict[End, float]:
        """For each connection to the local TCP `port` from one of `ends` (address, port): for how many seconds nothing
        was heard from there. A connection that is none any more is left out. Raises OSError.
        """
        wanted = list(ends)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG) as asked:
            asked.settimeout(_SECONDS)
            if any((port, end) not in self._known for end in wanted):
                self._known = {(port, _ends(message)[1]): _request(message) for message in _all(asked, port)}
            found = {}
            for end in (end for end in wanted if (port, end) in self._known):
                seconds = _one(asked, self._known[port, end])
                if seconds is None:
                    del self._known[port, end]  # should there be a new one with the same ends, it is searched for
                else:
                    found[end] = seconds
        return found


def _all(asked: socket.socket, port: int) -> Iterator[bytes]:
    """What the kernel says of each connection to the port."""
    for family in (socket.AF_INET, socket.AF_INET6):
        identity = _SOCKET_ID.pack(port, 0, bytes(16), bytes(16)) + struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
        _ask(asked, _DUMP, _body(family, identity))
        yield from (message for message in _answers(asked) if _ends(message)[0][1] == port)


def _one(asked: socket.socket, request: bytes) -> float | None:
    """For how many seconds a connection is silent; None when it is none any more."""
    _ask(asked, _ONE, request)
    try:
        message = next(_answers(asked))
    except FileNotFoundError:
        return None
    return _silence(message) if _HEAD.unpack_from(message)[1] == _ESTABLISHED else None


def _request(message: bytes) -> bytes:
    """The question for exactly that connection: the cookie in it tells it from a later one with the same ends."""
    return _body(_HEAD.unpack_from(message)[0], message[_HEAD.size : _HEAD.size + _ID_SIZE])


def _body(family: int, identity: bytes) -> bytes:
    head = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 1 << (_INET_DIAG_INFO - 1), 0, 1 << _ESTABLISHED)
    return head + identity


def _ask(asked: socket.socket, flags: int, body: bytes) -> None:
    asked.send(_MESSAGE.pack(_MESSAGE.size + len(body), _SOCK_DIAG_BY_FAMILY, flags, 0, 0) + body)


def _answers(asked: socket.socket) -> Iterator[bytes]:
    """Raises FileNotFoundError when the kernel knows no such connection, OSError when it does not tell."""
    while True:
        data = asked.recv(1 << 18)
        while data:
            length, kind = _MESSAGE.unpack_from(data)[:2]
            if kind == _DONE:
                return
            if kind == _ERROR:
                (number,) = struct.unpack_from("=i", data, _MESSAGE.size)
                if -number in (errno.ENOENT, errno.ESTALE):
                    raise FileNotFoundError(-number, "no such connection")
                raise OSError(-number, "the kernel refused to tell of its connections (sock_diag)")
            yield data[_MESSAGE.size : length]
            data = data[(length + 3) & ~3 :]


def _ends(message: bytes) -> tuple[End, End]:
    family = _HEAD.unpack_from(message)[0]
    near, far, here, there = _SOCKET_ID.unpack_from(message, _HEAD.size)
    width = 4 if family == socket.AF_INET else 16
    return (_plain(here[:width]), near), (_plain(there[:width]), far)


def _plain(packed: bytes) -> Address:
    """An IPv4 address that came over an IPv6 socket is that IPv4 address."""
    address = ip_address(packed)
    return getattr(address, "ipv4_mapped", None) or address


def _silence(message: bytes) -> float:
    rest = message[_DIAG_SIZE:]
    while len(rest) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(rest)
        if kind == _INET_DIAG_INFO:
            (milliseconds,) = struct.unpack_from("=I", rest, _ATTRIBUTE.size + _LAST_ACK_RECV)
            return float(milliseconds) / 1000
        rest = rest[max(4, (length + 3) & ~3) :]
    return 0.0
