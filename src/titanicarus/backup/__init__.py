"""Copies of the databases that outlive a mistake: a base copy each night, and the binary logs as they are written.

Pure: `binlog` (what is in a log), `plan` (who copies, when, what is kept, what a restore needs). On a host: `store`
(where things are), `archive` (the logs), `base` (the copies), `scratch` and `restore`. See docs/databases.md.
"""
