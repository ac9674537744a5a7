# MariaDB under leases: the gates first, then the keeper, which says who may write.
include:
  - gate
  - keeper
