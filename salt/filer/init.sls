# GlusterFS's own daemon, which starts the bricks of this host. Debian's unit stays off: it would begin before there are
# certificates, and take the bricks down with it.
filer_debian_unit:
  file.symlink:
    - name: /etc/systemd/system/glusterd.service
    - target: /dev/null

filer_packages:
  pkg.installed:
    - name: glusterfs-server
    - refresh: False
    - require:
      - file: filer_debian_unit

filer_config:
  config_set.managed:
    - name: /etc/titanicarus/glusterd
    - source: salt://filer/files
    - check: ['{dir}/check', '{dir}']
    - modes:
        check: '0755'
    - require:
      - pkg: filer_packages
      - diversion: files_no_geo_replication

filer_bricks:
  file.directory:
    - name: /srv/bricks
    - mode: '0700'

filer_unit:
  file.managed:
    - name: /etc/systemd/system/titanicarus-glusterd.service
    - source: salt://filer/titanicarus-glusterd.service

filer_running:
  daemon.running:
    - name: titanicarus-glusterd.service
    - at_start:
      - /etc/systemd/system/titanicarus-glusterd.service
      - /etc/titanicarus/glusterd/glusterd.vol
    - require:
      - config_set: filer_config
      - file: filer_bricks
      - file: filer_unit
      - file: files_certificate
      - file: files_secure_access
      - config_set: files_config
      - library: library_release
