# A Salt master with the state tree on its own disk, the desk where blank machines show their tickets, and what renews
# certificates.
include:
  - salt_master
  - joins
  - renewal
