# OpenLDAP with a configuration and a unit of our own; Debian's stay off. The keeper says who writes.
directory_debian_unit:
  file.symlink:
    - name: /etc/systemd/system/slapd.service
    - target: /dev/null

directory_packages:
  pkg.installed:
    - pkgs: [slapd, ldap-utils]
    - refresh: False
    - require:
      - file: directory_debian_unit

directory_config:
  config_set.managed:
    - name: /etc/titanicarus/directory
    - source: salt://directory/files
    - check: ['{dir}/check', '{dir}']
    - modes:
        check: '0755'
    - require:
      - pkg: directory_packages
      - library: library_release

directory_units:
  file.managed:
    - names:
{%- for unit in ['directory.service', 'directory-check.service', 'directory-check.timer'] %}
      - /etc/systemd/system/titanicarus-{{ unit }}:
        - source: salt://directory/titanicarus-{{ unit }}
{%- endfor %}

directory_running:
  daemon.running:
    - name: titanicarus-directory.service
    - config: [/etc/titanicarus/directory, /etc/titanicarus/pki]
    - at_start:
      - /etc/systemd/system/titanicarus-directory.service
      - /etc/titanicarus/directory/titanicarus.schema
    - require:
      - config_set: directory_config
      - file: directory_units
      - file: trust_key

directory_check:
  daemon.running:
    - name: titanicarus-directory-check.timer
    - at_start: [/etc/systemd/system/titanicarus-directory-check.timer]
    - require:
      - daemon: directory_running

directory_people:
  directory.managed:
    - name: people
    - patience: 90
    - require:
      - daemon: directory_running
      - daemon: keeper_running
