# keepalived: the island's public and LAN address are on one load balancer, and on the other within a second.
keepalived_packages:
  pkg.installed:
    - name: keepalived
    - refresh: False

keepalived_script_user:
  user.present:
    - name: keepalived_script
    - system: True
    - createhome: False
    - home: /nonexistent
    - shell: /usr/sbin/nologin

keepalived_check:
  file.managed:
    - name: /usr/local/lib/titanicarus/check-haproxy
    - source: salt://keepalived/check-haproxy
    - mode: '0755'
    - makedirs: True

keepalived_drained:
  file.managed:
    - name: /var/lib/titanicarus/drained/keepalived
    - replace: False
    - contents: '0'
    - makedirs: True

keepalived_unit:
  file.managed:
    - name: /etc/systemd/system/keepalived.service.d/titanicarus.conf
    - source: salt://keepalived/unit.conf
    - makedirs: True

keepalived_config:
  config_set.managed:
    - name: /etc/titanicarus/keepalived
    - source: salt://keepalived/files
    - check: [/usr/sbin/keepalived, --config-test, --use-file, '{dir}/keepalived.conf']
    - require:
      - pkg: keepalived_packages
      - user: keepalived_script_user
      - file: keepalived_check

keepalived_running:
  daemon.running:
    - name: keepalived.service
    - config:
      - /etc/titanicarus/keepalived
    - at_start:
      - /etc/systemd/system/keepalived.service.d
    - require:
      - config_set: keepalived_config
      - file: keepalived_unit
      - file: keepalived_drained
