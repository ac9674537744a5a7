"""The holder's end: what a copy lacks, as it is now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from titanicarus.lease.record import Position, Record, commits_behind
from titanicarus.shipping.journal import Journal
from titanicarus.shipping.model import Change, Item, Kind, Refused, Shipment, ShippingError, parents
from titanicarus.shipping.tree import Tree

WHOLE = (Change("", tree=True),)


def shipment(
    tree: Tree,
    journal: Journal,
    record: Record,
    copy: Position | None,
    *,
    wants: Iterable[Change] = (),
    settled: int = 0,
) -> Shipment:
    """Brings a copy, which says where it is and what it wants besides, to the end of the journal.

    `record` is the item of the lease, which is open and this host's. A copy of which nothing is known (None), or that
    the journal does not reach back to, is compared as a whole.

    Raises Refused when the copy has what the shard's history went on without: it has to yield that first. Raises
    ShippingError when this volume is not that of the lease's epoch.
    """
    here = journal.position
    if here is None or (here.epoch, here.owner) != (record.epoch, record.owner):
        raise ShippingError(f"{tree.root} is at {here}, and not in epoch {record.epoch} of {record.owner}")
    changes: tuple[Change, ...] = WHOLE
    if copy is not None:
        if commits_behind(record, copy) is None or copy.commits > here.commits:
            raise Refused(f"a copy at batch {copy.commits} of epoch {copy.epoch} ({copy.owner}) has gone another way")
        if journal.reaches_back_to(copy.commits):
            changes = journal.after(copy.commits)
    return Shipment(copy, here, changes, settled, _items(tree, changes, wants), tree.read)


def _items(tree: Tree, changes: Iterable[Change], wants: Iterable[Change]) -> Iterator[Item]:
    """Folders above first, each once. What changes meanwhile is in a later batch, too.

    Nobody knows what a copy has at a path that it wants, and what used to be below it: so that is sent as a whole.
    """
    told: set[str] = set()
    wanted = {replace(want, tree=True) for want in wants}
    for change in (*changes, *sorted(wanted)):
        for path in parents(change.path):
            if path not in told:
                told.add(path)
                yield tree.look(path)
        if change.tree:
            for item in tree.walk(change.path, changed=change in wanted):
                told.add(item.path)
                # Of two files that nobody has seen change, time and size are not enough: programs set times.
                compared = change in WHOLE and item.kind is Kind.FILE
                yield replace(item, digest=tree.digest(item.path)) if compared else item
            continue
        item = tree.look(change.path, changed=True)
        if item.kind is not Kind.FOLDER or change.path not in told:
            told.add(change.path)
            yield item
