"""A three-node Galera cluster behind HAProxy on hosts of a running lab, for `bench/galera.py`; nothing of it stays."""
