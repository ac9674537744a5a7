# Tenants' sites: files and users, the session store, PHP, nginx.
include:
  - trust_store
  - sites
  - valkey
  - php
  - wordpress
  - nginx
{% if pillar.sftp is defined %}
  - sftp
{% endif %}
