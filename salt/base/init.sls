# Folders of the platform, limits of the journal, and that is all: a host has little that is not its role's.
base_state_folder:
  file.directory:
    - name: /var/lib/titanicarus
    - mode: '0755'

base_config:
  config_set.managed:
    - name: /etc/titanicarus/base
    - source: salt://base/files

base_journald:
  file.symlink:
    - name: /etc/systemd/journald.conf.d/titanicarus.conf
    - target: /etc/titanicarus/base/journald.conf
    - makedirs: True
    - require:
      - config_set: base_config

base_journald_running:
  daemon.running:
    - name: systemd-journald.service
    - config:
      - /etc/titanicarus/base/journald.conf
    - require:
      - file: base_journald
