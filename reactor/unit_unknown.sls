# A host could not look at its units: unknown is not down. What is to be done about it, the guard decides (docs/healing.md).
unit_unknown:
  runner.heal.event:
    - args:
        - tag: {{ tag | tojson }}
        - data: {{ data | tojson | tojson }}
