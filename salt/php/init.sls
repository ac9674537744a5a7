# PHP-FPM: one pool and one Unix user for each site that has PHP.
php_packages:
  pkg.installed:
    - pkgs:
      - php8.4-fpm
      - php8.4-gd
      - php8.4-opcache
      - php-redis
    - refresh: False

php_unit:
  file.managed:
    - name: /etc/systemd/system/php8.4-fpm.service.d/titanicarus.conf
    - source: salt://php/unit.conf
    - makedirs: True

php_config:
  config_set.managed:
    - name: /etc/titanicarus/php
    - source: salt://php/files
    - check: [/usr/sbin/php-fpm8.4, --test, --php-ini, '{dir}/php.ini', --fpm-config, '{dir}/php-fpm.conf']
    - modes:
        php-fpm.conf: '0600'
    - secret: [php-fpm.conf]
    - require:
      - pkg: php_packages
      - web_sites: sites_files

php_running:
  daemon.running:
    - name: php8.4-fpm.service
    - config:
      - /etc/titanicarus/php
    - at_start:
      - /etc/systemd/system/php8.4-fpm.service.d
    - require:
      - config_set: php_config
      - file: php_unit
