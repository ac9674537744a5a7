"""A strict emulator of Amazon Route53: its API, its DNS answers and its health checkers.

It stands by itself: `python -m route53_emulator serve …` needs botocore (the description of the API), dnslib and
nothing of the project that it lives in. What it covers, and how it differs from the real one: docs/route53-emulator.md.

Pure parts: `names`, `records`, `rdata`, `batch`, `routing`, `answers`, `health`. State: `zones`, `registry`. Thin
adapters: `disk`, `api_server`, `dns_server`, `checkers`, `admin`. `service` puts them together.
"""
