# A host cannot look at its parts. What is to be done about it, the guard decides (docs/healing.md).
part_unknown:
  runner.heal.event:
    - args:
        - tag: {{ tag | tojson }}
        - data: {{ data | tojson | tojson }}
