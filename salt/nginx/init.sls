# nginx: one server for each site, on the LAN, behind the load balancers.
nginx_packages:
  pkg.installed:
    - name: nginx
    - refresh: False

nginx_unit:
  file.managed:
    - name: /etc/systemd/system/nginx.service.d/titanicarus.conf
    - source: salt://nginx/unit.conf
    - makedirs: True

nginx_drained:
  file.directory:
    - name: /var/lib/titanicarus/drained
    - makedirs: True

nginx_config:
  config_set.managed:
    - name: /etc/titanicarus/nginx
    - source: salt://nginx/files
    - check: [/usr/sbin/nginx, -t, -q, -c, '{dir}/nginx.conf']
    - require:
      - pkg: nginx_packages

nginx_running:
  daemon.running:
    - name: nginx.service
    - config:
      - /etc/titanicarus/nginx
    - at_start:
      - /etc/systemd/system/nginx.service.d
    - require:
      - config_set: nginx_config
      - file: nginx_unit
      - file: nginx_drained
      - daemon: php_running
      - web_sites: sites_files
