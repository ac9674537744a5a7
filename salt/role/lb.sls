# HAProxy in front of everything, keepalived to hold the island's addresses.
include:
  - haproxy
  - keepalived
