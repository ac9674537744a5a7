"""Global load balancing: which island the world is sent to, by weighted records with health checks in Route53.

`desired` (what should be), `world` (what is), `plan` (the difference) and `safety` (whether it may be done) are pure.
`route53` asks the account (by `titanicarus.aws`); `apply` does a plan by it. docs/dns.md
"""
