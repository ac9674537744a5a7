# A Salt master with the state tree on its own disk.
include:
  - salt_master
