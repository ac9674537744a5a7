# The keeper: judges what only this host can judge. On load balancers: whether users should come to this island; on
# database hosts: who may write.
keeper_unit:
  file.managed:
    - name: /etc/systemd/system/titanicarus-keeper.service
    - source: salt://keeper/titanicarus-keeper.service

{% if pillar.db is defined %}
keeper_database_rights:
  file.managed:
    - name: /etc/systemd/system/titanicarus-keeper.service.d/databases.conf
    - source: salt://keeper/databases.conf
    - makedirs: True
{% endif %}

keeper_config:
  config_set.managed:
    - name: /etc/titanicarus/keeper
    - source: salt://keeper/files
    - check: [/opt/salt/bin/python, -m, titanicarus.keeper, --check, '{dir}/keeper.json']

keeper_running:
  daemon.running:
    - name: titanicarus-keeper.service
    - config:
      - /etc/titanicarus/keeper
    - at_start:
      - /etc/systemd/system/titanicarus-keeper.service
{%- if pillar.db is defined %}
      - /etc/systemd/system/titanicarus-keeper.service.d
{%- endif %}
    - require:
      - config_set: keeper_config
      - file: keeper_unit
      - library: library_release
