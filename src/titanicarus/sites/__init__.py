"""Tenants' sites on a web server: what should be there, what is, and the one diff between the two.

`plan` is pure; `disk` observes and acts; `_states/web_sites.py` is the thin adapter to Salt.
"""
