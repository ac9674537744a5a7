# A part of a host is ill, and was for a while. What is to be done about it, the guard decides (docs/healing.md).
part_ill:
  runner.heal.event:
    - args:
        - tag: {{ tag | tojson }}
        - data: {{ data | tojson | tojson }}
