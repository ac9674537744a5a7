# Tenants' sites: files and users, the session store, PHP, nginx.
include:
  - trust.store
  - sites
  - valkey
  - php
  - nginx
