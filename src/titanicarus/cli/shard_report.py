"""What shards look like on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from titanicarus.cli.output import print_table
from titanicarus.cli.report import say
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
