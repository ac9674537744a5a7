# MariaDB under leases: the gates first, then the instances, the keeper, which says who may write, and what tenants have.
include:
  - gate
  - mariadb
  - keeper
  - backup
  - tenant_databases
