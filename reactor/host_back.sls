# A host or an island that gave no answer is back. What is to be done about it, the guard decides (docs/healing.md).
host_back:
  runner.heal.event:
    - args:
        - tag: {{ tag | tojson }}
        - data: {{ data | tojson | tojson }}
