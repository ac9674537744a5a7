# Whoever the policy names is told when a person has to look: as soon as the ledger says so, and what was left now and then.
notify_units:
  file.recurse:
    - name: /etc/systemd/system
    - source: salt://notify/units

# The timer brings the path with it.
notify_running:
  daemon.running:
    - name: titanicarus-notify.timer
    - at_start:
      - /etc/systemd/system/titanicarus-notify.timer
    - require:
      - file: notify_units
      - library: library_release
