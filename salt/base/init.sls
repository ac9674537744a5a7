# The platform's own folder, the limits of the journal, priorities that count: a host has little that is not its role's.
base_state_folder:
  file.directory:
    - name: /var/lib/titanicarus
    - mode: '0755'

base_journald:
  file.managed:
    - name: /etc/systemd/journald.conf.d/50-titanicarus.conf
    - source: salt://base/journald.conf
    - makedirs: True

base_journald_restart:
  cmd.run:
    - name: systemctl --no-block try-restart systemd-journald.service
    - onchanges:
      - file: base_journald

base_scheduling:
  file.managed:
    - name: /etc/sysctl.d/60-titanicarus-scheduling.conf
    - source: salt://base/scheduling.conf

base_scheduling_now:
  cmd.run:
    - name: sysctl --quiet --load=/etc/sysctl.d/60-titanicarus-scheduling.conf
    - onchanges:
      - file: base_scheduling
