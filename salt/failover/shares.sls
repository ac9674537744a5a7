# Islands that a master took out have a share of 0 in Route53, the others their own; nothing else is changed there:
# `state.sls failover.shares`.
failover_shares:
  gslb.applied:
    - name: world
    - only_shares: true
