"""What shards look like on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from titanicarus.backup.plan import told
from titanicarus.cli.output import print_table
from titanicarus.cli.report import MIB, say
from titanicarus.operations.backups import Kept
from titanicarus.shards import ShardView


def show_shards(views: Sequence[ShardView]) -> None:
    """A line for each shard, then a sentence for each thing that is not as it should be."""
    print_table(
        ["shard", "holder", "primary", "standby", "epoch", "lease", "lag of replicas"],
        (
            [
                view.name,
                view.holder or "not known",
                view.writer.host if view.writer else "nobody",
                view.standby_words(),
                view.epoch or "-",
                view.lease_words(),
                "\n".join(f"{copy.host} {copy.state(view.writer)}" for copy in view.replicas),
            ]
            for view in views
        ),
    )
    for view in views:
        for remark in view.remarks():
            say(f"shard {view.name}: {remark}")


def show_copies(view: ShardView) -> None:
    """Every copy of one shard, with what its keeper says."""
    print_table(
        ["host", "state", "commits", "follows", "its keeper says"],
        (
            [
                copy.host,
                copy.state(view.writer),
                "-" if copy.commits is None else copy.commits,
                copy.following or "-",
                copy.why if copy.silence is None else copy.silence,
            ]
            for copy in view.copies
        ),
        title=f"Shard {view.name}",
    )


def show_kept(kept: Sequence[Kept]) -> None:
    """A line for each base copy, with the moments that can be restored from it."""
    print_table(
        ["shard", "host", "base copy of", "at", "data", "packed", "logs", "any moment until"],
        (
            [
                one.shard,
                archive.host + (" (primary)" if archive.primary else ""),
                told(base.ended),
                base.gtid or "-",
                f"{base.size // MIB} MiB",
                f"{base.packed // MIB} MiB",
                f"{len(generation.logs)}, {generation.written // MIB} MiB",
                told(generation.until) if generation.until else "not known",
            ]
            for one in kept
            for archive in one.archives
            for generation in archive.generations
            for base in generation.bases
        ),
    )
    for one in kept:
        for archive in one.archives:
            if not any(generation.bases for generation in archive.generations):
                say(
                    f"shard {one.shard}: {archive.host} has no base copy yet: `saguire db backup {one.shard}` takes one"
                )
        for host, reason in one.silent.items():
            say(f"shard {one.shard}: {host} gives no answer: {reason}")
