# Mirrored files: what every host needs that keeps or mounts them. The service mounts, tries and repairs; and it tends bricks.
files_packages:
  pkg.installed:
    - name: glusterfs-client
    - refresh: False

# Unused, and every `gluster` command would begin by asking it, in Python (docs/adr/0092-less-work-at-rest.md).
files_no_geo_replication:
  diversion.set_aside:
    - name: glusterfs-common
    - ending: /glusterfs/gsyncd
    - require:
      - pkg: files_packages

files_certificate:
  file.symlink:
    - names:
{%- for name, target in {'glusterfs.pem': 'host.crt', 'glusterfs.key': 'host.key', 'glusterfs.ca': 'root.crt'}.items() %}
      - /etc/ssl/{{ name }}:
        - target: /etc/titanicarus/pki/{{ target }}
{%- endfor %}
    - force: True

# GlusterFS speaks TLS with glusterds, too, where this file is.
files_secure_access:
  file.managed:
    - name: /var/lib/glusterd/secure-access
    - source: salt://files/secure-access
    - makedirs: True
    - require:
      - pkg: files_packages

files_config:
  config_set.managed:
    - name: /etc/titanicarus/files
    - source: salt://files/files
    - check: [/opt/salt/bin/python, -m, titanicarus.volumes, check, '{dir}/files.json']

files_units:
  file.managed:
    - names:
{%- for unit in ['titanicarus-files', 'titanicarus-mount@'] %}
      - /etc/systemd/system/{{ unit }}.service:
        - source: salt://files/{{ unit }}.service
{%- endfor %}

files_running:
  daemon.running:
    - name: titanicarus-files.service
    - config:
      - /etc/titanicarus/files
    - at_start:
      - /etc/systemd/system/titanicarus-files.service
    - require:
      - file: files_certificate
      - file: files_secure_access
      - diversion: files_no_geo_replication
      - config_set: files_config
      - file: files_units
      - library: library_release
