# Files of people by SFTP: an sshd that can do nothing else, behind the island's load balancers.
sftp_config:
  config_set.managed:
    - name: /etc/titanicarus/sftp
    - source: salt://sftp/files
    - check: ['{dir}/check', '{dir}']
    - modes: {check: '0755', keys_of: '0755', host_key: '0600'}
    - secret: [host_key]
    - require:
      - config_set: ssh_config

sftp_pam:
  file.symlink:
    - name: /etc/pam.d/titanicarus-sftp
    - target: /etc/titanicarus/sftp/pam
    - require:
      - config_set: sftp_config

sftp_unit:
  file.managed:
    - name: /etc/systemd/system/titanicarus-sftp.service
    - source: salt://sftp/titanicarus-sftp.service

sftp_running:
  daemon.running:
    - name: titanicarus-sftp.service
    - config: [/etc/titanicarus/sftp]
    - at_start: [/etc/systemd/system/titanicarus-sftp.service]
    - require:
      - config_set: sftp_config
      - file: sftp_pam
      - file: sftp_unit
