# A Salt master with the state tree on its own disk, the desk where blank machines show their tickets, what renews
# certificates, and what tells people.
include:
  - salt_master
  - joins
  - renewal
  - notify
