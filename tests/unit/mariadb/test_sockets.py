"""The kernel says when the other end of a connection was last heard."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from titanicarus.mariadb import sockets
from titanicarus.mariadb.sockets import Connections

HERE = ip_address("127.0.0.1")


def test_a_connection_of_this_machine_is_found_by_its_local_port() -> None:
    connections = Connections()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert connections.silent_for(port, [(HERE, 1)]) == {}
        with socket.create_connection(("127.0.0.1", port)) as client, listener.accept()[0]:
            end = (HERE, client.getsockname()[1])
            (found,) = connections.silent_for(port, [end]).items()
            assert found[0] == end
            assert 0 <= found[1] < 30


def test_an_ipv4_connection_to_a_listener_of_both_families_is_found() -> None:
    connections = Connections()
    with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client, listener.accept()[0]:
            end = (HERE, client.getsockname()[1])
            assert [list(connections.silent_for(port, [end])) for _ in range(2)] == [[end], [end]]


def test_all_connections_are_gone_through_once_only(monkeypatch: pytest.MonkeyPatch) -> None:
    searches = []
    search = sockets._all
    monkeypatch.setattr(sockets, "_all", lambda *of: searches.append(of) or search(*of))
    connections = Connections()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client, listener.accept()[0]:
            end = (HERE, client.getsockname()[1])
            assert all(connections.silent_for(port, [end]) for _ in range(3))
            assert len(searches) == 1


def test_a_connection_that_ended_is_left_out_and_a_new_one_with_its_ends_is_another() -> None:
    connections = Connections()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        served = listener.accept()[0]
        end = (HERE, client.getsockname()[1])
        assert list(connections.silent_for(port, [end])) == [end]
        served.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # no TIME_WAIT is left
        served.close()
        client.close()
        assert connections.silent_for(port, [end]) == {}
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", end[1]))
            again.connect(("127.0.0.1", port))
            with listener.accept()[0]:
                assert list(connections.silent_for(port, [end])) == [end]
