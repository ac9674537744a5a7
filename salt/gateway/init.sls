# The island's way out and its tunnels: the same on the firewall and on the load balancers that stand by for it. Which of
# them has the addresses is keepalived's to say; it runs `gateway master` and `gateway standby`.
gateway_packages:
  pkg.installed:
    - pkgs: [wireguard-tools, wireguard-go]
    - refresh: False

gateway_scripts:
  file.managed:
    - names:
      - /usr/local/lib/titanicarus/gateway:
        - source: salt://gateway/gateway
      - /usr/local/lib/titanicarus/tunnels:
        - source: salt://gateway/tunnels
    - mode: '0755'
    - makedirs: True

gateway_config:
  config_set.managed:
    - name: /etc/titanicarus/gateway
    - source: salt://gateway/files
    - modes: {master.conf: '0600'}
    - secret: [master.conf]
    - check: [/usr/local/lib/titanicarus/gateway, check, '{dir}']
    - require:
      - pkg: gateway_packages
      - file: gateway_scripts

gateway_unit:
  file.managed:
    - name: /etc/systemd/system/titanicarus-tunnels.service
    - source: salt://gateway/titanicarus-tunnels.service

gateway_running:
  daemon.running:
    - name: titanicarus-tunnels.service
    - config:
      - /etc/titanicarus/gateway
    - at_start:
      - /etc/systemd/system/titanicarus-tunnels.service
    - require:
      - config_set: gateway_config
      - file: gateway_unit
