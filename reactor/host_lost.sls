# A host or an island gives no answer to a control host. What is to be done about it, the guard decides (docs/healing.md).
host_lost:
  runner.heal.event:
    - args:
        - tag: {{ tag | tojson }}
        - data: {{ data | tojson | tojson }}
