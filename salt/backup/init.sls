# Copies of the databases: a service that keeps binary logs, a timer for base copies.
backup_config:
  config_set.managed:
    - name: /etc/titanicarus/backup
    - source: salt://backup/files
    - check: [/opt/salt/bin/python, -m, titanicarus.backup, check, '{dir}/backup.json']

backup_store:
  file.directory:
    - name: /srv/backup
    - mode: '0711'

backup_units:
  file.managed:
    - names:
{%- for unit in ['titanicarus-archive.service', 'titanicarus-bases.service', 'titanicarus-bases.timer'] %}
      - /etc/systemd/system/{{ unit }}:
        - source: salt://backup/{{ unit }}
{%- endfor %}

backup_archive:
  daemon.running:
    - name: titanicarus-archive.service
    - config:
      - /etc/titanicarus/backup
    - at_start:
      - /etc/systemd/system/titanicarus-archive.service
    - require:
      - config_set: backup_config
      - file: backup_store
      - file: backup_units
      - library: library_release

backup_bases:
  daemon.running:
    - name: titanicarus-bases.timer
    - at_start:
      - /etc/systemd/system/titanicarus-bases.timer
    - require:
      - daemon: backup_archive
