# A unit of which something was wrong runs again. What is to be done about it, the guard decides (docs/healing.md).
unit_well:
  runner.heal.event:
    - args:
        - tag: {{ tag | tojson }}
        - data: {{ data | tojson | tojson }}
