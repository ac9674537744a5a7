# A host that becomes the gateway knows the connections that the one before it was forwarding.
conntrackd_packages:
  pkg.installed:
    - name: conntrackd
    - refresh: False

conntrackd_check:
  file.managed:
    - name: /usr/local/lib/titanicarus/check-conntrackd
    - source: salt://conntrackd/check-conntrackd
    - mode: '0755'
    - makedirs: True

conntrackd_config:
  config_set.managed:
    - name: /etc/titanicarus/conntrackd
    - source: salt://conntrackd/files
    - check: [/usr/local/lib/titanicarus/check-conntrackd, '{dir}/conntrackd.conf']
    - require:
      - pkg: conntrackd_packages
      - file: conntrackd_check

conntrackd_unit:
  file.managed:
    - name: /etc/systemd/system/titanicarus-conntrackd.service
    - source: salt://conntrackd/titanicarus-conntrackd.service

conntrackd_running:
  daemon.running:
    - name: titanicarus-conntrackd.service
    - config:
      - /etc/titanicarus/conntrackd
    - at_start:
      - /etc/systemd/system/titanicarus-conntrackd.service
    - require:
      - config_set: conntrackd_config
      - file: conntrackd_unit
