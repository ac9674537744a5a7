"""Leases: who may write. The protocol of `docs/leases.md` as a pure state machine, without a clock or a socket.

What holds always, for each item:

1. At no instant do two hosts accept writes. A host is open only through a gate that the kernel shuts at the end of its
   lease, and nobody opens before every lease and promise before his own has ended.
2. Epochs only grow, and an epoch has one owner.
3. A commit that was acknowledged while a standby was named is on that standby; who takes over by being the standby,
   or is handed the item, has it. Everyone else takes over only within `max_lag` commits of the position that the item
   states, and reports it.

`record`      the item as the witness stores it, and what can be told from it
`timing`      the policy, in seconds
`messages`    what goes in and out of the protocol
`protocol`    the state machine: one object for an item on a host; it is an `owner`, which goes by the `rules`, which
              look at what is in the `register`
`simulation`  schedules of faults, and the judge of the three sentences above
"""
