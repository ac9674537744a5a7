# Certificates get a successor long before they end: a timer, on each control host.
renewal_units:
  file.managed:
    - names:
      - /etc/systemd/system/titanicarus-renewal.service:
        - source: salt://renewal/titanicarus-renewal.service
      - /etc/systemd/system/titanicarus-renewal.timer:
        - source: salt://renewal/titanicarus-renewal.timer

renewal_running:
  daemon.running:
    - name: titanicarus-renewal.timer
    - at_start:
      - /etc/systemd/system/titanicarus-renewal.timer
    - require:
      - file: renewal_units
      - library: library_release
