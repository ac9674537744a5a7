# A control host sees nobody: unknown is not lost. What is to be done about it, the guard decides (docs/healing.md).
host_unknown:
  runner.heal.event:
    - args:
        - tag: {{ tag | tojson }}
        - data: {{ data | tojson | tojson }}
