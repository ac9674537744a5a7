"""What every volume is set to. docs/files.md has the figures behind it."""

from __future__ import annotations

from titanicarus.volumes.facts import Volume

PING_SECONDS = 3
"""After how long without a word a client goes on without a brick."""
CERTIFICATE_DEPTH = 3  # host, island, root

_FIXED = {
    # Only TLS, with certificates of the fleet on both sides.
    "client.ssl": "on",
    "server.ssl": "on",
    "ssl.certificate-depth": str(CERTIFICATE_DEPTH),
    # A dead host, and a brick whose disk hangs: it ends itself, and the others go on.
    "network.ping-timeout": str(PING_SECONDS),
    "storage.health-check-interval": "5",
    "storage.health-check-timeout": "5",
    # Two of the three must agree, or nobody writes. Never choose a winner by size or time.
    "cluster.quorum-type": "auto",
    "cluster.favorite-child-policy": "none",
    "cluster.shd-max-threads": "4",
    # A brick that returns is looked at once when it connects. If that was a moment too early, the next look is by the
    # clock: it was seen to take one or two of these.
    "cluster.heal-timeout": "10",
    # Small files: attributes and names that do not exist are kept by the clients, and the bricks tell what changes.
    "features.cache-invalidation": "on",
    "features.cache-invalidation-timeout": "600",
    "performance.cache-invalidation": "on",
    "performance.stat-prefetch": "on",
    "performance.md-cache-timeout": "600",
    "performance.nl-cache": "on",
    "performance.nl-cache-timeout": "600",
    "network.inode-lru-limit": "65536",
    "cluster.lookup-optimize": "on",
    # close() comes back when the bricks have what was written: an upload that was answered is on two hosts.
    "performance.flush-behind": "off",
    "diagnostics.client-log-level": "WARNING",
    "diagnostics.brick-log-level": "WARNING",
}


def wanted(volume: Volume) -> dict[str, str]:
    """Every option of a volume that is not GlusterFS's own default."""
    return {**_FIXED, "auth.ssl-allow": ",".join(sorted(volume.clients))}
