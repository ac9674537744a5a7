# People and groups: OpenLDAP, one of several servers that all have the same.
include:
  - directory
