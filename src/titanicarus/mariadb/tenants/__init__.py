"""Tenants' databases, users and rights in a shard: what should be there, what is, and the one diff between the two.

`plan` is pure; `server` reads an instance and carries a plan out; `_states/tenant_databases.py` and the timer
`titanicarus-quota` (`__main__`) are the two who ask for it. Only the host whose lease is open ever writes.
"""
