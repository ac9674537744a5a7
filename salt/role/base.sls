# What every host of the fleet has.
include:
  - library
  - base
  - names
  - trust
  - nftables
  - salt_minion
{% if pillar.files is defined %}
  - files
{% endif %}
