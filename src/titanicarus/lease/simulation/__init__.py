"""The lease protocol under schedules of faults, on one thread and from one seed: every run can be had again.

`world`      virtual time, messages and the witness
`host`       a host: its clock, keeper, kernel gate and database
`judge`      what must never happen, seen with the eyes of somebody who sees everything at once
`faults`     what can be done to a world, and random schedules of it
`scenarios`  the schedules that `docs/leases.md` names
`variants`   the protocol with one rule removed, each of which the judge must catch
"""
