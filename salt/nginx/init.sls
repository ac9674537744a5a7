# nginx: one server for each site, on the LAN, behind the load balancers; and one behind it for what is uploaded.
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
    - check: ['{dir}/check', '{dir}']
    - modes: {check: '0755'}
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

nginx_uploads_unit:
  file.managed:
    - name: /etc/systemd/system/titanicarus-uploads.service
    - source: salt://nginx/titanicarus-uploads.service

nginx_uploads_running:
  daemon.running:
    - name: titanicarus-uploads.service
    - config:
      - /etc/titanicarus/nginx
    - at_start:
      - /etc/systemd/system/titanicarus-uploads.service
    - require:
      - config_set: nginx_config
      - file: nginx_uploads_unit
      - daemon: php_running
