"""The keeper: the small local agent on a host. It judges what only this host can judge, and tells its daemons.

On a load balancer: whether users should be sent to this island (`island`, pure), from what HAProxy and the network say.
"""
