"""Whether an operator has taken this host, or the island that it answers for, out of service, as its disk says."""

from __future__ import annotations

from pathlib import Path

from titanicarus import haproxy
from titanicarus.control.layout import below
from titanicarus.drain import island, load_balancer, web_server
from titanicarus.keeper.wishes import FILE as WISHES
from titanicarus.keeper.wishes import read_wishes


def host_is_drained(root: Path = Path("/")) -> bool:
    """Whether any role of the host whose files are below `root` is drained.

    Raises OSError when its files cannot be read, and ValueError when its wishes are none.
    """
    flag = below(root, load_balancer.KEEPALIVED_FLAG)
    if flag.exists() and flag.read_text().strip() not in ("", "0"):
        return True
    if below(root, web_server.FLAG).exists():
        return True
    return any(wish.drained for wish in read_wishes(below(root, WISHES)).values())


def island_is_drained(root: Path = Path("/")) -> bool:
    """Whether the load balancer whose files are below `root` was told that its island is drained."""
    return haproxy.flag_is_up(below(root, island.FLAG))
