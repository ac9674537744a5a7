"""People and groups in OpenLDAP: what tenants' files want, what the directory has, and the one diff between the two.

`plan` and `versions` are pure; `server` asks and changes a server; `start`, `reload` and `compare` are what the unit
titanicarus-directory and its timer run. docs/adr/0075-directory.md says who writes and why.
"""
