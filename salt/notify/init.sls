# Whoever the policy names is told when a person has to look: as soon as the ledger says so, and after a boot.
notify_units:
  file.managed:
    - names:
      - /etc/systemd/system/titanicarus-notify.service:
        - source: salt://notify/titanicarus-notify.service
      - /etc/systemd/system/titanicarus-notify.path:
        - source: salt://notify/titanicarus-notify.path

notify_running:
  daemon.running:
    - name: titanicarus-notify.path
    - at_start:
      - /etc/systemd/system/titanicarus-notify.path
    - require:
      - file: notify_units
      - library: library_release

notify_at_boot:
  service.enabled:
    - name: titanicarus-notify.service
    - require:
      - daemon: notify_running
