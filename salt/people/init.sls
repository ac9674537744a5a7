# Everybody in the directory can sign in: SSSD with a configuration and a unit of our own; Debian's unit stays off.
people_debian_unit:
  file.symlink:
    - name: /etc/systemd/system/sssd.service
    - target: /dev/null

people_packages:
  pkg.installed:
    - pkgs: [sssd-ldap, sssd-tools, libnss-sss, libpam-sss, sudo]
    - refresh: False
    - require:
      - file: people_debian_unit

people_config:
  config_set.managed:
    - name: /etc/titanicarus/people
    - source: salt://people/files
    - check: ['{dir}/check', '{dir}']
    - mode: '0600'
    - modes: {check: '0755', sudoers: '0440'}
    - require:
      - pkg: people_packages

people_files:
  file.managed:
    - names:
      - /etc/nsswitch.conf:
        - source: salt://people/nsswitch.conf
      - /etc/systemd/system/titanicarus-people.service:
        - source: salt://people/titanicarus-people.service
{%- for kind in ['account', 'auth', 'password', 'session', 'session-noninteractive'] %}
      - /etc/pam.d/common-{{ kind }}:
        - source: salt://people/common-{{ kind }}
{%- endfor %}
    - require:
      - pkg: people_packages

people_operators:
  file.symlink:
    - name: /etc/sudoers.d/titanicarus
    - target: /etc/titanicarus/people/sudoers
    - require:
      - config_set: people_config

people_homes:
  file.directory:
    - names: {{ pillar.people.homes | json }}

# It reads its file at its start only. While it starts anew, look-ups are answered from its table in memory.
people_restart:
  cmd.run:
    - name: systemctl try-restart titanicarus-people.service
    - onchanges:
      - config_set: people_config

people_running:
  daemon.running:
    - name: titanicarus-people.service
    - at_start: [/etc/titanicarus/people/sssd.conf, /etc/systemd/system/titanicarus-people.service]
    - require: [{file: people_files}, {file: trust_key}, {cmd: people_restart}]
