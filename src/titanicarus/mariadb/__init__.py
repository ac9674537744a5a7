"""One MariaDB instance for each shard that a host carries: looked at, promoted, opened, made to follow, rebuilt.

Nothing here decides who may write: that is the lease's (titanicarus.lease), and the keeper acts on it with these parts.
"""
