# valkey: where PHP sessions are kept, on each web server; PHP writes to all and reads the newest.
valkey_packages:
  pkg.installed:
    - pkgs:
      - valkey-server
      - valkey-tools
    - refresh: False

valkey_unit:
  file.managed:
    - name: /etc/systemd/system/valkey-server.service.d/titanicarus.conf
    - source: salt://valkey/unit.conf
    - makedirs: True

valkey_config:
  config_set.managed:
    - name: /etc/titanicarus/valkey
    - source: salt://valkey/files
    - check: ['{dir}/check', '{dir}']
    - group: valkey
    - mode: '0640'
    - modes:
        check: '0755'
        load-users: '0755'
        admin: '0600'
    - secret: [users.acl, admin]
    - require:
      - pkg: valkey_packages

valkey_running:
  daemon.running:
    - name: valkey-server.service
    - config:
      - /etc/titanicarus/valkey/users.acl
    - at_start:
      - /etc/titanicarus/valkey/valkey.conf
      - /etc/systemd/system/valkey-server.service.d
    - require:
      - config_set: valkey_config
      - file: valkey_unit
