# Where blank machines that take the place of hosts show their tickets: a socket; nothing runs until somebody comes.
joins_units:
  file.managed:
    - names:
      - /etc/systemd/system/titanicarus-joins.socket:
        - source: salt://joins/socket.j2
        - template: jinja
      - /etc/systemd/system/titanicarus-joins@.service:
        - source: salt://joins/titanicarus-joins@.service

joins_running:
  daemon.running:
    - name: titanicarus-joins.socket
    - at_start:
      - /etc/systemd/system/titanicarus-joins.socket
    - require:
      - file: joins_units
