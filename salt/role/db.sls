# MariaDB under leases: the gates first, then the instances, and the keeper, which says who may write.
include:
  - gate
  - mariadb
  - keeper
  - backup
