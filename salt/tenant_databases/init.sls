# Tenants' databases, users and rights: one state for all of them, and a timer that looks at their quotas.
tenant_databases_config:
  config_set.managed:
    - name: /etc/titanicarus/tenant_databases
    - source: salt://tenant_databases/files
    - check: [/usr/bin/python3, -m, json.tool, '{dir}/shards.json']

tenant_databases_service:
  file.managed:
    - name: /etc/systemd/system/titanicarus-quota.service
    - source: salt://tenant_databases/titanicarus-quota.service

tenant_databases_timer:
  file.managed:
    - name: /etc/systemd/system/titanicarus-quota.timer
    - source: salt://tenant_databases/titanicarus-quota.timer

tenant_databases_managed:
  tenant_databases.managed:
    - name: tenants
    - patience: 90
    - shards: {{ pillar['db']['shards'] | map(attribute='name') | list | tojson }}
    - require:
      - library: library_release
      - daemon: keeper_running

tenant_databases_timer_running:
  daemon.running:
    - name: titanicarus-quota.timer
    - at_start:
      - /etc/systemd/system/titanicarus-quota.timer
    - require:
      - file: tenant_databases_service
      - file: tenant_databases_timer
      - config_set: tenant_databases_config
