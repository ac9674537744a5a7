# The master's own configuration; trees, pillars and keys come by push.
salt_master_packages:
  pkg.installed:
    - name: git
    - refresh: False

salt_master_config:
  file.managed:
    - name: /etc/salt/master
    - contents: {{ salt['salt_config.text']('master') | json }}
    - mode: '0644'

salt_master_running:
  daemon.running:
    - name: salt-master.service

salt_master_restart:
  cmd.run:
    - name: systemctl --no-block restart salt-master.service
    - order: last
    - onchanges:
      - file: salt_master_config
