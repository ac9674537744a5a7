"""Whether the other end of a TCP connection still answers, as the kernel knows it: sock_diag(7), TCP_INFO.

A replica whose host has lost its power stays in the primary's list until the kernel gives its connection up, a quarter
of an hour later. But a replica hears from its source each second (MASTER_HEARTBEAT_PERIOD), so its kernel acknowledges
something each second.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h, linux/tcp.h; native byte order but for ports and addresses.
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST = 0x01 | 0x300  # NLM_F_REQUEST | NLM_F_DUMP
_DUMP = (_SOCK_DIAG_BY_FAMILY, _REQUEST, 0, 0)
_DONE, _ERROR = 3, 2
_ESTABLISHED = 1 << 1
_INET_DIAG_INFO = 2
_LAST_ACK_RECV = 56  # offset of tcpi_last_ack_recv, milliseconds
_MESSAGE = struct.Struct("=IHHII")
_HEAD = struct.Struct("=BBBB")
_ATTRIBUTE = struct.Struct("=HH")
_SOCKET_ID = struct.Struct(">HH16s16s")
_DIAG_SIZE = 72  # struct inet_diag_msg
_SECONDS = 1.0

Address = IPv4Address | IPv6Address


def silent_for(port: int) -> dict[tuple[Address, int], float]:
    """For each connection to the local TCP `port`: the other end's address and port, and for how many seconds nothing
    was heard from it. Raises OSError.
    """
    found = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG) as asked:
        asked.settimeout(_SECONDS)
        for family in (socket.AF_INET, socket.AF_INET6):
            identity = _SOCKET_ID.pack(port, 0, bytes(16), bytes(16)) + struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
            body = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 1 << (_INET_DIAG_INFO - 1), 0, _ESTABLISHED)
            asked.send(_MESSAGE.pack(_MESSAGE.size + len(body + identity), *_DUMP) + body + identity)
            for message in _answers(asked):
                local, peer = _ends(message)
                if local[1] == port:
                    found[peer] = _silence(message)
    return found


def _answers(asked: socket.socket) -> Iterator[bytes]:
    while True:
        data = asked.recv(1 << 18)
        while data:
            length, kind = _MESSAGE.unpack_from(data)[:2]
            if kind == _DONE:
                return
            if kind == _ERROR:
                raise OSError("the kernel refused to list its connections (sock_diag)")
            yield data[_MESSAGE.size : length]
            data = data[(length + 3) & ~3 :]


def _ends(message: bytes) -> tuple[tuple[Address, int], tuple[Address, int]]:
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
