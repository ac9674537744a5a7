"""One MariaDB instance for each shard that a host carries: looked at, promoted, followed, rebuilt.

Nothing here decides who may write: that is the lease's (titanicarus.lease), and the keeper acts on it with these parts.
"""

from titanicarus.mariadb.errors import Behind, Diverged, Down, Late, Refused, ServerError
from titanicarus.mariadb.look import Follower, Look
from titanicarus.mariadb.server import Server, Source

__all__ = [
    "Behind",
    "Diverged",
    "Down",
    "Follower",
    "Late",
    "Look",
    "Refused",
    "Server",
    "ServerError",
    "Source",
]
