# A unit of a host ends again and again. What is to be done about it, the guard decides (docs/healing.md).
unit_failing:
  runner.heal.event:
    - args:
        - tag: {{ tag | tojson }}
        - data: {{ data | tojson | tojson }}
