"""The kernel says when the other end of a connection was last heard."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from titanicarus.mariadb.sockets import silent_for


def test_a_connection_of_this_machine_is_found_by_its_local_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert silent_for(port) == {}
        with socket.create_connection(("127.0.0.1", port)) as client, listener.accept()[0]:
            (found,) = silent_for(port).items()
            assert found[0] == (ip_address("127.0.0.1"), client.getsockname()[1])
            assert 0 <= found[1] < 30
