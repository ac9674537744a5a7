# Islands that a master took out have a share of 0 in Route53, the others their own: `state.sls failover.shares`.
failover_shares:
  gslb.applied:
    - name: world
