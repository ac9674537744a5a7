# WordPress: Debian's code for all sites that have `app: wordpress`, a configuration for each, its first installation.
wordpress_packages:
  pkg.installed:
    - pkgs:
      - wordpress
      - wordpress-theme-twentytwentyfive
    - refresh: False

wordpress_config:
  config_set.managed:
    - name: /etc/wordpress
    - source: salt://wordpress/files
    - files_from: wordpress.files
    - check: [/usr/bin/find, '{dir}', -name, '*.php', -exec, /usr/bin/php8.4, -l, '{}', +]
    - modes:
        config-*.php: '0640'
        titanicarus/sites.json: '0600'
    - secret: ['config-*.php', titanicarus/sites.json]
    - require:
      - pkg: wordpress_packages
      - web_sites: sites_files
{% for name in ('db.php', 'db-error.php') %}

wordpress_content_{{ name | replace('.php', '') | replace('-', '_') }}:
  file.symlink:
    - name: /var/lib/wordpress/wp-content/{{ name }}
    - target: /etc/wordpress/titanicarus/{{ name }}
    - require:
      - pkg: wordpress_packages
{% endfor %}

wordpress_unit:
  file.managed:
    - name: /etc/systemd/system/titanicarus-wordpress.service
    - source: salt://wordpress/titanicarus-wordpress.service

wordpress_installed:
  wordpress.installed:
    - name: sites
    - require:
      - config_set: wordpress_config
      - file: wordpress_unit
      - daemon: php_running
