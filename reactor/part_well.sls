# A part of a host is well again. What is to be done about it, the guard decides (docs/healing.md).
part_well:
  runner.heal.event:
    - args:
        - tag: {{ tag | tojson }}
        - data: {{ data | tojson | tojson }}
