# A unit that this host should run and that is stopped: `state.sls failover.unit pillar='{"failover": {"unit": ...}}'`.
failover_unit:
  failover.unit_running:
    - name: {{ pillar['failover']['unit'] | json }}
