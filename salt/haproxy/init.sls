# HAProxy: one frontend for every site of the fleet, one backend for the island's web servers.
haproxy_packages:
  pkg.installed:
    - pkgs: [haproxy, socat]
    - refresh: False

haproxy_unit:
  file.managed:
    - name: /etc/systemd/system/haproxy.service.d/titanicarus.conf
    - source: salt://haproxy/unit.conf
    - makedirs: True

haproxy_reload:
  file.managed:
    - name: /usr/local/lib/titanicarus/reload-haproxy
    - source: salt://haproxy/reload-haproxy
    - mode: '0755'
    - makedirs: True

haproxy_drained:
  file.managed:
    - name: /var/lib/titanicarus/drained/haproxy.acl
    - replace: False
    - contents: ''
    - makedirs: True

haproxy_config:
  config_set.managed:
    - name: /etc/titanicarus/haproxy
    - source: salt://haproxy/files
    - check: [/usr/sbin/haproxy, -c, -f, '{dir}/haproxy.cfg']
    - pillar_files:
        certificates:
          pillar: lb:certificates
          suffix: .pem
    - modes:
        'certificates/*': '0600'
    - secret: ['certificates/*']
    - require:
      - pkg: haproxy_packages
      - file: haproxy_drained

haproxy_running:
  daemon.running:
    - name: haproxy.service
    - config:
      - /etc/titanicarus/haproxy
    - at_start:
      - /etc/systemd/system/haproxy.service.d
    - require:
      - config_set: haproxy_config
      - file: haproxy_unit
      - file: haproxy_reload
