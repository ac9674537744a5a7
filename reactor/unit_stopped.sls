# A unit that a host should run is stopped. What is to be done about it, the guard decides (docs/healing.md).
unit_stopped:
  runner.heal.event:
    - args:
        - tag: {{ tag | tojson }}
        - data: {{ data | tojson | tojson }}
