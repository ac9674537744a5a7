# SSH for people and operators: keys from the directory, host certificates, no passwords. Debian's units stay off, and so
# does what systemd makes by itself when it finds sshd: sockets with Debian's configuration behind them.
ssh_debian_units:
  file.symlink:
    - names:
      - /etc/systemd/system/ssh.service
      - /etc/systemd/system/ssh.socket
      - /etc/systemd/system-generators/systemd-ssh-generator
    - target: /dev/null
    - makedirs: True

ssh_packages:
  pkg.installed:
    - pkgs: [openssh-server, openssh-client]
    - refresh: False
    - require:
      - file: ssh_debian_units

ssh_config:
  config_set.managed:
    - name: /etc/titanicarus/ssh
    - source: salt://ssh/files
    - check: ['{dir}/check', '{dir}']
    - pillar_files:
        revoked:
          pillar: ssh:revoked
          base64: True
    - modes: {check: '0755', host_key: '0600'}
    - secret: [host_key, 'revoked/*']
    - require:
      - pkg: ssh_packages

ssh_client:
  file.symlink:
    - names:
      - /etc/ssh/ssh_known_hosts:
        - target: /etc/titanicarus/ssh/known_hosts
      - /etc/ssh/ssh_config.d/titanicarus.conf:
        - target: /etc/titanicarus/ssh/client.conf
    - require:
      - config_set: ssh_config

ssh_files:
  file.managed:
    - names:
      - /etc/pam.d/titanicarus-ssh:
        - source: salt://ssh/pam
      - /etc/systemd/system/titanicarus-ssh.service:
        - source: salt://ssh/titanicarus-ssh.service

ssh_running:
  daemon.running:
    - name: titanicarus-ssh.service
    - config: [/etc/titanicarus/ssh]
    - at_start: [/etc/systemd/system/titanicarus-ssh.service]
    - require:
      - config_set: ssh_config
      - file: ssh_files
