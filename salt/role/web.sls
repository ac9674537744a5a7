# Tenants' sites: files and users, the session store, PHP, nginx.
include:
  - sites
  - valkey
  - php
  - nginx
