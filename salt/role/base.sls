# What every host of the fleet has.
include:
  - library
  - base
  - names
  - trust
  - nftables
  - salt_minion
  - ssh
{% if pillar.people is defined %}
  - people
{% endif %}
{% if pillar.files is defined %}
  - files
{% endif %}
