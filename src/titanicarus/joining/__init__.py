"""A blank machine takes the place of a host: a ticket made for its name lets a key of its own in, once.

`ticket` is the pure part, `desk` answers on control hosts, `machine` is what runs on the blank machine.
"""
