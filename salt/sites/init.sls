# Users, folders and contents of every site, in one state however many there are.
sites_files:
  web_sites.managed:
    - name: /srv/www
    - source: salt://content
