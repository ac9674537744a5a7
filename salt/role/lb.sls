# HAProxy in front of everything, keepalived to hold the island's addresses, the keeper to say whether users should come.
include:
  - haproxy
  - gateway
  - conntrackd
  - keepalived
  - keeper
