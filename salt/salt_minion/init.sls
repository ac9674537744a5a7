# The minion's own configuration. A restart ends no job: the unit stops only the parent process.
salt_minion_config:
  file.managed:
    - name: /etc/salt/minion
    - contents: {{ salt['salt_config.text']('minion') | json }}
    - mode: '0644'

salt_minion_restart:
  cmd.run:
    - name: systemctl --no-block restart salt-minion.service
    - order: last
    - onchanges:
      - file: salt_minion_config
