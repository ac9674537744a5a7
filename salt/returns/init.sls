# While an island is out, its return is looked after: titanicarus.heal.returns.
returns_units:
  file.recurse:
    - name: /etc/systemd/system
    - source: salt://returns/units

returns_running:
  daemon.running:
    - name: titanicarus-returns.path
    - at_start:
      - /etc/systemd/system/titanicarus-returns.path
    - require:
      - file: returns_units
      - library: library_release
