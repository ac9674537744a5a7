# Roles come from the pillar, which the masters compute from the minion id: a host cannot choose its own.
base:
  '*':
{% for role in pillar['roles'] %}
    - role.{{ role }}
{% endfor %}
