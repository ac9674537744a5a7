# The island's way out: keepalived to hold the gateway addresses, and the tunnels to the other islands.
include:
  - gateway
  - conntrackd
  - keepalived
