# Certificates get a successor long before they end: a timer, on each control host.
renewal_units:
  file.recurse:
    - name: /etc/systemd/system
    - source: salt://renewal/units

renewal_running:
  daemon.running:
    - name: titanicarus-renewal.timer
    - at_start:
      - /etc/systemd/system/titanicarus-renewal.timer
    - require:
      - file: renewal_units
      - library: library_release
