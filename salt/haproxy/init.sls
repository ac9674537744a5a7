# HAProxy: one frontend for every site of the fleet; backends for the island's web servers and for each other island.
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

# "/" while a flag is up; each shard's writer. Read at start; whoever changes one tells the running HAProxy too.
haproxy_flags:
  file.managed:
    - names:
      - /var/lib/titanicarus/drained/haproxy.acl
      - /var/lib/titanicarus/drained/island.acl
      - /var/lib/titanicarus/keeper/held.acl
      - /var/lib/titanicarus/keeper/writers.map
    - replace: False
    - contents: ''
    - makedirs: True

haproxy_config:
  config_set.managed:
    - name: /etc/titanicarus/haproxy
    - source: salt://haproxy/files
    - check: [/usr/sbin/haproxy, -c, -f, '{dir}/haproxy.cfg']
    - settled: {'certificates/*.*.pem': haproxy.cfg}  # not default.pem, which haproxy.cfg names
    - pillar_files:
        certificates:
          pillar: lb:certificates
          suffix: .pem
        identity:
          pillar: lb:identity
          suffix: .pem
    - modes: {'certificates/*': '0600', 'identity/*': '0600'}
    - secret: ['certificates/*', 'identity/*']
    - require: [{pkg: haproxy_packages}, {file: haproxy_flags}]

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
