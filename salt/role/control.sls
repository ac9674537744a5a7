# A Salt master with the state tree on its own disk, and the desk where blank machines show their tickets.
include:
  - salt_master
  - joins
