# MariaDB: one instance for each shard that this host carries. Who may write is the keeper's business.
# Debian's own instance stays off.
mariadb_debian_unit:
  file.symlink:
    - name: /etc/systemd/system/mariadb.service
    - target: /dev/null

mariadb_packages:
  pkg.installed:
    - pkgs:
      - mariadb-server
      - mariadb-backup
    - refresh: False
    - require:
      - file: mariadb_debian_unit

mariadb_config:
  config_set.managed:
    - name: /etc/titanicarus/mariadb
    - source: salt://mariadb/files
    - check: ['{dir}/check', '{dir}']
    - modes:
        check: '0755'
    - require:
      - pkg: mariadb_packages

mariadb_units:
  file.managed:
    - names:
{%- for unit in ['titanicarus-mariadb@', 'titanicarus-copies', 'titanicarus-rebuild@'] %}
      - /etc/systemd/system/{{ unit }}.service:
        - source: salt://mariadb/{{ unit }}.service
{%- endfor %}

mariadb_instances:
  shard.managed:
    - name: /srv/mariadb
    - require:
      - config_set: mariadb_config
      - file: mariadb_units
      - daemon: gate_running

mariadb_copies:
  daemon.running:
    - name: titanicarus-copies.service
    - config:
      - /etc/titanicarus/mariadb/shards.json
    - at_start:
      - /etc/systemd/system/titanicarus-copies.service
    - require:
      - shard: mariadb_instances
