# A Salt master with the state tree on its own disk, the desk where blank machines show their tickets, what renews
# certificates, what tells people, and what brings islands back.
include:
  - salt_master
  - joins
  - renewal
  - ledger
