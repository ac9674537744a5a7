"""Files of a shard on their way to other islands: one way, from who may write to who may read.

    holder                                    copy
    what changed ─► journal (numbered) ─►  shipment of what a copy lacks ─► applied, then its position moves on

A copy's position is that of the lease (`titanicarus.lease.record.Position`): the epoch and owner of whom it has
it, and how many batches of the journal. So who may take over, who lags and who has gone another way is told by the
lease's own rules. `journal` is what the holder keeps, `tree` a folder whose links nobody can be led astray by,
`sending` and `copy` the two ends, and `yielding` what an old holder does with what it had not shipped.
"""
